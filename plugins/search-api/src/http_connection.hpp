// One client's connection: bytes in, requests handed out one at a time, responses back in order.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http_parser.hpp"
#include "http_server.hpp"

namespace sluice::search {

/// Thread-safe. Uses the socket, which is non-blocking, but never closes it: shutting it down makes
/// the poller see its end, close it and call `on_closed`, after which it is not used any more.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(int socket, const HttpServer::Options& options, const HttpServer::Handler& handler);

  void on_input(std::string_view bytes);
  void on_closed();

  /// Answers the request that is under way.
  void respond(const HttpResponse& response);

  /// Answers before any request, and closes.
  void refuse(const HttpResponse& response);

  /// Sends what the client did not take before, and enforces the time limits.
  void tick(Clock::time_point now);

  /// Closes once nothing is under way, and takes no further request.
  void drain();

  /// Closes whatever is under way.
  void abort();

  bool is_open() const;
  bool is_working() const;  ///< a request or its response is under way

 private:
  void serve();
  bool take_request(HttpRequest& request);
  void send(const HttpResponse& response, bool head);
  void flush();
  void shut_down(int how);
  void cut_off();
  void set_deadline(std::chrono::milliseconds from_now);

  const HttpServer::Options& options_;
  const HttpServer::Handler& handler_;

  mutable std::mutex mutex_;
  int socket_;
  HttpParser parser_;
  std::string output_;      // what the socket did not take yet
  bool serving_ = false;    // a thread is in serve()
  bool answering_ = false;  // a request is with the handler
  bool answering_head_ = false;
  bool keep_alive_ = true;
  bool finished_ = false;      // no further request; to be closed once output_ is sent
  std::size_t discarded_ = 0;  // bytes that came after that
  Clock::time_point deadline_;
};

/// What a Reply stands for. Answers with 500 at its end if nothing else did.
class Exchange {
 public:
  explicit Exchange(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void answer(const HttpResponse& response);
  bool wanted() const { return connection_->is_open(); }

 private:
  std::shared_ptr<Connection> connection_;
  std::atomic<bool> answered_ = false;
};

}  // namespace sluice::search
