#include "api_keys.hpp"

#include <cctype>
#include <cstddef>

#include "search_reply.hpp"

namespace sluice::search {
namespace {

constexpr std::string_view kScheme = "bearer ";

/// Its time depends on the length of `key` and of nothing else that is secret.
bool equal_in_constant_time(std::string_view given, std::string_view key) {
  volatile unsigned difference = given.size() == key.size() ? 0 : 1;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = i < given.size() ? given[i] : '\0';
    difference = difference | static_cast<unsigned char>(c ^ key[i]);
  }
  return difference == 0;
}

bool is_bearer(std::string_view value) {
  if (value.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(value[i])) != kScheme[i]) return false;
  }
  return true;
}

/// The text of the one credential that the request carries; empty where there is none that could
/// be a key, or several, of which a proxy may have looked at another one than this server.
std::string_view credential_of(const HttpRequest& request) {
  const auto authorization = request.all("authorization");
  const auto header = request.all("x-api-key");
  if (authorization.size() + header.size() != 1) return {};
  if (!header.empty()) return header.front();
  const std::string_view value = authorization.front();
  if (!is_bearer(value)) return {};
  const auto start = value.find_first_not_of(' ', kScheme.size());
  return start == std::string_view::npos ? std::string_view{} : value.substr(start);
}

}  // namespace

const std::string* ApiKeys::name_of(const HttpRequest& request) const {
  const auto given = credential_of(request);
  return given.empty() ? nullptr : find(given);
}

/// Looks at all keys, so that the time does not tell which one was nearly right.
const std::string* ApiKeys::find(std::string_view given) const {
  const std::string* name = nullptr;
  for (const auto& key : keys_) {
    if (equal_in_constant_time(given, key.key)) name = &key.name;
  }
  return name;
}

bool has_credential(const HttpRequest& request) {
  return !request.all("authorization").empty() || !request.all("x-api-key").empty();
}

HttpResponse unauthorized_reply(bool given) {
  auto reply = error_reply(
      401, given ? "The API key is not valid. Send one key, once."
                 : "This needs an API key: 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.");
  reply.headers.emplace_back(
      "WWW-Authenticate",
      given ? R"(Bearer realm="search", error="invalid_token")" : R"(Bearer realm="search")");
  return reply;
}

}  // namespace sluice::search
