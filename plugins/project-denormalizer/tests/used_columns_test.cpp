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

TEST(UsedColumnsTest, ATableOfTheSameNameIsReadByTheNameThatItHasThere) {
  for (const char* sql : {
           "(SELECT json_agg(g) FROM goods g)",
           "(SELECT json_agg(G) FROM goods AS g)",
           "(SELECT json_agg(g) FROM goods \"g\" WHERE g.id = 1)",
           "(SELECT g FROM t JOIN goods g USING (id))",
           "(SELECT full_name(g) FROM goods g, t)",
           "(SELECT g.full_name FROM goods g)",
           "(SELECT max(g.c) FROM goods g(a, b, c))",
           "(SELECT to_json(g) FROM goods /* all */ g)",
           "(SELECT to_json(j) FROM (goods JOIN t USING (id)) AS j)",
           "(SELECT 1 IN (TABLE goods))",
       }) {
    EXPECT_EQ(read(sql), std::nullopt) << sql;
  }
  EXPECT_THAT(read("(SELECT max(g.price) FROM goods AS g WHERE g.id > 0)"),
              Optional(ElementsAre("id", "price")));
  EXPECT_THAT(read("(SELECT max(price) FROM \"goods\" \"g\" JOIN t ON t.x = \"g\".price)"),
              Optional(ElementsAre("price")));
  EXPECT_THAT(read("(SELECT 1 FROM goods g) + (SELECT 2 FROM goods g WHERE g.id = 1)"),
              Optional(ElementsAre("id")));
  EXPECT_THAT(read("(SELECT max(price) FROM goods WHERE id = 1)"),
              Optional(ElementsAre("id", "price")))
      << "no name of its own";
}

TEST(UsedColumnsTest, ExpressionsOfTheTablesBelowCount) {
  const Catalog catalog = sample_catalog();
  const Node root = sample_tree(R"json({"table":"articles","columns":["id"],"children":[
      {"table":"talk.comments","name":"comments","columns":["id",
        {"sql":"articles.score * 2","as":"s"}], "where": "parent_id IS NULL"},
      {"table":"tags","columns":["label"],"through":{"table":"article_tags",
        "where":"article_tags.position > 0 AND tags.label <> title"}}]})json");
  EXPECT_THAT(used_columns(root, root, catalog),
              Optional(testing::IsSupersetOf({"id", "score", "title"})));
  EXPECT_THAT(used_columns(root, root, catalog), Optional(Not(Contains("published"))));
  EXPECT_THAT(used_columns(root.children[0], root, catalog), Optional(Contains("parent_id")));
  EXPECT_THAT(used_columns(root.children[0], root, catalog), Optional(Not(Contains("body"))));
  EXPECT_THAT(used_junction_columns(root.children[1], root, catalog),
              Optional(Contains("position")));
}

TEST(UsedColumnsTest, ExpressionsElsewhereThatReadTheTableCount) {
  const Catalog catalog = sample_catalog();
  const Node root = sample_tree(R"json({"table":"articles","columns":["id",
      {"sql":"(SELECT max(label) FROM tags WHERE tags.id IS NOT NULL)","as":"last"}],
      "where":"EXISTS (SELECT FROM article_tags a WHERE a.article_id = articles.id AND position > 1)",
      "children":[
        {"table":"tags","columns":["id"],"through":"article_tags"},
        {"table":"authors","columns":["name"],"on":{"id":"author_id"},
         "order_by":[{"sql":"(SELECT max(body) FROM talk.comments)"}]},
        {"table":"talk.comments","name":"replies","columns":["id"],
         "watch":[{"table":"talk.reactions","columns":["kind"]}]}]})json");
  EXPECT_THAT(used_columns(root.children[0], root, catalog), Optional(Contains("label")))
      << "by a column of the root";
  EXPECT_THAT(used_junction_columns(root.children[0], root, catalog),
              Optional(Contains("position")))
      << "by the root's where";
  EXPECT_EQ(used_columns(root.children[2], root, catalog), std::nullopt)
      << "by a sibling's order; with a schema before it, too many";
  EXPECT_THAT(used_columns(root.children[1], root, catalog), Optional(Not(Contains("photo"))));
  EXPECT_THAT(used_columns(root.children[2].watch[0], root, catalog),
              Optional(Not(Contains("price"))));
  EXPECT_THAT(used_columns(root, root, catalog), Optional(Not(Contains("title"))));
}

TEST(UsedColumnsTest, AWholeRowInASubqueryElsewhereIsAllColumns) {
  const Catalog catalog = sample_catalog();
  const Node root = sample_tree(R"json({"table":"articles","columns":["id",
      {"sql":"(SELECT json_agg(t) FROM tags t)","as":"all"}],"children":[
        {"table":"tags","name":"labels","columns":["id"],"through":"article_tags"}]})json");
  EXPECT_EQ(used_columns(root.children[0], root, catalog), std::nullopt);
  EXPECT_TRUE(used_junction_columns(root.children[0], root, catalog));
}

TEST(UsedColumnsTest, AStarUsesWhatItStandsFor) {
  const Catalog catalog = sample_catalog();
  const Node root = sample_tree(R"json({"table":"authors","columns":["*",
      {"value":"-","as":"photo"}]})json");
  EXPECT_THAT(used_columns(root, root, catalog), Optional(ElementsAre("id", "name", "id")))
      << "photo is hidden, id the key too";
}

TEST(UsedColumnsTest, AWatchedTableSaysItself) {
  const Catalog catalog = sample_catalog();
  const Node root = sample_tree(R"({"table":"articles","columns":["id"],"watch":[
      {"table":"authors","on":{"id":"author_id"},"columns":["name"]},
      {"table":"talk.comments"}]})");
  EXPECT_THAT(used_columns(root.watch[0], root, catalog), Optional(ElementsAre("name", "id")));
  EXPECT_EQ(used_columns(root.watch[1], root, catalog), std::nullopt);
  EXPECT_THAT(used_columns(root, root, catalog), Optional(Contains("author_id")))
      << "by which the watched row is found";
}

}  // namespace
}  // namespace sluice::denorm
