// Which web pages may read the answers: cross-origin resource sharing, as the Fetch standard has
// it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http_message.hpp"

namespace sluice::search {

struct CorsOptions {
  std::vector<std::string> origins;  ///< scheme://host[:port], or "*" alone; none: CORS is off
  std::chrono::seconds max_age{600};
};

/// Immutable, so thread-safe. Cookies play no part in this API, so Access-Control-Allow-Credentials
/// is never sent.
class Cors {
 public:
  explicit Cors(CorsOptions options) : options_(std::move(options)) {}

  bool enabled() const { return !options_.origins.empty(); }

  /// What every response to this request carries, errors included.
  HttpHeaders headers_for(const HttpRequest& request) const;

  /// For a response to what could not be read as a request: its origin is not known.
  HttpHeaders headers_for_unknown_origin() const;

  /// The answer to a preflight request, before `headers_for` is added; nothing where the request is
  /// none. An origin that is not on the list is allowed nothing.
  std::optional<HttpResponse> preflight(const HttpRequest& request) const;

 private:
  bool any_origin() const { return options_.origins.front() == "*"; }
  HttpHeaders allow(std::string_view origin) const;
  bool allows(std::string_view origin) const;

  CorsOptions options_;
};

}  // namespace sluice::search
