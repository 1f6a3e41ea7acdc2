#include "used_columns.hpp"

#include <gmock/gmock.h>

#include "sample_catalog.hpp"

namespace sluice::denorm {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;

std::optional<std::vector<std::string>> read(const std::string& sql) {
  CatalogTable table;
  for (const char* name : {"id", "price", "Size", "two words", "größe"}) {
    table.columns.push_back({name, "text"});
  }
  return columns_read(sql, "goods", table);
}

TEST(UsedColumnsTest, AnExpressionReadsTheColumnsThatItNames) {
  EXPECT_THAT(read("lower('x') || 5"), Optional(IsEmpty()));
  EXPECT_THAT(read("Price + goods.ID"), Optional(ElementsAre("id", "price")));
  EXPECT_THAT(read("goods.\"Size\""), Optional(ElementsAre("Size")));
  EXPECT_THAT(read("\"goods\" . \"two words\""), Optional(ElementsAre("two words")));
  EXPECT_THAT(read("größe > 3"), Optional(ElementsAre("größe")));
  EXPECT_THAT(read("priced + my_price + id2"), Optional(IsEmpty())) << "whole words only";
}

TEST(UsedColumnsTest, WordsInLiteralsCountToo) {
  EXPECT_THAT(read("'say \" it' || id || 'and \" price'"), Optional(ElementsAre("id", "price")));
}

TEST(UsedColumnsTest, AStarMeansAllColumnsUnlessItMultipliesOrCounts) {
  for (const char* sql : {"(SELECT x FROM (SELECT * FROM t) y)", "to_jsonb(goods.*)",
                          "(SELECT a, * FROM t)", "(SELECT DISTINCT ON (id) * FROM t)",
                          "(SELECT ALL * FROM t)", "(SELECT /* all */ * FROM t)", "row(goods.*)"}) {
    EXPECT_EQ(read(sql), std::nullopt) << sql;
  }
  EXPECT_THAT(read("price * 2"), Optional(ElementsAre("price")));
  EXPECT_THAT(read("(price + 1) * (id) * -1"), Optional(ElementsAre("id", "price")));
  EXPECT_THAT(read("(SELECT count(*) FROM t WHERE t.g = id)"), Optional(ElementsAre("id")));
  EXPECT_THAT(read("(SELECT count( * ) FROM t)"), Optional(IsEmpty()));
}

TEST(UsedColumnsTest, TheRowByItselfMeansAllColumns) {
  for (const char* sql :
       {"to_jsonb(goods)", "(goods).id", "goods IS NULL", "\"goods\" IS NULL", "goods.full_name",
        "goods.xmin", "ROW(1) IS DISTINCT FROM goods", "(SELECT 1 FROM t, goods)",
        "(SELECT 1 FROM t NATURAL JOIN u)", "U&\"pr\\0069ce\""}) {
    EXPECT_EQ(read(sql), std::nullopt) << sql;
  }
}

TEST(UsedColumnsTest, ATableOfTheSameNameIsNotTheRow) {
  EXPECT_THAT(read("(SELECT max(g.price) FROM goods g)"), Optional(ElementsAre("price")));
  EXPECT_EQ(read("(SELECT 1 FROM t JOIN public.goods USING (id))"), std::nullopt) << "too many";
  EXPECT_THAT(read("(SELECT 1 FROM t JOIN goods USING (id))"), Optional(ElementsAre("id")));
}

TEST(UsedColumnsTest, ExpressionsOfTheTablesBelowCount) {
  const Catalog catalog = sample_catalog();
  const Node root = sample_tree(R"json({"table":"articles","columns":["id"],"children":[
      {"table":"talk.comments","name":"comments","columns":["id",
        {"sql":"articles.score * 2","as":"s"}], "where": "parent_id IS NULL"},
      {"table":"tags","columns":["label"],"through":{"table":"article_tags",
        "where":"article_tags.position > 0 AND tags.label <> title"}}]})json");
  EXPECT_THAT(used_columns(root, catalog),
              Optional(testing::IsSupersetOf({"id", "score", "title"})));
  EXPECT_THAT(used_columns(root, catalog), Optional(Not(Contains("published"))));
  EXPECT_THAT(used_columns(root.children[0], catalog), Optional(Contains("parent_id")));
  EXPECT_THAT(used_columns(root.children[0], catalog), Optional(Not(Contains("body"))));
  EXPECT_THAT(used_junction_columns(root.children[1], catalog), Optional(Contains("position")));
}

TEST(UsedColumnsTest, AWatchedTableSaysItself) {
  const Catalog catalog = sample_catalog();
  const Node root = sample_tree(R"({"table":"articles","columns":["id"],"watch":[
      {"table":"authors","on":{"id":"author_id"},"columns":["name"]},
      {"table":"talk.comments"}]})");
  EXPECT_THAT(used_columns(root.watch[0], catalog), Optional(ElementsAre("name", "id")));
  EXPECT_EQ(used_columns(root.watch[1], catalog), std::nullopt);
  EXPECT_THAT(used_columns(root, catalog), Optional(Contains("author_id")))
      << "by which the watched row is found";
}

}  // namespace
}  // namespace sluice::denorm
