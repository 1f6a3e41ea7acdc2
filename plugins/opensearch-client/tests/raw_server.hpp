// A loopback server that sends the bytes it is told to, for answers no HTTP library would send.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace sluice::opensearch::testing {

enum class Ending { kClose, kReset, kHang };

/// What a connection does: reads a request's head, sends `bytes`, then ends so.
struct Script {
  std::string bytes;
  Ending ending = Ending::kClose;
};

class RawServer {
 public:
  /// The nth connection follows the nth script, later ones the last.
  explicit RawServer(std::vector<Script> scripts);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

  /// What the first connection sent, at least to the end of its head; blocks until then.
  std::string first_request() const { return received_.get(); }

 private:
  void accept_all();
  void serve(int socket, std::size_t index);
  std::string read_request(int socket);

  std::vector<Script> scripts_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::promise<std::string> first_request_;
  std::shared_future<std::string> received_ = first_request_.get_future().share();
  std::thread acceptor_;
};

}  // namespace sluice::opensearch::testing
