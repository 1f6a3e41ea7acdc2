#include "rest.hpp"

#include <chrono>
#include <optional>

#include <sluice/sdk.hpp>

#include "refusal.hpp"

namespace sluice::opensearch {
namespace {

/// Lets a request that is nearly done end, yet leaves the host time within its ten seconds.
class CancelAfterGrace {
 public:
  explicit CancelAfterGrace(std::function<bool()> stopping) : stopping_(std::move(stopping)) {}

  bool operator()() {
    if (!stopping_()) return false;
    const auto now = std::chrono::steady_clock::now();
    if (!since_) since_ = now;
    return now - *since_ >= kGrace;
  }

 private:
  static constexpr std::chrono::seconds kGrace{3};
  std::function<bool()> stopping_;
  std::optional<std::chrono::steady_clock::time_point> since_;
};

}  // namespace

Rest::Rest(ConnectionOptions connection, std::function<bool()> stopping)
    : client_(std::move(connection)) {
  client_.set_cancelled(CancelAfterGrace(std::move(stopping)));
}

Response Rest::send(Method method, std::string_view path, std::string_view body,
                    std::string_view content_type) {
  try {
    return client_.request(method, path, body, content_type);
  } catch (const TransportError& error) {
    throw RetryError(error.what());
  }
}

nlohmann::json Rest::call(std::string_view action, Method method, std::string_view path,
                          const nlohmann::json& body) {
  const Response response = send(method, path, body.is_null() ? std::string{} : body.dump());
  if (!response.ok()) throw_refusal(response, action);
  try {
    return nlohmann::json::parse(response.body);
  } catch (const nlohmann::json::exception& error) {
    throw RetryError("OpenSearch answered the request to " + std::string(action) +
                     " with something that is no JSON: " + error.what());
  }
}

}  // namespace sluice::opensearch
