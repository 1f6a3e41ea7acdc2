// An HTTP server on a free loopback port that runs for as long as the object lives.
#pragma once

#include <httplib.h>
#include <string>
#include <thread>
#include <utility>

namespace sluice::opensearch::testing {

/// Add handlers to `http()`, then `start()`.
template <typename Server = httplib::Server>
class FakeServer {
 public:
  template <typename... Arguments>
  explicit FakeServer(Arguments&&... arguments) : server_(std::forward<Arguments>(arguments)...) {
    server_.set_tcp_nodelay(true);
    port_ = server_.bind_to_any_port("127.0.0.1");
  }

  ~FakeServer() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  void start() {
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }

  Server& http() { return server_; }
  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  Server server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace sluice::opensearch::testing
