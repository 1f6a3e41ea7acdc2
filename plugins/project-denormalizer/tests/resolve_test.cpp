#include "resolve.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "document_config.hpp"
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

TEST(ResolveTest, ColumnsWithAUniqueKeyAmongThemMatchOneRow) {
  const Node root = sample_tree(R"({"table":"talk.reactions","children":[
      {"table":"talk.comments","name":"comment","on":{"id":"comment_id","body":"kind"}},
      {"table":"order_lines","on":{"region":"kind"}}]})");
  EXPECT_EQ(root.children[0].shape, Shape::kObject);
  EXPECT_EQ(root.children[1].shape, Shape::kArray) << "a part of a unique key";
}

Shape shape_of_linked_tag(bool one_link_each, bool tag_by_its_key) {
  Catalog catalog = sample_catalog();
  if (one_link_each) {
    catalog.tables.at({"public", "article_tags"}).unique_keys.push_back({"article_id"});
  }
  const auto document = nlohmann::json::parse(
      R"({"table":"articles","children":[{"table":"tags","through":"article_tags"}]})");
  if (!tag_by_its_key) {
    catalog.tables.at({"public", "tags"}).unique_keys = {{"label"}};
  }
  return *resolve(parse_document(document, "/document"), catalog).children[0].shape;
}

TEST(ResolveTest, AJunctionWithOneLinkForEachParentGivesAnObject) {
  EXPECT_EQ(shape_of_linked_tag(true, true), Shape::kObject);
  EXPECT_EQ(shape_of_linked_tag(true, false), Shape::kArray) << "a link to several rows";
  EXPECT_EQ(shape_of_linked_tag(false, true), Shape::kArray);
}

TEST(ResolveTest, AliasesDifferFromThoseOfTheTablesAround) {
  const Node root = sample_tree(R"({"table":"talk.comments","children":[
      {"table":"talk.comments","name":"comments","on":{"parent_id":"id"},
       "children":[{"table":"talk.reactions","name":"sluice_changed"}]}]})");
  EXPECT_EQ(root.alias, "comments");
  EXPECT_EQ(root.children[0].alias, "comments_2");
  EXPECT_EQ(root.children[0].children[0].alias, "sluice_changed_2")
      << "a name that the statement uses";
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

TEST(ResolveTest, ColumnsOfARelationCanBeCompared) {
  EXPECT_THAT(problems_of(R"({"table":"articles","children":[
                  {"table":"tags","on":{"id":"author_id"}}]})"),
              HasSubstr("/document/children/0/on/id: column public.tags.id has type uuid, but "
                        "public.articles.author_id has type integer"));
  EXPECT_EQ(problems_of(R"({"table":"articles","children":[
                {"table":"order_lines","on":{"line":"id"}}]})"),
            "")
      << "integers of all sizes can";
}

TEST(ResolveTest, AStarStandsForTheColumnsThatTheListDoesNotName) {
  const auto members = [](const std::string& columns) {
    std::vector<std::string> names;
    const Node root = sample_tree(R"({"table":"authors","columns":)" + columns + "}");
    for (const Field& field : root.fields) names.push_back(field.source + " " + field.as);
    return names;
  };
  EXPECT_THAT(members(R"(["*"])"), ElementsAre("id id", "name name", "photo photo"));
  EXPECT_THAT(members(R"json(["*",{"sql":"upper(name)","as":"loud"}])json"),
              ElementsAre("id id", "name name", "photo photo", "upper(name) loud"));
  EXPECT_THAT(members(R"(["photo","*",{"column":"name","as":"title"}])"),
              ElementsAre("photo photo", "id id", "name title"));
  EXPECT_THAT(members(R"json([{"sql":"upper(name)","as":"name"},"*"])json"),
              ElementsAre("upper(name) name", "id id", "photo photo"))
      << "a member of the list takes the place of a column";
}

TEST(ResolveTest, AProblemIsWhereItStandsInAListWithAStar) {
  EXPECT_THAT(
      problems_of(R"({"table":"articles","columns":["*","titel"]})"),
      testing::StartsWith("/document/columns/1: table public.articles has no column titel"));
}

TEST(ResolveTest, MembersHaveNoNamesOfColumnsThatTheListDoesNotName) {
  EXPECT_THAT(
      problems_of(R"({"table":"articles","columns":["*","title"],"children":[
                  {"table":"tags","name":"score","through":{"table":"article_tags",
                   "columns":[{"column":"position","as":"label"}]}}]})"),
      testing::MatchesRegex("/document/children/0: two members are named score\n"
                            "/document/children/0/through/columns/0: two members are named label"));
}

TEST(ResolveTest, WatchedTablesAreFoundByForeignKeysLikeChildren) {
  const Node root = sample_tree(R"({"table":"articles","columns":["id"],"watch":[
      {"table":"tags","through":"article_tags","columns":["label"]},
      {"table":"talk.comments","watch":[{"table":"talk.reactions"}]}]})");
  EXPECT_THAT(root.watch[0].junction->child, ElementsAre(ColumnPair{"tag_id", "id"}));
  EXPECT_THAT(root.watch[1].on, ElementsAre(ColumnPair{"article_id", "id"}));
  EXPECT_THAT(root.watch[1].watch[0].on, ElementsAre(ColumnPair{"comment_id", "id"}));
}

