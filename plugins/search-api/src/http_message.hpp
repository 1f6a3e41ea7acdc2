// HTTP requests and responses as values.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::search {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;      ///< as sent, still percent-encoded
  bool keep_alive = true;  ///< what the client wants to happen after the response
  HttpHeaders headers;     ///< names in lower case
  std::chrono::steady_clock::time_point arrived;

  /// The values of every header of this name, given in lower case.
  std::vector<std::string_view> all(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string body;       ///< JSON, or empty
  HttpHeaders headers{};  ///< beside the usual ones
};

/// The response as sent. HEAD: the headers of the whole response, without its body.
std::string to_wire(const HttpResponse& response, bool head, bool keep_alive);

}  // namespace sluice::search
