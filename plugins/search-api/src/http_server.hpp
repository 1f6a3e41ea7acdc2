// HTTP/1.1 on one I/O thread.
//
// Pistache 0.0.5 lends its reactor. Its HTTP layer is not used, since it drops repeated query
// parameters, decodes nothing, answers only the first of several pipelined requests and cannot
// close a connection; for what lies below, see io_loop.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http_message.hpp"

namespace sluice::search {

class Exchange;

/// The right to answer one request. Copies are the same right; whichever answers first counts, and
/// if none does the client gets 500. Thread-safe; may outlive the connection and the server.
class Reply {
 public:
  explicit Reply(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  void send(HttpResponse response) const;

  /// False once the client has gone.
  bool wanted() const;

 private:
  std::shared_ptr<Exchange> exchange_;
};

class HttpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;              ///< 0: any free port
    std::size_t max_connections = 4096;  ///< less where the process may have too few descriptors
    std::chrono::milliseconds min_idle{2000};  ///< before a connection makes room for a new one
    std::chrono::milliseconds request_timeout{10'000};  ///< from a request's first byte to its last
    std::chrono::milliseconds idle_timeout{60'000};     ///< between requests
    std::chrono::milliseconds write_timeout{20'000};    ///< without the client reading anything
    std::chrono::milliseconds answer_timeout{60'000};   ///< until it has read all of a response
    std::size_t max_held_output = std::size_t{64} << 20;  ///< bytes that clients have yet to read
    HttpHeaders error_headers{};  ///< of answers to what did not get as far as the handler
  };

  /// Answers one request, here or later from another thread. Called on the I/O thread: it must not
  /// block. A connection's requests come one by one.
  using Handler = std::function<void(const HttpRequest&, const Reply&)>;

  /// Listens. Throws std::runtime_error, naming address and reason, where it cannot.
  HttpServer(const Options& options, Handler handler);
  ~HttpServer();  ///< stops at once
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;

  /// Whether this machine alone reaches it: by where it listens, not by what the address is called.
  bool is_on_loopback() const;

  /// How many connections it takes: at most what the options say. Beyond, the one that has been
  /// idle the longest is closed; where none has been for `min_idle`, the new one gets 503.
  std::size_t max_connections() const;

  /// Takes no further requests, waits at most `timeout` for those under way to be answered and
  /// sent, then closes. New connections meanwhile get 503.
  void stop(std::chrono::milliseconds timeout);

 private:
  class Acceptor;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::search
