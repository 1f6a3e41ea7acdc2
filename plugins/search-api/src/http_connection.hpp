// One client's connection: bytes in, requests handed out one at a time, responses back in order.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http_parser.hpp"
#include "http_server.hpp"
#include "io_loop.hpp"

namespace sluice::search {

class Connection;

/// What the connections of one server have in common.
struct ConnectionContext {
  HttpServer::Options options;
  HttpServer::Handler handler;
  std::function<void(const Connection&)> on_closed;  ///< on the loop's thread, once for each
  std::size_t held_output = 0;                       ///< bytes that clients have yet to take
  std::unique_ptr<IoLoop> loop;
};

/// Lives on the loop's thread; what other threads may call is marked. Owns the socket, which is
/// non-blocking.
///
/// Takes nothing from the client while a request is under way or a response is not taken yet, so
/// that a flood of requests waits in the network, not in memory.
class Connection : public IoLoop::Watched, public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(int socket, std::shared_ptr<ConnectionContext> context);
  ~Connection() override;

  /// Begins to take requests. Throws std::runtime_error where the socket cannot be watched.
  void start();

  void on_ready(IoLoop::Ready ready) override;

  /// Answers the request that is under way. Thread-safe.
  void respond(HttpResponse response);

  /// Answers before any request, with 503, and closes.
  void refuse(const std::string& message);

  /// Enforces the time limits.
  void tick(Clock::time_point now);

  /// Closes once nothing is under way, and takes no further request.
  void drain();

  /// Closes whatever is under way.
  void close();

  /// An error for the client that the handler knows nothing of. Thread-safe.
  HttpResponse error(int status, const std::string& message) const;

  bool is_open() const { return open_; }  ///< thread-safe
  bool is_working() const { return answering_ || has_output(); }

  /// When it was opened, or its last response was sent.
  Clock::time_point idle_since() const { return idle_since_; }

 private:
  void take_response(const HttpResponse& response);
  void read();
  void serve();
  bool take_request(HttpRequest& request);
  void hand_out(const HttpRequest& request);
  void send(const HttpResponse& response, bool head);
  void add_error_headers(HttpResponse& response) const;
  bool has_output() const { return sent_ < output_.size(); }
  void flush();
  void output_is_gone();
  void note_held_output();
  void watch_what_matters();
  void cut_off();
  void set_deadline(std::chrono::milliseconds from_now) { deadline_ = Clock::now() + from_now; }

  const std::shared_ptr<ConnectionContext> context_;
  int socket_;
  IoLoop::Key key_ = 0;
  std::atomic<bool> open_ = true;
  bool wants_input_ = true;  // as the loop knows it
  bool wants_output_ = false;

  HttpParser parser_;
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  std::size_t held_ = 0;  // what of context_->held_output is this connection's

  bool serving_ = false;    // in serve()
  bool answering_ = false;  // a request is with the handler
  bool answering_head_ = false;
  bool keep_alive_ = true;
  bool finished_ = false;      // no further request; to be closed once the output is gone
  std::size_t discarded_ = 0;  // bytes that came after that
  Clock::time_point deadline_;
  Clock::time_point answer_deadline_;  // for the client to have taken all of a response
  Clock::time_point idle_since_ = Clock::now();
};

/// What a Reply stands for. Answers with 500 at its end if nothing else did. Thread-safe.
class Exchange {
 public:
  explicit Exchange(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void answer(HttpResponse response);
  bool wanted() const { return connection_->is_open(); }

 private:
  std::shared_ptr<Connection> connection_;
  std::atomic<bool> answered_ = false;
};

}  // namespace sluice::search
