#pragma once

#include <optional>
#include <string>

#include "admin/admin_token.hpp"

namespace httplib {
struct Request;
}

namespace sluice {

/// An address of this machine that no other can reach, by its number or as `localhost`.
bool is_loopback(const std::string& host);

/// Who may ask the admin API. With a token: who knows it; /health and /ready, which probes ask
/// without, are open. Without a token: everybody who reaches the loopback address, save what a web
/// page makes a browser on this machine ask. Immutable, so thread-safe.
class Access {
 public:
  explicit Access(std::optional<AdminToken> token) : token_(std::move(token)) {}

  struct Refusal {
    int status = 0;
    std::string reason;
  };
  /// Why the request is not answered, if it is not.
  std::optional<Refusal> refusal(const httplib::Request& request) const;

  /// Whether the request may see all; else, of an open path, only its status.
  bool is_full(const httplib::Request& request) const;

  /// Whether the API may be bound to an address that others reach.
  bool has_token() const { return token_.has_value(); }

 private:
  std::optional<AdminToken> token_;
};

}  // namespace sluice
