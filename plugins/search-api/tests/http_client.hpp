// A client that sends exactly the bytes that a test says.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace sluice::search {

struct ClientResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// Every wait ends after ten seconds with std::runtime_error.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void send(std::string_view bytes) const;

  /// Sends as much as goes without waiting for longer than `patience`; how many bytes that was.
  std::size_t send_what_goes(std::string_view bytes, std::chrono::milliseconds patience) const;

  /// Closes with a reset instead of an orderly end.
  void reset();

  /// The next response; `head`: of a HEAD request, so without a body.
  ClientResponse receive(bool head = false);

  /// Sends a GET on the kept-alive connection and waits for its response.
  ClientResponse get(const std::string& target);

  /// Waits for the server to close; false where bytes come instead.
  bool closed_by_server();

  int socket() const { return socket_; }

 private:
  bool fill();

  int socket_;
  std::string buffer_;
};

std::string get_request(const std::string& target);

/// One GET on a connection of its own.
ClientResponse get(std::uint16_t port, const std::string& target);

}  // namespace sluice::search
