#include "readable_sql.hpp"

#include <gmock/gmock.h>

namespace sluice::denorm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ReadableSqlTest, ClausesBeginLinesAndListsHaveALineForEachMember) {
  EXPECT_EQ(readable_sql("SELECT a, b FROM t JOIN u ON u.id = t.id WHERE a = 1 ORDER BY b LIMIT 5"),
            "SELECT a,\n  b\nFROM t\nJOIN u ON u.id = t.id\nWHERE a = 1\nORDER BY b\nLIMIT 5");
}

TEST(ReadableSqlTest, SubqueriesAreIndented) {
  EXPECT_EQ(readable_sql("SELECT a, (SELECT b FROM u) AS b FROM t"),
            "SELECT a,\n  (\n    SELECT b\n    FROM u\n  ) AS b\nFROM t");
  EXPECT_EQ(readable_sql("SELECT 1 UNION ALL (SELECT 2)"), "SELECT 1\nUNION ALL (\n  SELECT 2\n)");
}

TEST(ReadableSqlTest, FunctionsStayOnOneLine) {
  EXPECT_EQ(readable_sql("SELECT extract(year FROM d), f(a, b)"),
            "SELECT extract(year FROM d),\n  f(a, b)");
  EXPECT_EQ(readable_sql("SELECT * FROM unnest($1::int[]) WITH ORDINALITY AS u(a, b)"),
            "SELECT *\nFROM unnest($1::int[]) WITH ORDINALITY AS u(a, b)");
}

TEST(ReadableSqlTest, WhatIsQuotedStaysAsItIs) {
  for (const char* quoted : {"'a, b FROM  c'", "\"select  from\"", "E'it\\'s  FROM'",
                             "$$x  FROM y$$", "$t$ a $$ FROM  b $t$", "'it''s  FROM'"}) {
    EXPECT_EQ(readable_sql(std::string("SELECT ") + quoted), std::string("SELECT ") + quoted);
  }
}

TEST(ReadableSqlTest, ALineCommentEndsItsLine) {
  EXPECT_EQ(readable_sql("SELECT a -- FROM b\n+ 1 FROM t"), "SELECT a -- FROM b\n+ 1\nFROM t");
}

TEST(ReadableSqlTest, BrokenSqlIsNoDanger) {
  for (const char* broken : {"", ")", "))) SELECT", "SELECT (", "'open", "$tag$ open", "/* open",
                             "-- open", "E'\\", "$", "SELECT ((SELECT"}) {
    EXPECT_THAT(readable_sql(broken), Not(HasSubstr("\n\n"))) << broken;
  }
}

}  // namespace
}  // namespace sluice::denorm
