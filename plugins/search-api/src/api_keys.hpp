// Who may search: keys that clients send with each request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http_message.hpp"

namespace sluice::search {

struct ApiKey {
  std::string name;  ///< for people and metrics; no secret
  std::string key;
};

/// Immutable, so thread-safe. Without keys everybody may search.
class ApiKeys {
 public:
  explicit ApiKeys(std::vector<ApiKey> keys) : keys_(std::move(keys)) {}

  bool required() const { return !keys_.empty(); }

  /// The name of the key that the request carries, or nothing where it carries none that is valid,
  /// or more than one. Takes as long for a wrong key as for a right one.
  const std::string* name_of(const HttpRequest& request) const;

 private:
  const std::string* find(std::string_view given) const;

  std::vector<ApiKey> keys_;
};

/// 401, with how a key is sent. `given`: whether the request carried one at all.
HttpResponse unauthorized_reply(bool given);

/// Whether the request carries a credential of any kind, right or wrong.
bool has_credential(const HttpRequest& request);

}  // namespace sluice::search
