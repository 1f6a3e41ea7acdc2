#include "raw_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::opensearch::testing {
namespace {

constexpr int kPollMs = 10;

bool readable(int socket) {
  pollfd entry{.fd = socket, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, kPollMs) > 0;
}

}  // namespace

RawServer::RawServer(std::vector<Script> scripts) : scripts_(std::move(scripts)) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 8) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("no loopback port");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
  stopping_ = true;
  acceptor_.join();
  close(listener_);
}

void RawServer::accept_all() {
  std::vector<std::thread> workers;
  while (!stopping_) {
    if (!readable(listener_)) continue;
    const int socket = accept(listener_, nullptr, nullptr);
    const auto index = static_cast<std::size_t>(connections_++);
    workers.emplace_back([this, socket, index] { serve(socket, index); });
  }
  for (auto& worker : workers) worker.join();
}

std::string RawServer::read_request(int socket) {
  std::string request;
  std::array<char, 4096> buffer{};
  while (!stopping_ && request.find("\r\n\r\n") == std::string::npos) {
    if (!readable(socket)) continue;
    const auto count = recv(socket, buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    request.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return request;
}

void RawServer::serve(int socket, std::size_t index) {
  const Script& script = scripts_[std::min(index, scripts_.size() - 1)];
  const std::string request = read_request(socket);
  if (index == 0) first_request_.set_value(request);
  send(socket, script.bytes.data(), script.bytes.size(), MSG_NOSIGNAL);
  while (script.ending == Ending::kHang && !stopping_) {
    std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
  }
  if (script.ending == Ending::kReset) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  close(socket);
}

}  // namespace sluice::opensearch::testing
