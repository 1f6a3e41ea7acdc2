#include "cors.hpp"

#include <algorithm>

namespace sluice::search {

HttpHeaders Cors::headers_for(const HttpRequest& request) const {
  if (!enabled()) return {};
  const auto origins = request.all("origin");
  return allow(origins.size() == 1 ? origins.front() : std::string_view{});
}

HttpHeaders Cors::headers_for_unknown_origin() const {
  if (!enabled()) return {};
  // With one origin there is nothing to choose: the browser compares it with its own.
  return allow(options_.origins.size() == 1 ? options_.origins.front() : "");
}

std::optional<HttpResponse> Cors::preflight(const HttpRequest& request) const {
  const auto origins = request.all("origin");
  const bool asks = enabled() && request.method == "OPTIONS" && origins.size() == 1 &&
                    !request.all("access-control-request-method").empty();
  if (!asks) return std::nullopt;
  HttpResponse response{204, ""};
  if (!any_origin() && !allows(origins.front())) return response;
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Authorization, X-API-Key, Content-Type");
  response.headers.emplace_back("Access-Control-Max-Age", std::to_string(options_.max_age.count()));
  return response;
}

HttpHeaders Cors::allow(std::string_view origin) const {
  HttpHeaders headers;
  if (any_origin()) {
    headers.emplace_back("Access-Control-Allow-Origin", "*");
  } else if (allows(origin)) {
    headers.emplace_back("Access-Control-Allow-Origin", origin);
  }
  if (!headers.empty()) {
    headers.emplace_back("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate");
  }
  // Caches must not hand one origin's answer to another, nor that to a request without one.
  if (!any_origin()) headers.emplace_back("Vary", "Origin");
  return headers;
}

bool Cors::allows(std::string_view origin) const {
  return std::find(options_.origins.begin(), options_.origins.end(), origin) !=
         options_.origins.end();
}

}  // namespace sluice::search
