// HTTP client for one OpenSearch cluster, shared by the plugins that talk to it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice::opensearch {

/// How to reach the cluster. An empty string means "not set".
struct ConnectionOptions {
  std::string url = "http://localhost:9200";  ///< http or https; may end in a path prefix
  std::string username{};                     ///< HTTP basic authentication
  std::string password{};
  std::string ca_file{};      ///< PEM; default: the system's certificates
  std::string client_cert{};  ///< PEM, with `client_key`
  std::string client_key{};   ///< PEM
  bool verify = true;         ///< check the server's certificate and host name
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds request_timeout{30000};  ///< whole request, connecting included
  bool compress = false;  ///< gzip request bodies, and ask for gzip responses
  std::size_t max_response_bytes = std::size_t{256} << 20;  ///< decoded; not a configuration option
};

/// The options above as the members of a JSON Schema "properties" object, without its braces:
/// `"url": {...}, "username": {...}, ...`. Embed it in a plugin's schema, so each is defined once.
std::string_view connection_schema_properties();

/// Reads what `connection_schema_properties()` describes from a configuration that was checked
/// against it; other members are ignored and absent ones keep their defaults.
/// Throws std::invalid_argument where options contradict each other or the URL is unusable.
ConnectionOptions from_config(const nlohmann::json& config);

enum class Method { kGet, kHead, kPost, kPut, kDelete };

/// Whatever the server answered, errors included.
struct Response {
  long status = 0;   ///< HTTP status
  std::string body;  ///< complete and decoded

  bool ok() const { return status >= 200 && status < 300; }
};

/// No complete answer: refused or lost connection, time-out, TLS failure, truncated or oversized
/// body, or cancelled. Whether the server acted on the request is unknown.
class TransportError : public std::runtime_error {
 public:
  enum class Kind { kConnection, kTimeout, kCancelled };

  TransportError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}

  Kind kind() const { return kind_; }
  bool timed_out() const { return kind_ == Kind::kTimeout; }

 private:
  Kind kind_;
};

/// One kept-alive connection. For one thread at a time: give each thread its own client.
/// Redirects are not followed and proxy environment variables are ignored.
class Client {
 public:
  /// Connects at the first request.
  explicit Client(ConnectionOptions options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Sends one request and waits for the whole answer. Any HTTP status is a Response.
  /// `path` starts with '/', is already percent-encoded and may have a query string; the URL's
  /// prefix goes before it. `timeout` replaces `request_timeout` for this request.
  /// Throws TransportError, or std::invalid_argument for options that libcurl refuses.
  Response request(Method method, std::string_view path, std::string_view body = {},
                   std::string_view content_type = "application/json",
                   std::optional<std::chrono::milliseconds> timeout = std::nullopt);

  /// `cancelled` is polled while a request runs, about once a second when nothing moves and more
  /// often otherwise; once it returns true the request throws TransportError (kCancelled).
  /// It must not throw. Empty: never cancelled.
  void set_cancelled(std::function<bool()> cancelled);

  const ConnectionOptions& options() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Percent-encodes all but RFC 3986 unreserved characters: for one path segment or query value.
std::string percent_encode(std::string_view text);

}  // namespace sluice::opensearch
