#include <curl/curl.h>
#include <nlohmann/json.hpp>

#include "sluice-opensearch/client.hpp"

namespace sluice::opensearch {
namespace {

constexpr std::string_view kSchemaProperties = R"json(
  "url": {
    "type": "string", "minLength": 1, "default": "http://localhost:9200",
    "description": "Base URL of the cluster, http or https; may end in a path prefix. Name and password do not belong here.",
    "examples": ["https://search.example.com:9200", "https://example.com/opensearch"]
  },
  "username": {"type": "string", "description": "User name for HTTP basic authentication."},
  "password": {"type": "string", "format": "secret", "description": "Password of that user."},
  "ca_file": {
    "type": "string", "format": "path",
    "description": "PEM file of the authorities that may sign the server's certificate. Default: the system's."
  },
  "client_cert": {
    "type": "string", "format": "path",
    "description": "PEM file of the certificate that identifies this client; needs client_key."
  },
  "client_key": {
    "type": "string", "format": "path", "description": "PEM file of the private key of client_cert."
  },
  "verify": {
    "type": "boolean", "default": true,
    "description": "Check the server's certificate and host name. Switch it off for experiments only."
  },
  "connect_timeout": {
    "type": "string", "format": "duration", "default": "1s",
    "description": "Longest wait for a connection."
  },
  "request_timeout": {
    "type": "string", "format": "duration", "default": "30s",
    "description": "Longest wait for the whole answer to one request, connecting included."
  },
  "compress": {
    "type": "boolean", "default": false,
    "description": "Gzip request bodies and ask for gzip answers: less traffic, more processor time."
  }
)json";

void read(const nlohmann::json& config, const char* name, std::string& value) {
  if (const auto found = config.find(name); found != config.end()) value = *found;
}

void read(const nlohmann::json& config, const char* name, bool& value) {
  if (const auto found = config.find(name); found != config.end()) value = *found;
}

void read(const nlohmann::json& config, const char* name, std::chrono::milliseconds& value) {
  const auto found = config.find(name);
  if (found == config.end()) return;
  value = std::chrono::milliseconds(found->get<std::int64_t>());
  if (value.count() <= 0) throw std::invalid_argument(std::string(name) + " must be above 0");
}

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

bool has_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  const bool found = curl_url_get(url, part, &text, 0) == CURLUE_OK;
  curl_free(text);
  return found;
}

/// The text in quotes, unless it may hold a password.
std::string shown(const std::string& url) {
  return url.find('@') == std::string::npos ? "'" + url + "'" : "a text with an '@'";
}

void check_url(const std::string& text) {
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (!url) throw std::bad_alloc();
  const bool is_http = text.starts_with("http://") || text.starts_with("https://");
  if (!is_http || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    throw std::invalid_argument("url is " + shown(text) + ", expected http(s)://host:port");
  }
  // Kept out of the message as well: it may hold a password.
  if (has_part(url.get(), CURLUPART_USER) || has_part(url.get(), CURLUPART_PASSWORD)) {
    throw std::invalid_argument(
        "url holds a user name or password: give them as username and password instead");
  }
  if (has_part(url.get(), CURLUPART_QUERY) || has_part(url.get(), CURLUPART_FRAGMENT)) {
    throw std::invalid_argument("url is " + shown(text) + ", expected no '?' or '#' part");
  }
}

void check(const ConnectionOptions& options) {
  check_url(options.url);
  if (options.username.empty() && !options.password.empty()) {
    throw std::invalid_argument("password is set without username");
  }
  if (options.username.find(':') != std::string::npos) {
    throw std::invalid_argument("username holds a ':', which basic authentication cannot carry");
  }
  if (options.client_cert.empty() != options.client_key.empty()) {
    throw std::invalid_argument("client_cert and client_key are needed together");
  }
}

}  // namespace

std::string_view connection_schema_properties() {
  return kSchemaProperties;
}

ConnectionOptions from_config(const nlohmann::json& config) {
  ConnectionOptions options;
  try {
    read(config, "url", options.url);
    read(config, "username", options.username);
    read(config, "password", options.password);
    read(config, "ca_file", options.ca_file);
    read(config, "client_cert", options.client_cert);
    read(config, "client_key", options.client_key);
    read(config, "verify", options.verify);
    read(config, "connect_timeout", options.connect_timeout);
    read(config, "request_timeout", options.request_timeout);
    read(config, "compress", options.compress);
  } catch (const nlohmann::json::exception& error) {
    throw std::invalid_argument(std::string("connection options: ") + error.what());
  }
  check(options);
  return options;
}

}  // namespace sluice::opensearch
