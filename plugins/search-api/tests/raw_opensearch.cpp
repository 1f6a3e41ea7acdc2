#include "raw_opensearch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sluice::search {
namespace {

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

RawOpenSearch::RawOpenSearch(std::string answer, std::string filler)
    : answer_(std::move(answer)),
      filler_(std::move(filler)),
      listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(listener_, 64);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

RawOpenSearch::~RawOpenSearch() {
  thread_.request_stop();
  ::shutdown(listener_, SHUT_RDWR);  // ends accept()
  thread_.join();
  ::close(listener_);
}

void RawOpenSearch::run(const std::stop_token& stop) const {
  while (!stop.stop_requested()) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) continue;
    serve(socket);
    ::close(socket);
  }
}

void RawOpenSearch::serve(int socket) const {
  char bytes[64 * 1024];
  if (::recv(socket, bytes, sizeof bytes, 0) <= 0) return;
  bool goes_on = send_all(socket, answer_);
  while (goes_on && !filler_.empty()) goes_on = send_all(socket, filler_);
}

}  // namespace sluice::search
