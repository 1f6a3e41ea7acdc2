// HTTP requests and responses as values.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace sluice::search {

struct HttpRequest {
  std::string method;
  std::string target;      ///< as sent, still percent-encoded
  bool keep_alive = true;  ///< what the client wants to happen after the response
  std::chrono::steady_clock::time_point arrived;
};

struct HttpResponse {
  int status = 200;
  std::string body;                                            ///< JSON, or empty
  std::vector<std::pair<std::string, std::string>> headers{};  ///< beside the usual ones
};

/// The response as sent. HEAD: the headers of the whole response, without its body.
std::string to_wire(const HttpResponse& response, bool head, bool keep_alive);

}  // namespace sluice::search
