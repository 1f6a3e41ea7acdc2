#pragma once

#include <memory>
#include <string>
#include <thread>

#include "app/host.hpp"

namespace httplib {
class Server;
}

namespace sluice {

struct AdminAddress {
  std::string host = "127.0.0.1";
  int port = 8084;  ///< 0: any free one
};

/// The admin API: /health, /ready, /metrics, /pipelines. No secrets and no authentication, so it is
/// for loopback only. Kafka Connect's paths (/connectors, /connector-plugins, …) are left free.
class AdminServer {
 public:
  /// Throws std::runtime_error if the address is not loopback or the port is taken. `host` must
  /// outlive this.
  AdminServer(const AdminAddress& address, Host& host);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  int port() const { return port_; }

 private:
  void add_routes(Host& host);

  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace sluice
