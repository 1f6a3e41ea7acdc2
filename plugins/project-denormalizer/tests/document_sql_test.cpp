#include "document_sql.hpp"

#include <gmock/gmock.h>

#include "altered_tables.hpp"
#include "resolve.hpp"
#include "routes.hpp"
#include "sample_catalog.hpp"
#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

using ::testing::HasSubstr;

// With a word for the tables' fingerprint.
std::string shortened(std::string sql, const Node& root) {
  const std::string part = "to_json(" + fingerprint_sql(tables_of(root)) + ")";
  return sql.replace(sql.find(part), part.size(), "FINGERPRINT");
}

std::string materialize(const std::string& document) {
  const Node root = sample_tree(document);
  return shortened(materialize_sql(root, key_types_of(root, sample_catalog())), root);
}

std::string scan(const std::string& document, Bounds bounds) {
  const Node root = sample_tree(document);
  return shortened(scan_sql(root, key_types_of(root, sample_catalog()), bounds), root);
}

TEST(DocumentSqlTest, AManyToManyRelationBecomesASubquery) {
  EXPECT_EQ(
      materialize(R"({"table":"articles","columns":["id","title"],"children":[
          {"table":"tags","columns":["label"],"through":{"table":"article_tags",
           "parent":{"article_id":"id"},"child":{"tag_id":"id"},"columns":["position"]}}]})"),
      R"sql(SELECT pg_current_snapshot()::text || ':' || age('3'::xid) AS snapshot, NULL::bigint, FINGERPRINT UNION ALL )sql"
      R"sql(SELECT NULL, sluice_requested.position, row_to_json(document.*) )sql"
      R"sql(FROM unnest($1::bigint[]) WITH ORDINALITY AS sluice_requested(k1, position) )sql"
      R"sql(CROSS JOIN LATERAL (SELECT "articles"."id" AS "id", "articles"."title" AS "title", )sql"
      R"sql((SELECT coalesce(json_agg(item.*), '[]') FROM (SELECT "tags"."label" AS "label", )sql"
      R"sql("article_tags"."position" AS "position" FROM "public"."tags" AS "tags" )sql"
      R"sql(JOIN "public"."article_tags" AS "article_tags" )sql"
      R"sql(ON "article_tags"."tag_id" = "tags"."id" )sql"
      R"sql(WHERE "article_tags"."article_id" = "articles"."id" ORDER BY "tags"."id") AS item) )sql"
      R"sql(AS "tags" FROM "public"."articles" AS "articles" )sql"
      R"sql(WHERE "articles"."id" = sluice_requested.k1) AS document)sql");
}

TEST(DocumentSqlTest, AnObjectIsTheFirstRowInOrder) {
  EXPECT_THAT(
      materialize(R"({"table":"articles","columns":["id"],"children":[
          {"table":"authors","name":"author","columns":["name"],"on":{"id":"author_id"}}]})"),
      HasSubstr(
          R"sql((SELECT row_to_json(item.*) FROM (SELECT "author"."name" AS "name" )sql"
          R"sql(FROM "public"."authors" AS "author" WHERE "author"."id" = "articles"."author_id" )sql"
          R"sql(ORDER BY "author"."id" LIMIT 1) AS item) AS "author")sql"));
}

TEST(DocumentSqlTest, FiltersOrdersLimitsAndNests) {
  const std::string sql =
      materialize(R"json({"table":"articles","columns":["id"],"where":"score > 0",
      "children":[{"table":"talk.comments","name":"comments","columns":["body"],
        "where":"body <> ''","order_by":[{"column":"id","direction":"desc"},{"sql":"length(body)"}],
        "limit":5,"children":[{"table":"talk.reactions","name":"kinds","columns":["kind"],
        "scalar":true}]
}]
})json");
  EXPECT_THAT(sql, HasSubstr(R"sql("articles"."id" = sluice_requested.k1 AND (score > 0))sql"));
  EXPECT_THAT(sql, HasSubstr(R"sql(WHERE "comments"."article_id" = "articles"."id" )sql"
                             R"sql(AND (body <> '') )sql"
                             R"sql(ORDER BY "comments"."id" DESC, (length(body)) LIMIT 5)sql"));
  EXPECT_THAT(sql, HasSubstr(R"sql((SELECT coalesce(json_agg("item"."kind"), '[]') FROM )sql"
                             R"sql((SELECT "kinds"."kind" AS "kind")sql"));
  EXPECT_THAT(sql, HasSubstr(R"sql(WHERE "kinds"."comment_id" = "comments"."id")sql"));
}

