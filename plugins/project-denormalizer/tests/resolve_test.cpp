#include "resolve.hpp"

#include <gmock/gmock.h>

#include "problem.hpp"
#include "sample_catalog.hpp"

namespace sluice::denorm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string problems_of(const std::string& document) {
  try {
    (void)sample_tree(document);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(ResolveTest, TakesKeyColumnsAndTypesFromTheCatalog) {
  const Node root = sample_tree(R"({"table":"authors"})");
  EXPECT_THAT(root.key, ElementsAre("id"));
  ASSERT_EQ(root.fields.size(), 3U);
  EXPECT_EQ(root.fields[2].as, "photo");
  EXPECT_EQ(root.fields[2].type, "bytea");
}

TEST(ResolveTest, FindsRelationsByForeignKeys) {
  const Node root = sample_tree(R"({"table":"articles","children":[
      {"table":"tags","through":"article_tags"}, {"table":"talk.comments","name":"comments"}]})");
  const Node& tags = root.children[0];
  EXPECT_THAT(tags.junction->parent, ElementsAre(ColumnPair{"article_id", "id"}));
  EXPECT_THAT(tags.junction->child, ElementsAre(ColumnPair{"tag_id", "id"}));
  EXPECT_EQ(tags.shape, Shape::kArray);
  const Node& comments = root.children[1];
  EXPECT_THAT(comments.on, ElementsAre(ColumnPair{"article_id", "id"}));
  EXPECT_EQ(comments.shape, Shape::kArray);
  ASSERT_EQ(comments.order_by.size(), 1U);
  EXPECT_EQ(comments.order_by[0].column, "id");
}

TEST(ResolveTest, ARelationToOneRowIsAnObject) {
  const Node root = sample_tree(R"({"table":"talk.reactions","children":[
      {"table":"talk.comments","name":"comment"}]})");
  EXPECT_THAT(root.children[0].on, ElementsAre(ColumnPair{"id", "comment_id"}));
  EXPECT_EQ(root.children[0].shape, Shape::kObject);
}

TEST(ResolveTest, AliasesDifferFromThoseOfTheTablesAround) {
  const Node root = sample_tree(R"({"table":"talk.comments","children":[
      {"table":"talk.comments","name":"comments","on":{"parent_id":"id"},
       "children":[{"table":"talk.reactions","name":"document"}]}]})");
  EXPECT_EQ(root.alias, "comments");
  EXPECT_EQ(root.children[0].alias, "comments_2");
  EXPECT_EQ(root.children[0].children[0].alias, "document_2") << "a name that the statement uses";
}

TEST(ResolveTest, NamesTheNearestTableAndColumn) {
  EXPECT_THAT(problems_of(R"({"table":"artikles"})"),
              HasSubstr("/document/table: there is no table public.artikles "
                        "(did you mean public.articles?)"));
  EXPECT_THAT(problems_of(R"({"table":"articles","columns":["id","titel"]})"),
              AllOf(HasSubstr("/document/columns/1: table public.articles has no column titel"),
                    HasSubstr("did you mean title?"), HasSubstr("it has id, author_id")));
}

TEST(ResolveTest, AsksWhichOfSeveralForeignKeysIsMeant) {
  EXPECT_THAT(
      problems_of(R"({"table":"articles","children":[{"table":"authors","name":"author"}]})"),
      AllOf(HasSubstr("/document/children/0: which foreign key between public.authors and "
                      "public.articles is meant? Name the columns with on"),
            HasSubstr("articles_author_id_fkey"), HasSubstr("articles_editor_id_fkey")));
}

TEST(ResolveTest, AsksForTheColumnsOfASelfReference) {
  EXPECT_THAT(problems_of(R"({"table":"talk.comments","children":[
                  {"table":"talk.comments","name":"replies"}]})"),
              HasSubstr("Name the columns with on"));
}

TEST(ResolveTest, SaysWhenThereIsNoForeignKey) {
  EXPECT_THAT(problems_of(R"({"table":"articles","children":[{"table":"orders"}]})"),
              HasSubstr("no foreign key between public.orders and public.articles: name the "
                        "columns with on"));
}

TEST(ResolveTest, TheDocumentsKeyMustBeUniqueAndOfAKeyType) {
  EXPECT_THAT(problems_of(R"({"table":"articles","key":"author_id"})"),
              HasSubstr("/document/key: no unique index on public.articles(author_id); unique are "
                        "(id)"));
  EXPECT_THAT(problems_of(R"({"table":"articles","key":"published"})"),
              HasSubstr("has type timestamp with time zone; columns of keys and joins may be"));
  EXPECT_EQ(problems_of(R"({"table":"orders","key":["number","region"]})"), "");
}

TEST(ResolveTest, MembersHaveDifferentNames) {
  EXPECT_THAT(problems_of(R"({"table":"articles","columns":["id","title"],"children":[
                  {"table":"tags","name":"title","through":"article_tags"}]})"),
              HasSubstr("/document/children/0: two members are named title"));
}

TEST(ResolveTest, ListsEachTableOnce) {
  const Node root = sample_tree(R"({"table":"articles","children":[
      {"table":"tags","through":"article_tags"},
      {"table":"authors","name":"author","on":{"id":"author_id"}},
      {"table":"authors","name":"editor","on":{"id":"editor_id"}}]})");
  std::vector<std::string> names;
  for (const TableName& table : tables_of(root)) names.push_back(table.text());
  EXPECT_THAT(names, ElementsAre("public.article_tags", "public.articles", "public.authors",
                                 "public.tags"));
}

}  // namespace
}  // namespace sluice::denorm
