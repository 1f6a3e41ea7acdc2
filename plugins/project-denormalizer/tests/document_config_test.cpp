#include "document_config.hpp"

#include <gmock/gmock.h>

#include "problem.hpp"

namespace sluice::denorm {
namespace {

using ::testing::HasSubstr;

Node parse(const char* json) {
  return parse_document(nlohmann::json::parse(json), "/document");
}

std::string problem_of(const char* json) {
  try {
    parse(json);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(DocumentConfigTest, TableNamesTakeASchema) {
  EXPECT_EQ(parse(R"({"table":"t"})").table, (TableName{"public", "t"}));
  EXPECT_EQ(parse(R"({"table":"s.t"})").table, (TableName{"s", "t"}));
}

TEST(DocumentConfigTest, ColumnsAreNamesColumnsExpressionsOrConstants) {
  const Node root = parse(R"json({"table":"t","columns":["a",{"column":"b","as":"c"},
      {"sql":"lower(d)","as":"d"},{"value":{"x":1},"as":"e"}]
})json");
  ASSERT_EQ(root.fields.size(), 4U);
  EXPECT_EQ(root.fields[0].as, "a");
  EXPECT_EQ(root.fields[1].source, "b");
  EXPECT_EQ(root.fields[1].as, "c");
  EXPECT_EQ(root.fields[2].kind, Field::Kind::kExpression);
  EXPECT_EQ(root.fields[3].kind, Field::Kind::kConstant);
  EXPECT_EQ(root.fields[3].source, R"({"x":1})");
}

TEST(DocumentConfigTest, WithoutColumnsAllAreMeant) {
  EXPECT_EQ(parse(R"({"table":"t"})").others_at, 0U);
  EXPECT_EQ(parse(R"({"table":"t","columns":["a"]})").others_at, std::nullopt);
}

TEST(DocumentConfigTest, AStarInTheListMeansTheOtherColumns) {
  const Node root = parse(R"json({"table":"t","columns":["a","*",{"sql":"1","as":"b"}]})json");
  EXPECT_EQ(root.others_at, 1U);
  ASSERT_EQ(root.fields.size(), 2U);
  EXPECT_EQ(root.fields[1].as, "b");
  EXPECT_EQ(root.fields[1].pointer, "/document/columns/2");
  EXPECT_EQ(parse(R"({"table":"t","columns":[{"column":"*"}]})").fields[0].source, "*")
      << "a column of that name";
}

TEST(DocumentConfigTest, AStarOutOfPlaceIsToldWhereItStands) {
  EXPECT_EQ(problem_of(R"({"table":"t","columns":["*","a","*"]})"),
            "/document/columns/2: the list has \"*\" already");
  EXPECT_THAT(problem_of(R"({"table":"t","children":[{"table":"u","scalar":true,
                  "columns":["*"]}]})"),
              HasSubstr("/document/children/0/columns/0: \"*\" is not for a scalar child"));
  EXPECT_THAT(problem_of(R"({"table":"t","children":[
                  {"table":"u","through":{"table":"j","columns":["a","*"]}}]})"),
              HasSubstr("/document/children/0/through/columns/1: \"*\" is not for a junction"));
  EXPECT_THAT(problem_of(R"({"table":"t","watch":[{"table":"u","columns":["*"]}]})"),
              HasSubstr("/document/watch/0/columns/0: \"*\" is not for a watched table"));
  EXPECT_THAT(problem_of(R"({"table":"t","sql":"SELECT t.id","columns":["*"]})"),
              HasSubstr("/document/sql: a document has either sql, or columns and children"));
}

TEST(DocumentConfigTest, MembersHaveDifferentNames) {
  EXPECT_EQ(problem_of(R"json({"table":"t","columns":["id","*","id",{"sql":"1","as":"u"}],
                "children":[{"table":"u","columns":["x"],
                             "through":{"table":"j","columns":[{"column":"y","as":"x"}]}}]})json"),
            "/document/children/0/through/columns/0: two members are named x\n"
            "/document/columns/2: two members are named id\n"
            "/document/children/0: two members are named u");
}

TEST(DocumentConfigTest, AMembersNameIsOneThatPostgresqlTakesWhole) {
  const auto named = [](std::size_t bytes) {
    const std::string name(bytes, 'n');
    return problem_of((R"({"table":"t","columns":[{"column":"a","as":")" + name + "\"}]}").c_str());
  };
  EXPECT_EQ(named(63), "");
  EXPECT_THAT(named(64), testing::MatchesRegex("/document/columns/0: .* longer than 63 bytes"));
}

TEST(DocumentConfigTest, AMemberNeedsOneSourceAndAName) {
  EXPECT_THAT(problem_of(R"({"table":"t","columns":[{"column":"a","sql":"b","as":"c"}]})"),
              HasSubstr("/document/columns/0: expected exactly one of column, sql and value"));
  EXPECT_THAT(problem_of(R"({"table":"t","columns":["a",{"sql":"1"}]})"),
              HasSubstr("/document/columns/1: a computed or constant column needs a name"));
}

TEST(DocumentConfigTest, AnOrderIsByAColumnOrByAnExpression) {
  EXPECT_THAT(problem_of(R"({"table":"t","children":[{"table":"u","order_by":["a",{}]}]})"),
              HasSubstr("/document/children/0/order_by/1: expected exactly one of column and sql"));
}

TEST(DocumentConfigTest, ARelationIsDirectOrThroughAJunction) {
  EXPECT_THAT(
      problem_of(R"({"table":"t","children":[{"table":"u","on":{"a":"b"},"through":"j"}]})"),
      HasSubstr("/document/children/0: a relation is either on"));
}

TEST(DocumentConfigTest, AScalarChildHasOneColumn) {
  EXPECT_THAT(problem_of(R"({"table":"t","children":[
                  {"table":"u","on":{"a":"b"},"scalar":true,"columns":["x","y"]}]})"),
              HasSubstr("/document/children/0: a scalar child has exactly one column"));
}

TEST(DocumentConfigTest, ADocumentIsASelectOrColumnsAndChildren) {
  const Node root = parse(R"({"table":"t","sql":"SELECT t.id","watch":[{"table":"u"}]})");
  EXPECT_EQ(root.sql, "SELECT t.id");
  EXPECT_EQ(root.others_at, std::nullopt);
  EXPECT_EQ(root.watch[0].pointer, "/document/watch/0");
  EXPECT_THAT(problem_of(R"({"table":"t","sql":"SELECT t.id","columns":["id"]})"),
              HasSubstr("/document/sql: a document has either sql, or columns and children"));
}

TEST(DocumentConfigTest, DepthIsBounded) {
  const auto nested = [](int depth) {
    std::string text = R"({"table":"t"})";
    for (int i = 1; i < depth; ++i) text = R"({"table":"t","children":[)" + text + "]}";
    return text;
  };
  EXPECT_EQ(problem_of(nested(32).c_str()), "");
  EXPECT_THAT(problem_of(nested(33).c_str()),
              testing::EndsWith("/children/0/children: tables nested deeper than 32 levels"));
}

TEST(DocumentConfigTest, AllProblemsAreReportedAtOnce) {
  const std::string all = problem_of(R"({"table":"t","columns":[{"sql":"1"},{"value":2}]})");
  EXPECT_THAT(all, HasSubstr("/document/columns/0"));
  EXPECT_THAT(all, HasSubstr("/document/columns/1"));
}

}  // namespace
}  // namespace sluice::denorm
