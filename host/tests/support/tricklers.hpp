#pragma once

#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/wait.hpp"

namespace sluice::test {

/// Clients that send a byte of a request's head now and then, and never its end: for 40 s at most,
/// so that a server that waits for them is a failure and not the end of all tests.
class Tricklers {
 public:
  Tricklers(int port, int count) {
    for (int i = 0; i < count; ++i) {
      sockets_.push_back(connected_to(port));
      tell(sockets_.back(), "GET /health HTTP/1.1\r\nX: ");
    }
    thread_ = std::jthread([this](const std::stop_token& stop) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(40);
      while (std::chrono::steady_clock::now() < end && wait(stop, std::chrono::milliseconds(50))) {
        for (const int socket : sockets_) tell(socket, "a");
      }
      for (const int socket : sockets_) ::close(socket);
    });
  }

  static int connected_to(int port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return socket;
  }
  /// False once the other side is gone.
  static bool tell(int socket, std::string_view text) {
    return ::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == std::ssize(text);
  }

 private:
  std::vector<int> sockets_;
  std::jthread thread_;
};

}  // namespace sluice::test
