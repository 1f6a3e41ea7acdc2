#include "admin/bounded_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kConnections = 32;
constexpr std::chrono::seconds kTime(5);
constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr milliseconds kLookForStop(50);

/// Takes a connection once there is a thread for it; until then the one that accepts waits.
class ConnectionPool : public httplib::ThreadPool {
 public:
  ConnectionPool() : ThreadPool(kConnections) {}

  void enqueue(std::function<void()> serve) override {
    {
      std::unique_lock lock(mutex_);
      freed_.wait(lock, [this] { return free_ > 0; });
      --free_;
    }
    ThreadPool::enqueue([this, serve = std::move(serve)] {
      serve();
      const std::lock_guard lock(mutex_);
      ++free_;
      freed_.notify_one();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t free_ = kConnections;
};

/// A connection until its time is over, its bytes are too many, or the server stops.
class BoundedStream : public httplib::Stream {
 public:
  BoundedStream(socket_t socket, const std::atomic<socket_t>& listener)
      : socket_(socket), listener_(listener), end_(Clock::now() + kTime) {}

  bool is_readable() const override { return !unread_.empty() || is_ready(POLLIN); }
  bool is_writable() const override { return is_ready(POLLOUT); }

  ssize_t read(char* data, std::size_t size) override {
    if (unread_.empty()) {
      if (received_ >= kMaxBytes || !is_ready(POLLIN)) return -1;
      const auto count = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
      if (count <= 0) return count;
      unread_ = {buffer_.data(), static_cast<std::size_t>(count)};
      received_ += unread_.size();
    }
    const auto count = unread_.copy(data, size);
    unread_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* data, std::size_t size) override {
    while (true) {
      const auto count = ::send(socket_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
      const bool full = count < 0 && (errno == EAGAIN || errno == EINTR);
      if (!full || !is_ready(POLLOUT)) return count;
    }
  }

  // Nobody asks.
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  socket_t socket() const override { return socket_; }

 private:
  bool is_ready(short event) const {
    while (listener_ != INVALID_SOCKET) {
      const auto left = std::chrono::ceil<milliseconds>(end_ - Clock::now());
      if (left <= milliseconds(0)) return false;
      pollfd entry{socket_, event, 0};
      const auto slice = static_cast<int>(std::min(left, kLookForStop).count());
      const int ready = ::poll(&entry, 1, slice);
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return false;
    }
    return false;
  }

  const socket_t socket_;
  const std::atomic<socket_t>& listener_;
  const Clock::time_point end_;
  std::size_t received_ = 0;
  std::array<char, 4096> buffer_;
  std::string_view unread_;
};

}  // namespace

BoundedServer::BoundedServer() {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): so the library wants it
  new_task_queue = [] { return new ConnectionPool; };
}

bool BoundedServer::process_and_close_socket(socket_t socket) {
  BoundedStream stream(socket, svr_sock_);
  bool closed = false;
  const bool served = process_request(stream, /*close_connection=*/true, closed, nullptr);
  ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
  return served;
}

}  // namespace sluice
