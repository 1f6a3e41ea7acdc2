// Any text as the target of a request: a query for OpenSearch within the route's limits, or an
// answer that says what is wrong; both JSON.
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "router.hpp"
#include "sample_config.hpp"
#include "search_body.hpp"
#include "search_reply.hpp"
#include "utf8.hpp"

namespace sluice::search {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "search_query_fuzz: " << what << '\n';
  std::abort();
}

json parse(const std::string& text) {
  auto result = json::parse(text, nullptr, false);
  if (result.is_discarded()) fail("no JSON: " + text);
  return result;
}

/// An answer repeats no more of a request than a person needs to see.
void check_refusal(const HttpResponse& response) {
  const json body = parse(response.body);
  if (body.at("error").at("status") != 400) fail("a refusal with another status than 400");
  if (body.at("error").at("message").get<std::string>().empty()) fail("no reason");
  if (response.body.size() > 20'000) fail("a long answer: " + response.body);
}

/// The texts that stand for what the client asked for, wherever they are.
void collect_texts(const json& query, std::vector<std::string>& texts) {
  if (query.is_string()) texts.push_back(query);
  if (!query.is_structured()) return;
  for (const auto& each : query) collect_texts(each, texts);
}

void check_dates(const SearchRequest& request) {
  for (const auto& date : {request.date_from, request.date_to}) {
    if (date && parse_iso8601(format_iso8601(*date), DayBound::kFirst) != *date) {
      fail("a date that does not survive being written: " + format_iso8601(*date));
    }
  }
}

void check_condition(const SearchRequest& request, const json& query) {
  std::vector<std::string> texts;
  collect_texts(query, texts);
  const auto expect = [&](const std::string& text) {
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) fail("lost: " + text);
  };
  if (const auto* text = std::get_if<TextCondition>(&request.condition)) {
    for (const auto& word : text->words) expect(word);
    if (text->words.size() > 32) fail("too many words");
  }
  if (const auto* terms = std::get_if<TermsCondition>(&request.condition)) {
    for (const auto& term : terms->terms) expect(term);
    if (terms->terms.empty()) fail("no terms");
  }
}

void check_query(const RouteOptions& route, const SearchRequest& request, const json& body) {
  if (body.size() != 6) fail("a member that nobody asked for: " + body.dump());
  if (body.at("size") > route.limits.max_limit || body.at("size") < 1) fail("size");
  if (body.at("from") > route.limits.max_offset) fail("from");
  if (!body.at("query").is_object() || body.at("query").size() != 1) fail("not one query");
  if (body.at("sort").empty()) fail("no order");
  check_condition(request, body.at("query"));
  check_dates(request);
}

void check_target(const RequestTarget& target) {
  for (const auto& segment : target.segments) {
    if (!is_utf8(segment) || segment.find('\0') != std::string::npos) fail("an odd path");
  }
  for (const auto& [name, value] : target.parameters) {
    if (!is_utf8(name + value) || (name + value).find('\0') != std::string::npos) fail("odd text");
  }
}

void check(std::string_view text) {
  static const Config config = sample_config();
  static const Router router(config);
  try {
    const auto target = parse_target(text);
    check_target(target);
    const auto match = router.match(target.segments);
    if (!match) return;
    const auto request = read_search_request(*match->route, match->key, target.parameters);
    check_query(*match->route, request,
                parse(search_body(*match->route, request, config.tiebreak)));
  } catch (const MalformedTarget& error) {
    check_refusal(bad_target_reply(error));
  } catch (const ParameterError& error) {
    check_refusal(bad_parameter_reply(error));
  }
}

}  // namespace
}  // namespace sluice::search

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::search::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
