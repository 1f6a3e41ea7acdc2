#include "routes.hpp"

#include <functional>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "changed_row.hpp"
#include "document_config.hpp"
#include "resolve.hpp"
#include "sample_catalog.hpp"

namespace sluice::denorm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::vector<Route> routes_of(const std::string& document) {
  return derive_routes(sample_tree(document), sample_catalog());
}

constexpr const char* kArticles = R"({"table":"articles","columns":["id","title"],"children":[
  {"table":"tags","columns":["label"],"through":"article_tags"},
  {"table":"authors","name":"author","columns":["name"],"on":{"id":"author_id"}},
  {"table":"talk.comments","name":"comments","columns":["body"],"children":[
    {"table":"talk.reactions","name":"reactions","columns":["kind"]}]}]})";

TEST(RoutesTest, EachPlaceOfATableHasARoute) {
  std::vector<std::string> found;
  for (const Route& route : routes_of(kArticles)) {
    found.push_back(route.table.name + " " + route.place + (route.is_direct() ? " direct" : ""));
  }
  EXPECT_THAT(found, ElementsAre("articles articles direct", "article_tags articles.tags direct",
                                 "tags articles.tags", "authors articles.author",
                                 "comments articles.comments direct",
                                 "reactions articles.comments.reactions"));
}

TEST(RoutesTest, AChildBehindAJunctionIsFoundWithoutTheRootsTable) {
  const Route route = routes_of(kArticles)[2];
  EXPECT_THAT(route.source, ElementsAre("id"));
  EXPECT_EQ(route.lookup_sql,
            R"sql(SELECT pg_current_snapshot()::text || ':' || age('3'::xid) AS snapshot, NULL::bigint, NULL::text )sql"
            R"sql(UNION ALL SELECT NULL, sluice_changed.position, found.k1::text )sql"
            R"sql(FROM unnest($1::uuid[]) WITH ORDINALITY AS sluice_changed(c1, position) )sql"
            R"sql(CROSS JOIN LATERAL (SELECT "article_tags"."article_id" AS k1 )sql"
            R"sql(FROM "public"."article_tags" AS "article_tags" )sql"
            R"sql(WHERE "article_tags"."tag_id" = sluice_changed.c1 )sql"
            R"sql(AND "article_tags"."article_id" IS NOT NULL LIMIT $2) AS found)sql");
  EXPECT_EQ(route.walk_next_sql,
            R"sql(SELECT pg_current_snapshot()::text || ':' || age('3'::xid) AS snapshot, NULL::text UNION ALL )sql"
            R"sql((SELECT NULL, found.k1::text FROM )sql"
            R"sql((SELECT DISTINCT "article_tags"."article_id" AS k1 )sql"
            R"sql(FROM "public"."article_tags" AS "article_tags" )sql"
            R"sql(WHERE "article_tags"."tag_id" = $1::uuid )sql"
            R"sql(AND "article_tags"."article_id" IS NOT NULL )sql"
            R"sql(AND ("article_tags"."article_id") > ($2::bigint) )sql"
            R"sql(ORDER BY k1 LIMIT $3) AS found ORDER BY found.k1))sql");
}

TEST(RoutesTest, AParentsRowIsFoundByTheColumnThatRefersToIt) {
  const Route route = routes_of(kArticles)[3];
  EXPECT_THAT(route.source, ElementsAre("id"));
  EXPECT_THAT(route.lookup_sql,
              HasSubstr(R"sql((SELECT "articles"."id" AS k1 FROM )sql"
                        R"sql("public"."articles" AS "articles" )sql"
                        R"sql(WHERE "articles"."author_id" = sluice_changed.c1)sql"));
}

TEST(RoutesTest, AGrandchildClimbsByItsParent) {
  const Route route = routes_of(kArticles)[5];
  EXPECT_THAT(route.source, ElementsAre("comment_id"));
  EXPECT_THAT(route.lookup_sql,
              HasSubstr(R"sql((SELECT "comments"."article_id" AS k1 FROM "talk"."comments" AS )sql"
                        R"sql("comments" WHERE "comments"."id" = sluice_changed.c1)sql"));
}

TEST(RoutesTest, ClimbsThroughAJunctionInTheMiddle) {
  const auto routes = routes_of(R"({"table":"authors","columns":["name"],"children":[
      {"table":"articles","columns":["title"],"on":{"author_id":"id"},"children":[
        {"table":"tags","columns":["label"],"through":"article_tags"}]}]})");
  EXPECT_THAT(
      routes.back().lookup_sql,
      HasSubstr(R"sql((SELECT "articles"."author_id" AS k1 FROM "public"."article_tags" )sql"
                R"sql(AS "article_tags" JOIN "public"."articles" AS "articles" )sql"
                R"sql(ON "article_tags"."article_id" = "articles"."id" )sql"
                R"sql(WHERE "article_tags"."tag_id" = sluice_changed.c1)sql"));
}

