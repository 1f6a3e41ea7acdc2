#include "search_reply.hpp"

#include <nlohmann/json.hpp>
#include <simdjson.h>
#include <string_view>

#include "utf8.hpp"

namespace sluice::search {
namespace {

using Json = nlohmann::ordered_json;  // people read errors: status and message first

constexpr std::size_t kLongestLogText = 2000;
constexpr const char* kRetryAfterSeconds = "1";
constexpr const char* kTooSlow = "OpenSearch did not answer in time.";

HttpResponse json_reply(int status, const Json& body) {
  return {status, body.dump(-1, ' ', false, Json::error_handler_t::replace), {}};
}

/// Appends one hit; its document is copied as OpenSearch printed it.
void append_hit(simdjson::ondemand::object hit, std::string& out) {
  std::string_view id;
  std::string_view score = "null";
  std::string_view document = "null";
  for (auto member : hit) {
    const std::string_view key = member.unescaped_key();
    if (key == "_id") {
      id = member.value().raw_json_token();
    } else if (key == "_score") {
      score = member.value().raw_json_token();
    } else if (key == "_source") {
      simdjson::ondemand::object source = member.value();
      document = source.raw_json();
    }
  }
  if (id.empty()) throw simdjson::simdjson_error(simdjson::NO_SUCH_FIELD);
  const auto trim = [](std::string_view token) {
    return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  };
  out += R"({"id":)";
  out += trim(id);
  out += R"(,"score":)";
  out += trim(score);
  out += R"(,"document":)";
  out += document;
  out += '}';
}

/// Thrown and caught in this file alone.
struct RanOutOfTime {};

bool flag(simdjson::ondemand::document& answer, const char* name) {
  bool value = false;
  return answer[name].get(value) == simdjson::SUCCESS && value;
}

std::string hits_json(const SearchRequest& request, const std::string& body) {
  const simdjson::padded_string padded(body);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document answer = parser.iterate(padded);
  const std::uint64_t took = answer["took"];
  if (flag(answer, "timed_out")) throw RanOutOfTime{};
  const bool terminated_early = flag(answer, "terminated_early");
  simdjson::ondemand::object hits = answer["hits"];
  const std::uint64_t total = hits["total"]["value"];
  std::string out;
  out.reserve(body.size() + 128);
  out += R"({"total":)" + std::to_string(total) + R"(,"limit":)" + std::to_string(request.limit) +
         R"(,"offset":)" + std::to_string(request.offset) + R"(,"took_ms":)" +
         std::to_string(took) + (terminated_early ? R"(,"terminated_early":true)" : "") +
         R"(,"hits":[)";
  bool first = true;
  for (auto hit : hits["hits"]) {
    if (!first) out += ',';
    first = false;
    append_hit(hit.get_object(), out);
  }
  return out + "]}";
}

bool mentions(const std::string& body, std::string_view text) {
  return body.find(text) != std::string::npos;
}

/// A refusal that the client's parameters brought about.
std::optional<ParameterError> refused_parameter(const SearchRequest& request,
                                                const std::string& body) {
  if (mentions(body, "too_many_clauses") || mentions(body, "too_many_nested_clauses") ||
      mentions(body, "maxClauseCount") || mentions(body, "fuzzy_terms_exception")) {
    return ParameterError("'q' is too complex to search for: use fewer or simpler words.", "q", "",
                          "a shorter text");
  }
  if (mentions(body, "Result window is too large")) {
    return ParameterError("'offset' plus 'limit' goes beyond what this index can page through.",
                          "offset", std::to_string(request.offset), "a smaller offset");
  }
  return std::nullopt;
}

/// With allow_partial_search_results=false OpenSearch answers so, with status 500 or 504.
bool ran_out_of_time(const std::string& body) {
  return mentions(body, "Time exceeded") || mentions(body, "task_cancelled_exception");
}

bool is_passing(long status) {
  return status == 404 || status == 408 || status == 429 || (status >= 502 && status <= 504);
}

}  // namespace

HttpResponse error_reply(int status, const std::string& message) {
  return json_reply(status, {{"error", {{"status", status}, {"message", message}}}});
}

HttpResponse bad_parameter_reply(const ParameterError& error) {
  return json_reply(400, {{"error",
                           {{"status", 400},
                            {"message", error.what()},
                            {"parameter", error.parameter()},
                            {"value", error.value()},
                            {"allowed", Json(error.allowed())}}}});
}

HttpResponse bad_target_reply(const MalformedTarget& error) {
  if (error.parameter().empty()) return error_reply(400, error.what());
  return bad_parameter_reply(ParameterError(error.what(), error.parameter(),
                                            shortened(error.raw_value(), 200),
                                            "UTF-8 text, percent-encoded"));
}

HttpResponse unavailable_reply(const std::string& message) {
  auto reply = error_reply(503, message);
  reply.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return reply;
}

HttpResponse search_reply(const SearchRequest& request, const opensearch::Response& response,
                          std::string& for_log) {
  if (response.ok()) {
    try {
      return {200, hits_json(request, response.body), {}};
    } catch (const simdjson::simdjson_error& error) {
      for_log = std::string("unusable answer (") + error.what() +
                "): " + shortened(response.body, kLongestLogText);
      return error_reply(502, "OpenSearch gave an answer that could not be used.");
    } catch (const RanOutOfTime&) {
      return unavailable_reply(kTooSlow);
    }
  }
  for_log = "status " + std::to_string(response.status) + ": " +
            shortened(response.body, kLongestLogText);
  if (const auto refused = refused_parameter(request, response.body)) {
    return bad_parameter_reply(*refused);
  }
  if (ran_out_of_time(response.body)) return unavailable_reply(kTooSlow);
  if (is_passing(response.status)) {
    return unavailable_reply(kUnavailable);
  }
  return error_reply(502, "OpenSearch could not answer this search.");
}

}  // namespace sluice::search
