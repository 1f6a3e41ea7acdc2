#include "search_body.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sample_config.hpp"

namespace sluice::search {
namespace {

using nlohmann::json;

json body_of(const RouteOptions& route, const std::string& query, const std::string& key = "") {
  const auto request = read_search_request(route, key, parse_target("/?" + query).parameters);
  return json::parse(search_body(route, request, "id"));
}

json operator""_json_value(const char* text, std::size_t size) {
  return json::parse(text, text + size);
}

TEST(SearchBody, OfOneWordIsOneMultiMatch) {
  EXPECT_EQ(body_of(text_route(), "q=fish"), R"({
    "query": {"multi_match": {"query": "fish", "type": "best_fields", "operator": "or",
              "lenient": true, "fields": ["slug^2", "name^3", "name.parts", "description"]}},
    "from": 0, "size": 20,
    "sort": [{"_score": {"order": "desc"}}, {"id": {"order": "asc"}}],
    "track_scores": true, "track_total_hits": true})"_json_value);
}

TEST(SearchBody, WithOrNeedsOneOfTheWords) {
  const auto query = body_of(text_route(), "q=big+fish").at("query").at("bool");
  EXPECT_EQ(query.at("should").size(), 2U);
  EXPECT_EQ(query.at("minimum_should_match"), 1);
  EXPECT_EQ(query.at("should")[1].at("multi_match").at("query"), "fish");
}

TEST(SearchBody, WithAndNeedsEachWordInSomeField) {
  const auto query = body_of(text_route(), "q=big+fish&operator=and").at("query").at("bool");
  ASSERT_EQ(query.at("must").size(), 2U);
  EXPECT_EQ(query.at("must")[0].at("multi_match").at("operator"), "and");
}

TEST(SearchBody, OfPunctuationAloneMatchesNothing) {
  EXPECT_EQ(body_of(text_route(), "q=%26").at("query"), R"({"match_none": {}})"_json_value);
}

TEST(SearchBody, FuzzyIsBounded) {
  const auto match = body_of(text_route(), "q=fish&fuzzy=true").at("query").at("multi_match");
  EXPECT_EQ(match.at("fuzziness"), "AUTO");
  EXPECT_EQ(match.at("prefix_length"), 1);
  EXPECT_EQ(match.at("max_expansions"), 20);
}

TEST(SearchBody, FuzzyWithManyWordsStaysBelowTheClauseLimit) {
  std::string words = "a";
  for (int i = 0; i < 31; ++i) words += "+b";
  const auto should =
      body_of(text_route(), "fuzzy=true&q=" + words).at("query").at("bool").at("should");
  std::size_t clauses = 0;
  for (const auto& word : should) {
    const auto& match = word.at("multi_match");
    clauses += match.at("fields").size() * match.at("max_expansions").get<std::size_t>();
  }
  EXPECT_LE(clauses, 1024U);
}

TEST(SearchBody, CarriesTextOfAnyKindUnharmed) {
  const auto query = body_of(text_route(), "q=a%22%5C%7D%7B%F0%9F%98%80").at("query");
  EXPECT_EQ(query.at("multi_match").at("query"), "a\"\\}{😀");
}

TEST(SearchBody, SortsByTheFieldBehindTheNameWithATiebreak) {
  EXPECT_EQ(body_of(text_route(), "q=a&sort_by=name&sort_order=asc").at("sort"),
            R"([{"name.keyword": {"order": "asc", "missing": "_last"}},
                {"id": {"order": "asc"}}])"_json_value);
}

TEST(SearchBody, NeedsNoTiebreakWhereTheTiebreakIsTheSortField) {
  auto route = text_route();
  route.sort.fields["id"] = "id";
  EXPECT_EQ(body_of(route, "q=a&sort_by=id").at("sort").size(), 1U);
}

TEST(SearchBody, FiltersByDateWithoutTouchingTheScore) {
  const auto query =
      body_of(text_route(), "q=a&date_from=2026-01-01&date_to=2026-01-31").at("query").at("bool");
  EXPECT_TRUE(query.at("must").contains("multi_match"));
  EXPECT_EQ(query.at("filter"), R"({"range": {"created_at": {
    "gte": "2026-01-01T00:00:00.000000Z", "lte": "2026-01-31T23:59:59.999999Z",
    "format": "strict_date_optional_time"}}})"_json_value);
}

TEST(SearchBody, MayHaveOneDateBoundOnly) {
  const auto range = body_of(text_route(), "q=a&date_to=2026-01-31T10:00:00Z")
                         .at("query")
                         .at("bool")
                         .at("filter")
                         .at("range")
                         .at("created_at");
  EXPECT_FALSE(range.contains("gte"));
  EXPECT_EQ(range.at("lte"), "2026-01-31T10:00:00.000000Z");
}

TEST(SearchBody, OfAKeyLooksInTheNestedPath) {
  const auto body = body_of(key_route(), "limit=5&offset=10", "42");
  EXPECT_EQ(body.at("query"), R"({"constant_score": {"filter":
    {"nested": {"path": "users", "query": {"term": {"users.id": 42}}}}}})"_json_value);
  EXPECT_EQ(body.at("size"), 5);
  EXPECT_EQ(body.at("from"), 10);
  EXPECT_EQ(body.at("sort")[0],
            R"({"created_at": {"order": "desc", "missing": "_last"}})"_json_value);
}

TEST(SearchBody, OfAKeyMayLookAtAPlainField) {
  auto route = key_route();
  route.nested.clear();
  route.integer_key = false;
  EXPECT_EQ(body_of(route, "", "x").at("query"),
            R"({"constant_score": {"filter": {"term": {"users.id": "x"}}}})"_json_value);
}

TEST(SearchBody, OfAnyTermIsOneNestedQuery) {
  EXPECT_EQ(body_of(terms_route(), "hashtags=a,b").at("query"), R"({"constant_score": {"filter":
    {"nested": {"path": "hashtags", "query": {"terms": {"hashtags.name": ["a", "b"]}}}}}})"_json_value);
}

TEST(SearchBody, OfAllTermsIsANestedQueryForEach) {
  const auto filter = body_of(terms_route(), "hashtags=a,b&match=all")
                          .at("query")
                          .at("constant_score")
                          .at("filter")
                          .at("bool")
                          .at("filter");
  ASSERT_EQ(filter.size(), 2U);
  EXPECT_EQ(filter[1], R"({"nested": {"path": "hashtags",
    "query": {"term": {"hashtags.name": "b"}}}})"_json_value);
}

}  // namespace
}  // namespace sluice::search
