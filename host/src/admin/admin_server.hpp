#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "admin/access.hpp"
#include "admin/admin_token.hpp"
#include "app/host.hpp"

namespace sluice {

class BoundedServer;

struct AdminAddress {
  std::string host = "127.0.0.1";
  int port = 8084;  ///< 0: any free one
};

/// The admin API: /health, /ready, /metrics, /pipelines, for whom `Access` lets in. It shows no
/// secrets. Kafka Connect's paths (/connectors, /connector-plugins, …) are left free.
class AdminServer {
 public:
  /// Throws std::runtime_error if the address is taken, or not loopback while there is no token.
  /// `host` must outlive this.
  AdminServer(const AdminAddress& address, std::optional<AdminToken> token, Host& host);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  int port() const { return port_; }

 private:
  void add_routes(Host& host);

  const Access access_;
  std::unique_ptr<BoundedServer> server_;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace sluice
