#include "search_body.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::search {
namespace {

using nlohmann::json;

// A fuzzy word becomes one clause for each field and expansion. OpenSearch refuses a query of more
// than 1024 clauses (indices.query.bool.max_clause_count), so many words share this budget.
constexpr std::size_t kClauseBudget = 900;
constexpr std::size_t kMaxExpansions = 20;

std::size_t expansions_per_clause(const TextCondition& condition) {
  const std::size_t clauses = condition.words.size() * condition.fields.size();
  return std::clamp<std::size_t>(kClauseBudget / std::max<std::size_t>(1, clauses), 1,
                                 kMaxExpansions);
}

json multi_match(const TextCondition& condition, const std::string& word,
                 const std::vector<std::string>& fields) {
  return {{"query", word},
          {"fields", fields},
          {"type", "best_fields"},
          {"operator", condition.op == Operator::kAnd ? "and" : "or"},
          {"lenient", true}};
}

json word_query(const TextCondition& condition, const std::string& word) {
  json queries = json::array();
  if (!condition.fields.empty()) {
    json match = multi_match(condition, word, condition.fields);
    if (condition.fuzzy) {
      match["fuzziness"] = "AUTO";
      match["prefix_length"] = 1;
      match["max_expansions"] = expansions_per_clause(condition);
    }
    queries.push_back({{"multi_match", std::move(match)}});
  }
  if (!condition.exact_fields.empty()) {
    queries.push_back({{"multi_match", multi_match(condition, word, condition.exact_fields)}});
  }
  if (queries.size() == 1) return queries.front();
  return {{"dis_max", {{"queries", std::move(queries)}}}};
}

/// Word by word rather than one multi_match of the whole text: "and" then means that each word is
/// in some field, not that one field has them all, and a hit with more of the words scores higher.
json text_query(const TextCondition& condition) {
  if (condition.words.empty()) return {{"match_none", json::object()}};
  json words = json::array();
  for (const auto& word : condition.words) words.push_back(word_query(condition, word));
  if (words.size() == 1) return words.front();
  if (condition.op == Operator::kAnd) return {{"bool", {{"must", std::move(words)}}}};
  return {{"bool", {{"should", std::move(words)}, {"minimum_should_match", 1}}}};
}

json nested_query(const RouteOptions& route, json query) {
  if (route.nested.empty()) return query;
  return {{"nested", {{"path", route.nested}, {"query", std::move(query)}}}};
}

json key_query(const RouteOptions& route, const KeyCondition& condition) {
  const json key = std::visit([](const auto& value) { return json(value); }, condition.key);
  return nested_query(route, {{"term", {{route.field, key}}}});
}

json terms_query(const RouteOptions& route, const TermsCondition& condition) {
  if (condition.match == Match::kAny) {
    return nested_query(route, {{"terms", {{route.field, condition.terms}}}});
  }
  json each = json::array();
  for (const auto& term : condition.terms) {
    each.push_back(nested_query(route, {{"term", {{route.field, term}}}}));
  }
  return {{"bool", {{"filter", std::move(each)}}}};
}

/// Matching a key or a term is no matter of degree: every hit scores 1.
json constant_score(json query) {
  return {{"constant_score", {{"filter", std::move(query)}}}};
}

json condition_query(const RouteOptions& route, const SearchRequest& request) {
  if (const auto* text = std::get_if<TextCondition>(&request.condition)) return text_query(*text);
  if (const auto* key = std::get_if<KeyCondition>(&request.condition)) {
    return constant_score(key_query(route, *key));
  }
  return constant_score(terms_query(route, std::get<TermsCondition>(request.condition)));
}

json with_date_range(const RouteOptions& route, const SearchRequest& request, json query) {
  if (!request.date_from && !request.date_to) return query;
  json range = {{"format", "strict_date_optional_time"}};
  if (request.date_from) range["gte"] = format_iso8601(*request.date_from);
  if (request.date_to) range["lte"] = format_iso8601(*request.date_to);
  return {{"bool",
           {{"must", std::move(query)},
            {"filter", {{"range", {{route.date_field, std::move(range)}}}}}}}};
}

json sort_keys(const Sort& sort, const std::string& tiebreak) {
  json key = {{"order", sort.descending ? "desc" : "asc"}};
  if (sort.field != kScore) key["missing"] = "_last";
  json keys = json::array({{{sort.field, std::move(key)}}});
  if (sort.field != tiebreak) keys.push_back({{tiebreak, {{"order", "asc"}}}});
  return keys;
}

}  // namespace

std::string search_body(const RouteOptions& route, const SearchRequest& request,
                        const std::string& tiebreak) {
  const json body = {{"query", with_date_range(route, request, condition_query(route, request))},
                     {"from", request.offset},
                     {"size", request.limit},
                     {"sort", sort_keys(request.sort, tiebreak)},
                     {"track_scores", true},
                     {"track_total_hits", true}};
  return body.dump();
}

}  // namespace sluice::search