TEST(ResolveTest, ProblemsOfWatchedTablesHavePointers) {
  const std::string all = problems_of(R"({"table":"articles","columns":["id"],"watch":[
      {"table":"tagz"}, {"table":"authors"}, {"table":"talk.comments","columns":["bodi"]},
      {"table":"article_ranks","on":{"article_id":"id"}}]})");
  EXPECT_THAT(all, HasSubstr("/document/watch/0/table: there is no table public.tagz"));
  EXPECT_THAT(all, HasSubstr("/document/watch/1: which foreign key"));
  EXPECT_THAT(all, HasSubstr("/document/watch/2/columns/0: table talk.comments has no column bodi "
                             "(did you mean body?)"));
  EXPECT_THAT(all, HasSubstr("/document/watch/3/table: public.article_ranks is a view"));
}

TEST(ResolveTest, EachProblemHasALineThatBeginsWithItsPointer) {
  EXPECT_THAT(problems_of(R"({"table":"articles","columns":["titel"],"children":[
                  {"table":"tugs","children":[{"table":"autors"}]},
                  {"table":"talk.comments","on":{"artikel_id":"id"},"key":"idd"}]})"),
              testing::MatchesRegex("/document/columns/0: table public.articles has no .*\n"
                                    "/document/children/0/table: there is no table public.tugs.*\n"
                                    "/document/children/0/children/0/table: there is no .*\n"
                                    "/document/children/1/key: .* has no column idd.*\n"
                                    "/document/children/1/on/artikel_id: .* has no column .*"));
}

TEST(ResolveTest, AViewIsAChildWhoseBaseTablesAreNamed) {
  EXPECT_THAT(problems_of(R"({"table":"articles","children":[
                  {"table":"article_ranks","on":{"article_id":"id"},"key":"rank"}]})"),
              HasSubstr("/document/children/0: public.article_ranks is a view, whose changes are "
                        "not seen: name the tables that it reads under base"));
  const Node root = sample_tree(R"({"table":"articles","children":[{"table":"article_ranks",
      "on":{"article_id":"id"},"key":"rank","base":[{"table":"talk.comments"}]}]})");
  EXPECT_TRUE(root.children[0].is_view);
  EXPECT_THAT(root.children[0].base[0].on, ElementsAre(ColumnPair{"article_id", "id"}));
}

TEST(ResolveTest, AViewIsNeitherRootNorJunctionNorBase) {
  EXPECT_THAT(problems_of(R"({"table":"article_ranks","key":"article_id"})"),
              HasSubstr("/document/table: public.article_ranks is a view, whose changes are not "
                        "seen: make the table whose rows it shows the root"));
  EXPECT_THAT(problems_of(R"({"table":"articles","children":[{"table":"authors","through":
                  {"table":"article_ranks","parent":{"article_id":"id"},"child":{"rank":"id"}}}]})"),
              HasSubstr("/document/children/0/through/table: public.article_ranks is a view"));
  EXPECT_THAT(problems_of(R"({"table":"articles","children":[{"table":"article_ranks","key":"rank",
                  "on":{"article_id":"id"},
                  "base":[{"table":"article_ranks","on":{"article_id":"id"}}]}]})"),
              HasSubstr("/document/children/0/base/0/table: public.article_ranks is a view"));
  EXPECT_THAT(
      problems_of(R"({"table":"articles","children":[{"table":"talk.comments","base":[]}]})"),
      HasSubstr("/document/children/0/base: talk.comments is a table"));
}

TEST(ResolveTest, AWayBackByTheSameForeignKeyMustBeMeant) {
  EXPECT_THAT(problems_of(R"({"table":"orders","children":[{"table":"order_lines",
                  "children":[{"table":"orders"}]}]})"),
              HasSubstr("/document/children/0/children/0: the foreign key "
                        "order_lines_region_fkey: public.order_lines(region, number) references "
                        "public.orders(region, number) leads back to the row that it came from; "
                        "if that is meant, name the columns with on"));
  EXPECT_EQ(problems_of(R"({"table":"orders","children":[{"table":"order_lines","children":[
                {"table":"orders","on":{"region":"region","number":"number"}}]}]})"),
            "");
  EXPECT_EQ(problems_of(R"({"table":"orders","children":[{"table":"order_lines","watch":[
                {"table":"orders"}]}]})"),
            "")
      << "a watched table repeats nothing";
}

TEST(ResolveTest, AWayBackByTheSameJunctionMustBeMeant) {
  EXPECT_THAT(problems_of(R"({"table":"articles","children":[{"table":"tags",
                  "through":"article_tags","children":[
                    {"table":"articles","through":"article_tags"}]}]})"),
              HasSubstr("/document/children/0/children/0/through: the junction "
                        "public.article_tags leads back the way that it came"));
  EXPECT_EQ(problems_of(R"({"table":"articles","children":[{"table":"tags",
                "through":"article_tags","children":[{"table":"articles","through":
                  {"table":"article_tags","child":{"article_id":"id"}}}]}]})"),
            "");
}

TEST(ResolveTest, TheKeyDecidesAmongEqualsInTheOrderAskedFor) {
  const Node root = sample_tree(R"({"table":"articles","children":[
      {"table":"talk.comments","name":"comments","order_by":["body"]}]})");
  ASSERT_EQ(root.children[0].order_by.size(), 2U);
  EXPECT_EQ(root.children[0].order_by[1].column, "id");
}

TEST(ResolveTest, ChildrenWithoutAKeyNeedAnOrder) {
  EXPECT_THAT(problems_of(R"({"table":"articles","children":[{"table":"notes"}]})"),
              HasSubstr("/document/children/0: public.notes has no primary key: name a key, or "
                        "order_by"));
  EXPECT_EQ(problems_of(R"({"table":"articles","children":[
                {"table":"notes","order_by":["text"]}]})"),
            "");
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