TEST(RoutesTest, ARowWithoutAKeyIsNoDocumentToBeFound) {
  Catalog catalog = sample_catalog();
  catalog.tables.at({"public", "articles"}).unique_keys.push_back({"title"});
  const Node root =
      resolve(parse_document(nlohmann::json::parse(R"({"table":"articles","key":"title","children":[
          {"table":"authors","name":"author","columns":["name"],"on":{"id":"author_id"}},
          {"table":"tags","columns":["label"],"through":"article_tags"}]})"),
                             "/document"),
              catalog);
  const auto routes = derive_routes(root, catalog);
  ASSERT_EQ(routes.size(), 4U);
  for (std::size_t i = 1; i < routes.size(); ++i) {
    for (const std::string& sql :
         {routes[i].lookup_sql, routes[i].walk_sql, routes[i].walk_next_sql}) {
      EXPECT_THAT(sql, HasSubstr(R"sql( AND "articles"."title" IS NOT NULL )sql"))
          << routes[i].place;
    }
  }
}

TEST(RoutesTest, ACompositeKeyIsTakenInTheKeysOrder) {
  const auto routes = routes_of(R"({"table":"orders","key":["number","region"],"children":[
      {"table":"order_lines","name":"lines"}]})");
  EXPECT_THAT(routes[1].source, ElementsAre("region", "number"));
  EXPECT_THAT(routes[1].direct, ElementsAre(1, 0));
}

TEST(RoutesTest, OnlyRowsThatMayMoveNeedTheirOldState) {
  const Catalog catalog = sample_catalog();
  std::vector<std::string> names;
  for (const TableName& table : tables_needing_full_identity(routes_of(kArticles), catalog)) {
    names.push_back(table.text());
  }
  EXPECT_THAT(names, ElementsAre("talk.comments"))
      << "junctions and reactions have the columns in their keys; articles and authors are keys";
}

TEST(RoutesTest, KnowsTheColumnsInUse) {
  const auto routes = routes_of(kArticles);
  EXPECT_THAT(*routes[2].used_columns, UnorderedElementsAre("label", "id", "id", "id"));
  EXPECT_THAT(*routes[3].used_columns, Not(testing::Contains("photo")));
  EXPECT_THAT(*routes[0].used_columns, testing::Contains("author_id"))
      << "the article's author hangs on it";
}

TEST(RoutesTest, AnExpressionUsesTheColumnsThatItNames) {
  const auto routes = routes_of(R"json({"table":"articles","columns":["id"],"children":[
      {"table":"talk.comments","name":"comments",
       "columns":[{"sql":"upper(body) || articles.title","as":"b"}]}]})json");
  EXPECT_THAT(*routes[0].used_columns, testing::Contains("title"))
      << "it can name the tables around it";
  EXPECT_THAT(*routes[0].used_columns, Not(testing::Contains("score")));
  EXPECT_THAT(*routes[1].used_columns, testing::Contains("body"));
}

TEST(RoutesTest, AnExpressionOverAWholeRowUsesAllColumns) {
  const auto routes = routes_of(R"json({"table":"articles","columns":["id"],"children":[
      {"table":"talk.comments","name":"comments",
       "columns":[{"sql":"to_json(comments)","as":"b"}]}]})json");
  EXPECT_TRUE(routes[0].used_columns) << "the name is not the article's";
  EXPECT_FALSE(routes[1].used_columns);
}

std::vector<std::string> places_of(const std::vector<Route>& routes) {
  std::vector<std::string> places;
  for (const Route& route : routes) places.push_back(route.table.name + " " + route.place);
  return places;
}

TEST(RoutesTest, WatchedTablesHaveRoutes) {
  const auto routes = routes_of(R"({"table":"articles","columns":["id"],"watch":[
      {"table":"talk.comments","watch":[{"table":"talk.reactions","columns":["kind"]}]}],
      "children":[{"table":"tags","columns":["label"],"through":"article_tags",
                   "watch":[{"table":"article_tags"}]}]})");
  EXPECT_THAT(places_of(routes),
              ElementsAre("articles articles", "article_tags articles.tags", "tags articles.tags",
                          "article_tags articles.tags.watch.article_tags",
                          "comments articles.watch.comments",
                          "reactions articles.watch.comments.watch.reactions"));
  EXPECT_TRUE(routes[4].is_direct());
  EXPECT_THAT(routes[5].lookup_sql,
              HasSubstr(R"sql(SELECT "comments"."article_id" AS k1 FROM "talk"."comments")sql"));
}

