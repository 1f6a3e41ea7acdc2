#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <sluice-opensearch/client.hpp>
#include <string>
#include <string_view>

namespace sluice::opensearch {

/// The cluster's REST API, with failures as the SDK's exceptions. For one thread at a time.
class Rest {
 public:
  /// `stopping`: the host wants to end. A running request then gets a few seconds more.
  Rest(ConnectionOptions connection, std::function<bool()> stopping);

  /// Any answer, whatever its status. Throws RetryError when none came.
  Response send(Method method, std::string_view path, std::string_view body = {},
                std::string_view content_type = "application/json");

  /// The answer's JSON. Throws RetryError when none came or on a passing status, FatalError on any
  /// other but 2xx; `action` says in the message what was tried.
  nlohmann::json call(std::string_view action, Method method, std::string_view path,
                      const nlohmann::json& body = nullptr);

 private:
  Client client_;
};

}  // namespace sluice::opensearch
