#include "http_server.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "http_connection.hpp"
#include "io_loop.hpp"

namespace sluice::search {
namespace {

using Clock = Connection::Clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick{50};
constexpr int kAcceptsPerTurn = 64;
constexpr std::size_t kMaxRefused = 64;  // being told so at a time; others are just closed

struct AddressesDeleter {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesDeleter>;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int get() const { return descriptor_; }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_;
};

std::string bare(const std::string& address) {
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  return bracketed ? address.substr(1, address.size() - 2) : address;
}

Addresses look_up(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(bare(address).c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) throw std::runtime_error(::gai_strerror(error));
  return Addresses(found);
}

int listen_on(const std::string& address, std::uint16_t port) {
  const auto addresses = look_up(address, port);
  int error = 0;
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    const int descriptor =
        ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    const int one = 1;
    if (descriptor >= 0 &&
        ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        ::bind(descriptor, at->ai_addr, at->ai_addrlen) == 0 &&
        ::listen(descriptor, SOMAXCONN) == 0) {
      return descriptor;
    }
    error = errno;
    if (descriptor >= 0) ::close(descriptor);
  }
  throw std::runtime_error(std::strerror(error));
}

int listen_on(const HttpServer::Options& options) {
  try {
    return listen_on(options.address, options.port);
  } catch (const std::exception& error) {
    throw std::runtime_error("cannot listen on " + options.address + ":" +
                             std::to_string(options.port) + ": " + error.what() +
                             " (see the options `port` and `address`)");
  }
}

sockaddr_storage address_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return address;
}

std::uint16_t port_of(const sockaddr_storage& address) {
  const auto port = address.ss_family == AF_INET6
                        ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                        : reinterpret_cast<const sockaddr_in&>(address).sin_port;
  return ntohs(port);
}

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) {
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  }
  return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == 127;
}

/// Half of the process's descriptors, but for 512, are left to the rest of it.
std::size_t most_connections(std::size_t wanted) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const auto rest = std::min<rlim_t>(files.rlim_cur / 2, 512);
  return std::min<std::size_t>(wanted, files.rlim_cur - rest);
}

bool is_out_of_something(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

template <typename Condition>
void wait_until(Condition condition, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (!condition() && Clock::now() < deadline) std::this_thread::sleep_for(milliseconds(5));
}

}  // namespace

/// The listening socket and the open connections; all of it on the loop's thread.
class HttpServer::Acceptor : public IoLoop::Watched, public std::enable_shared_from_this<Acceptor> {
 public:
  explicit Acceptor(std::shared_ptr<ConnectionContext> context)
      : context_(std::move(context)),
        limit_(most_connections(context_->options.max_connections)),
        listener_(listen_on(context_->options)),
        address_(address_of(listener_.get())) {}

  const sockaddr_storage& address() const { return address_; }
  std::size_t limit() const { return limit_; }

  void start() { key_ = context_->loop->watch(listener_.get(), shared_from_this()); }

  void on_ready(IoLoop::Ready) override {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      const int socket = ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket >= 0) {
        add(socket);
      } else if (is_out_of_something(errno)) {
        if (!make_room()) pause();
        return;
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return;
      }  // else a client that has left already
    }
  }

  void tick() {
    resume();
    const auto now = Clock::now();
    for (const auto& connection : all()) connection->tick(now);
  }

  void forget(const Connection& connection) { open_.erase(&connection); }

  void drain() {
    draining_ = true;
    for (const auto& connection : all()) connection->drain();
  }

  bool any_working() const {
    return std::any_of(open_.begin(), open_.end(),
                       [](const auto& entry) { return entry.second->is_working(); });
  }

  void close() {
    for (const auto& connection : all()) connection->close();
    context_->loop->unwatch(key_, listener_.get());
    listener_.close();
  }

 private:
  using Open = std::map<const Connection*, std::shared_ptr<Connection>>;

  void add(int socket) {
    const int one = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const auto connection = std::make_shared<Connection>(socket, context_);
    const bool room = open_.size() < limit_ || make_room();
    if (!room && open_.size() >= limit_ + kMaxRefused) return;  // which closes it
    connection->start();
    open_.emplace(connection.get(), connection);
    if (draining_) {
      connection->refuse("The service is stopping.");
    } else if (!room) {
      connection->refuse("There are too many connections.");
    }
  }

  /// Closes the connection that has been idle the longest: a newcomer has more use for its place.
  bool make_room() {
    const auto idle =
        std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
          return std::pair(a.second->is_working(), a.second->idle_since()) <
                 std::pair(b.second->is_working(), b.second->idle_since());
        });
    if (idle == open_.end() || idle->second->is_working()) return false;
    if (Clock::now() - idle->second->idle_since() < context_->options.min_idle) return false;
    const auto connection = idle->second;
    connection->close();
    return true;
  }

  /// Till the next tick: clients wait in the listening socket's queue. Going on would spin.
  void pause() { set_paused(true); }
  void resume() { set_paused(false); }
  void set_paused(bool paused) {
    if (paused == paused_ || listener_.get() < 0) return;
    paused_ = paused;
    context_->loop->change(key_, listener_.get(), !paused, false);
  }

  /// A copy: connections leave while they are gone through.
  std::vector<std::shared_ptr<Connection>> all() const {
    std::vector<std::shared_ptr<Connection>> connections;
    connections.reserve(open_.size());
    for (const auto& [key, connection] : open_) connections.push_back(connection);
    return connections;
  }

  const std::shared_ptr<ConnectionContext> context_;
  const std::size_t limit_;
  Socket listener_;
  const sockaddr_storage address_;
  IoLoop::Key key_ = 0;
  Open open_;
  bool draining_ = false;
  bool paused_ = false;
};

class HttpServer::Impl {
 public:
  Impl(const Options& options, Handler handler) : context_(std::make_shared<ConnectionContext>()) {
    context_->options = options;
    context_->handler = std::move(handler);
    acceptor_ = std::make_shared<Acceptor>(context_);
    context_->on_closed = [this](const Connection& connection) { acceptor_->forget(connection); };
    context_->loop = std::make_unique<IoLoop>(kTick, [this] { acceptor_->tick(); });
    try {
      context_->loop->call([this] { acceptor_->start(); });
    } catch (...) {
      context_->loop->end();  // it calls the acceptor
      throw;
    }
  }

  ~Impl() { stop(milliseconds(0)); }

  const sockaddr_storage& address() const { return acceptor_->address(); }
  std::size_t max_connections() const { return acceptor_->limit(); }

  void stop(milliseconds timeout) {
    if (stopped_) return;
    stopped_ = true;
    auto& loop = *context_->loop;
    loop.call([this] { acceptor_->drain(); });
    wait_until([&] { return !any_working(); }, timeout);
    loop.call([this] { acceptor_->close(); });
    loop.end();
  }

 private:
  bool any_working() {
    bool working = false;
    context_->loop->call([&] { working = acceptor_->any_working(); });
    return working;
  }

  const std::shared_ptr<ConnectionContext> context_;
  std::shared_ptr<Acceptor> acceptor_;
  bool stopped_ = false;
};

HttpServer::HttpServer(const Options& options, Handler handler)
    : impl_(std::make_unique<Impl>(options, std::move(handler))) {}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
  return port_of(impl_->address());
}

bool HttpServer::is_on_loopback() const {
  return is_loopback(impl_->address());
}

std::size_t HttpServer::max_connections() const {
  return impl_->max_connections();
}

void HttpServer::stop(milliseconds timeout) {
  impl_->stop(timeout);
}

}  // namespace sluice::search