TEST(RoutesTest, AViewHasNoRouteButItsBaseTablesHave) {
  const auto routes = routes_of(R"({"table":"articles","columns":["id"],"children":[
      {"table":"article_ranks","name":"ranks","key":"rank","on":{"article_id":"id"},
       "base":[{"table":"talk.comments"}],
       "children":[{"table":"authors","on":{"id":"rank"}}]}]})");
  EXPECT_THAT(places_of(routes),
              ElementsAre("articles articles", "comments articles.ranks.base.comments",
                          "authors articles.ranks.authors"));
  EXPECT_THAT(routes[2].lookup_sql,
              HasSubstr(R"sql(FROM "public"."article_ranks" AS "ranks" WHERE "ranks"."rank" =)sql"))
      << "below a view, the way up is by its rows";
}

// Rows as a decoder gives them.
class Row {
 public:
  Row(std::initializer_list<sluice_field> fields) : fields_(fields), value_(make_object(fields_)) {}
  const sluice_value* get() const { return &value_; }

 private:
  std::vector<sluice_field> fields_;
  sluice_value value_;
};

sluice_change update(const Row& before, const Row& after) {
  sluice_change change{};
  change.op = SLUICE_OP_UPDATE;
  change.before = before.get();
  change.after = after.get();
  return change;
}

TEST(ChangedRowTest, ValuesBecomeTheTextOfPostgres) {
  const Route route = routes_of(R"({"table":"orders"})")[0];
  const Row row{make_field("region", make_string("eu")), make_field("number", make_int64(7))};
  EXPECT_THAT(source_values(Value{row.get()}, route).values, ElementsAre("eu", "7"));
}

TEST(ChangedRowTest, TellsANullFromAMissingColumn) {
  const Route route = routes_of(kArticles)[5];
  const Row null{make_field("comment_id", make_null())};
  const Row missing{make_field("kind", make_string("like"))};
  EXPECT_EQ(source_values(Value{null.get()}, route).state, SourceValues::State::kNone);
  EXPECT_EQ(source_values(Value{missing.get()}, route).state, SourceValues::State::kMissing);
  EXPECT_EQ(source_values(Value{missing.get()}, route).missing, "comment_id");
}

TEST(ChangedRowTest, WhatAnUpdateLeavesOutIsAsItWas) {
  const Route route = routes_of(R"({"table":"orders"})")[0];
  const Row after{make_field("number", make_int64(8))};
  const Row before{make_field("region", make_string("eu")), make_field("number", make_int64(7))};
  EXPECT_THAT(source_values(Value{after.get()}, route, Value{before.get()}).values,
              ElementsAre("eu", "8"));
}

TEST(ChangedRowTest, RefusesAValueOfAnotherType) {
  const Route route = routes_of(kArticles)[5];
  const Row text{make_field("comment_id", make_string("x"))};
  const Row real{make_field("comment_id", make_double(1.5))};
  EXPECT_THROW(static_cast<void>(source_values(Value{text.get()}, route)), RecordError);
  EXPECT_THROW(static_cast<void>(source_values(Value{real.get()}, route)), RecordError);
}

TEST(RoutesTest, AllColumnsMatterBesideOneThatAChangeEventDoesNotTellExactly) {
  const std::string tree = R"({"table":"talk.comments","columns":["id","body"]})";
  const auto knows_used_columns = [&tree](const std::function<void(CatalogColumn&)>& alter) {
    Catalog catalog = sample_catalog();
    for (CatalogColumn& column : catalog.tables.at({"talk", "comments"}).columns) {
      if (column.name == "body") alter(column);
    }
    return derive_routes(sample_tree(tree), catalog)[0].used_columns.has_value();
  };
  EXPECT_TRUE(knows_used_columns([](CatalogColumn&) {}));
  EXPECT_FALSE(knows_used_columns([](CatalogColumn& body) { body.base_type = "interval"; }));
  EXPECT_FALSE(knows_used_columns([](CatalogColumn& body) { body.is_array = true; }));
}

TEST(ChangedRowTest, AnUpdateOfUnusedColumnsIsOfNoInterest) {
  const Route route = routes_of(kArticles)[3];  // authors: id and name
  const Row before{make_field("id", make_int64(1)), make_field("name", make_string("ana")),
                   make_field("photo", make_bytes("1"))};
  const Row other_photo{make_field("id", make_int64(1)), make_field("name", make_string("ana")),
                        make_field("photo", make_bytes("2"))};
  const Row renamed{make_field("id", make_int64(1)), make_field("name", make_string("bo")),
                    make_field("photo", make_bytes("1"))};
  const Row without_name{make_field("id", make_int64(1)), make_field("photo", make_bytes("2"))};
  EXPECT_TRUE(leaves_unchanged(update(before, other_photo), route, true));
  EXPECT_FALSE(leaves_unchanged(update(before, renamed), route, true));
  EXPECT_FALSE(leaves_unchanged(update(before, other_photo), route, false))
      << "the old row can't be trusted";
  EXPECT_FALSE(leaves_unchanged(update(without_name, without_name), route, true))
      << "a column that the connector leaves out may have changed";
}

}  // namespace
}  // namespace sluice::denorm
