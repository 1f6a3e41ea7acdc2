#include "http_server.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <pistache/listener.h>
#include <pistache/peer.h>
#include <pistache/tcp.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <vector>

#include "http_connection.hpp"
#include "search_reply.hpp"

namespace sluice::search {
namespace {

using Clock = Connection::Clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick{50};
constexpr milliseconds kCloseTimeout{1000};  // for the poller to see that sockets are shut down
constexpr const char* kPeerData = "connection";

/// The open connections, by socket.
class Connections {
 public:
  Connections(HttpServer::Options options, HttpServer::Handler handler)
      : options_(std::move(options)), handler_(std::move(handler)) {}

  std::shared_ptr<Connection> add(int socket) {
    auto connection = std::make_shared<Connection>(socket, options_, handler_);
    const std::lock_guard lock(mutex_);
    open_[socket] = connection;
    if (draining_) {
      connection->refuse(unavailable_reply("The service is stopping."));
    } else if (open_.size() > options_.max_connections) {
      connection->refuse(unavailable_reply("There are too many connections."));
    }
    return connection;
  }

  void remove(int socket) {
    const std::lock_guard lock(mutex_);
    open_.erase(socket);
  }

  void start_draining() {
    {
      const std::lock_guard lock(mutex_);
      draining_ = true;
    }
    for (const auto& [socket, connection] : all()) connection->drain();
  }

  bool any_open() const {
    const std::lock_guard lock(mutex_);
    return !open_.empty();
  }

  bool any_working() const {
    for (const auto& [socket, connection] : all()) {
      if (connection->is_working()) return true;
    }
    return false;
  }

  std::map<int, std::shared_ptr<Connection>> all() const {
    const std::lock_guard lock(mutex_);
    return open_;
  }

 private:
  const HttpServer::Options options_;
  const HttpServer::Handler handler_;
  mutable std::mutex mutex_;
  std::map<int, std::shared_ptr<Connection>> open_;
  bool draining_ = false;
};

/// Pistache's calls, on its I/O thread. An exception there would end the process.
class TcpHandler : public Pistache::Tcp::Handler {
  PROTOTYPE_OF(Pistache::Tcp::Handler, TcpHandler)

 public:
  explicit TcpHandler(std::shared_ptr<Connections> connections)
      : connections_(std::move(connections)) {}

  void onConnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) noexcept override {
    try {
      peer->putData(kPeerData, connections_->add(peer->fd()));
    } catch (...) {
      ::shutdown(peer->fd(), SHUT_RDWR);
    }
  }

  void onInput(const char* bytes, size_t size,
               const std::shared_ptr<Pistache::Tcp::Peer>& peer) noexcept override {
    try {
      if (const auto connection = connection_of(*peer)) connection->on_input({bytes, size});
    } catch (...) {
      ::shutdown(peer->fd(), SHUT_RDWR);
    }
  }

  void onDisconnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) noexcept override {
    if (const auto connection = connection_of(*peer)) connection->on_closed();
    connections_->remove(peer->fd());
  }

 private:
  static std::shared_ptr<Connection> connection_of(const Pistache::Tcp::Peer& peer) {
    return std::static_pointer_cast<Connection>(peer.tryGetData(kPeerData));
  }

  std::shared_ptr<Connections> connections_;
};

std::unique_ptr<Pistache::Tcp::Listener> listen(const HttpServer::Options& options,
                                                std::shared_ptr<Connections> connections) {
  const bool bare_ipv6 =
      options.address.find(':') != std::string::npos && !options.address.starts_with('[');
  const std::string host = bare_ipv6 ? "[" + options.address + "]" : options.address;
  try {
    auto listener = std::make_unique<Pistache::Tcp::Listener>(
        Pistache::Address(host, Pistache::Port(options.port)));
    // Handlers never block, so one I/O thread serves all connections.
    listener->init(1,
                   Pistache::Flags<Pistache::Tcp::Options>(Pistache::Tcp::Options::ReuseAddr) |
                       Pistache::Tcp::Options::NoDelay | Pistache::Tcp::Options::CloseOnExec,
                   "search-io");
    listener->setHandler(std::make_shared<TcpHandler>(std::move(connections)));
    listener->bind();
    listener->runThreaded();
    return listener;
  } catch (const std::exception& error) {
    throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(options.port) +
                             ": " + error.what() + " (see the options `port` and `address`)");
  }
}

template <typename Condition>
void wait_until(Condition condition, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (!condition() && Clock::now() < deadline) std::this_thread::sleep_for(milliseconds(5));
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const Options& options, Handler handler)
      : connections_(std::make_shared<Connections>(options, std::move(handler))),
        listener_(listen(options, connections_)),
        port_(listener_->getPort()),
        ticker_([this](const std::stop_token& stop) { tick(stop); }) {}

  ~Impl() { stop(milliseconds(0)); }

  std::uint16_t port() const { return port_; }

  void stop(milliseconds timeout) {
    if (!listener_) return;
    connections_->start_draining();
    wait_until([this] { return !connections_->any_working(); }, timeout);
    for (const auto& [socket, connection] : connections_->all()) connection->abort();
    wait_until([this] { return !connections_->any_open(); }, kCloseTimeout);
    ticker_.request_stop();
    ticker_.join();
    listener_.reset();
    close_leftovers();
  }

 private:
  void tick(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, stop, kTick, [&] { return stop.stop_requested(); })) {
      const auto now = Clock::now();
      for (const auto& [socket, connection] : connections_->all()) connection->tick(now);
    }
  }

  /// Pistache closes the sockets that it sees the end of, not those it still holds at its own end.
  void close_leftovers() {
    for (const auto& [socket, connection] : connections_->all()) {
      connection->on_closed();
      connections_->remove(socket);
      ::close(socket);
    }
  }

  std::shared_ptr<Connections> connections_;
  std::unique_ptr<Pistache::Tcp::Listener> listener_;
  std::uint16_t port_;
  std::jthread ticker_;
};

HttpServer::HttpServer(const Options& options, Handler handler)
    : impl_(std::make_unique<Impl>(options, std::move(handler))) {}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
  return impl_->port();
}

void HttpServer::stop(milliseconds timeout) {
  impl_->stop(timeout);
}

}  // namespace sluice::search