TEST(DocumentSqlTest, TypesWithoutAJsonFormGetOne) {
  const std::string sql = materialize(
      R"({"table":"articles","columns":["score","published",{"value":"it's","as":"note"}],
          "children":[{"table":"authors","name":"a","columns":["photo"],"on":{"id":"author_id"}}]})");
  EXPECT_THAT(sql, HasSubstr(R"sql(CASE WHEN "articles"."score" NOT IN ('NaN', 'Infinity', )sql"
                             R"sql('-Infinity') THEN "articles"."score" END AS "score")sql"));
  EXPECT_THAT(sql, HasSubstr(R"sql(CASE WHEN isfinite("articles"."published") )sql"));
  EXPECT_THAT(sql, HasSubstr(R"sql(translate(encode("a"."photo", 'base64'), E'\n', ''))sql"));
  EXPECT_THAT(sql, HasSubstr(R"sql('"it''s"'::json AS "note")sql"));
}

TEST(DocumentSqlTest, AWrittenDocumentIsOneRowForEachKey) {
  const std::string document =
      R"({"table":"articles","where":"score > 0","sql":"SELECT articles.title -- so;\n ; "})";
  EXPECT_EQ(
      materialize(document),
      R"sql(SELECT pg_current_snapshot()::text || ':' || age('3'::xid) AS snapshot, NULL::bigint, FINGERPRINT UNION ALL )sql"
      R"sql(SELECT NULL, sluice_requested.position, document.body FROM unnest($1::bigint[]) )sql"
      R"sql(WITH ORDINALITY AS sluice_requested(k1, position) CROSS JOIN LATERAL )sql"
      R"sql((SELECT (SELECT row_to_json(document.*) FROM (SELECT articles.title -- so)sql"
      "\n"
      R"sql() AS document) AS body FROM "public"."articles" AS "articles" )sql"
      R"sql(WHERE "articles"."id" = sluice_requested.k1 AND (score > 0)) AS document)sql");
  EXPECT_THAT(count_sql(sample_tree(document)),
              HasSubstr("WHERE (score > 0) AND EXISTS (SELECT articles.title"));
}

TEST(DocumentSqlTest, ACompositeKeyIsComparedAsARow) {
  EXPECT_EQ(scan(R"({"table":"orders","columns":["note"]})", {true, true}),
            R"sql(SELECT pg_current_snapshot()::text || ':' || age('3'::xid) AS snapshot, NULL::text, NULL::text, )sql"
            R"sql(FINGERPRINT UNION ALL (SELECT NULL, "orders"."region"::text, )sql"
            R"sql("orders"."number"::text, (SELECT row_to_json(document.*) FROM )sql"
            R"sql((SELECT "orders"."note" AS "note") AS document) )sql"
            R"sql(FROM "public"."orders" AS "orders" )sql"
            R"sql(WHERE ("orders"."region", "orders"."number") > ($1::text, $2::integer) )sql"
            R"sql(AND ("orders"."region", "orders"."number") <= ($3::text, $4::integer) )sql"
            R"sql(ORDER BY "orders"."region", "orders"."number" LIMIT $5))sql");
}

TEST(DocumentSqlTest, AnUnboundedPageHasNoCondition) {
  const std::string sql = scan(R"({"table":"authors","columns":["id"]})", {});
  EXPECT_THAT(sql, HasSubstr(R"sql(FROM "public"."authors" AS "authors" )sql"
                             R"sql(ORDER BY "authors"."id" LIMIT $1)sql"));
}

TEST(DocumentSqlTest, AWalkOverAllRowsIsNotFilteredAsAScanIs) {
  const Node root = sample_tree(R"({"table":"authors","columns":["id"],"where":"name <> ''"})");
  const auto types = key_types_of(root, sample_catalog());
  EXPECT_THAT(scan_sql(root, types, {}), HasSubstr("WHERE (name <> '') ORDER BY"));
  EXPECT_THAT(scan_keys_sql(root, types, {}), HasSubstr("WHERE (name <> '') ORDER BY"));
  EXPECT_EQ(walk_all_sql(root, types, true),
            R"sql(SELECT pg_current_snapshot()::text || ':' || age('3'::xid) AS snapshot, NULL::text UNION ALL )sql"
            R"sql((SELECT NULL, "authors"."id"::text FROM "public"."authors" AS "authors" )sql"
            R"sql(WHERE ("authors"."id") > ($1::integer) ORDER BY "authors"."id" LIMIT $2))sql");
}

TEST(SqlTextTest, QuotesWhatUsersName) {
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("a\\b"), "E'a\\\\b'");
  EXPECT_EQ(array_literal({"a", "b\"c", "d\\", "", "NULL"}), R"({"a","b\"c","d\\","","NULL"})");
  EXPECT_EQ(array_literal({}), "{}");
}

}  // namespace
}  // namespace sluice::denorm
