// What OpenSearch answered, as what the client is told.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <sluice-opensearch/client.hpp>
#include <string>

#include "http_message.hpp"
#include "request_target.hpp"
#include "search_request.hpp"

namespace sluice::search {

/// An error as JSON: {"error":{"status":404,"message":"..."}}
HttpResponse error_reply(int status, const std::string& message);

/// 400, naming the parameter, its value and what is allowed.
HttpResponse bad_parameter_reply(const ParameterError& error);
HttpResponse bad_target_reply(const MalformedTarget& error);

/// For 503, where the client need not know why.
inline constexpr const char* kUnavailable =
    "Search is not available at the moment. Try again shortly.";

/// 503 with Retry-After.
HttpResponse unavailable_reply(const std::string& message);

/// The answer to a `_search` call: hits where it went well, else 400, 502 or 503. Text of
/// OpenSearch's errors never reaches the client; `for_log` receives it where there is one.
HttpResponse search_reply(const SearchRequest& request, const opensearch::Response& response,
                          std::string& for_log);

}  // namespace sluice::search
