#include "refusal.hpp"

#include <nlohmann/json.hpp>

#include <sluice/sdk.hpp>

namespace sluice::opensearch {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBytes = 500;

std::string text_at(const json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

json error_of(const Response& response) {
  const json body = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  return body.is_object() && body.contains("error") ? body["error"] : json();
}

}  // namespace

bool is_passing_status(std::int64_t status) {
  constexpr auto kUnauthorized = 401, kForbidden = 403, kNotFound = 404, kTimeout = 408,
                 kTooMany = 429;
  return status < 400 || status == kUnauthorized || status == kForbidden || status == kNotFound ||
         status == kTimeout || status == kTooMany || status >= 500;
}

std::string error_type(const Response& response) {
  return text_at(error_of(response), "type");
}

std::string describe_refusal(const Response& response) {
  const json error = error_of(response);
  std::string text = "status " + std::to_string(response.status);
  if (error.is_object()) {
    text += ", " + text_at(error, "type") + ": " + text_at(error, "reason");
  } else if (!response.body.empty()) {
    text += ": " + response.body;
  }
  return cut_utf8(std::move(text), kMaxBytes);
}

void throw_refusal(const Response& response, std::string_view action) {
  const std::string what =
      "OpenSearch refused to " + std::string(action) + ": " + describe_refusal(response);
  if (response.status == 401 || response.status == 403) {
    throw RetryError(what + " (check username, password and the user's permissions)");
  }
  if (is_passing_status(response.status)) throw RetryError(what);
  throw FatalError(what);
}

std::string cut_utf8(std::string text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace sluice::opensearch
