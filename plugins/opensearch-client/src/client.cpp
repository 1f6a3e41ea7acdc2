#include "sluice-opensearch/client.hpp"

#include <array>
#include <curl/curl.h>
#include <mutex>
#include <system_error>
#include <utility>

#include "gzip.hpp"

namespace sluice::opensearch {
namespace {

struct HandleDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct HeadersDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using Handle = std::unique_ptr<CURL, HandleDeleter>;
using Headers = std::unique_ptr<curl_slist, HeadersDeleter>;

/// Smaller bodies gain nothing from compression.
constexpr std::size_t kMinCompressedBytes = 1024;

Handle make_handle() {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  Handle handle(curl_easy_init());
  if (!handle) throw std::bad_alloc();
  return handle;
}

template <typename Value>
void set(const Handle& handle, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle.get(), option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) {
    throw std::invalid_argument(std::string("libcurl refused an option: ") +
                                curl_easy_strerror(code));
  }
}

void set_unless_empty(const Handle& handle, CURLoption option, const std::string& value) {
  if (!value.empty()) set(handle, option, value.c_str());
}

void append(Headers& headers, const std::string& line) {
  curl_slist* const grown = curl_slist_append(headers.get(), line.c_str());
  if (grown == nullptr) throw std::bad_alloc();
  static_cast<void>(headers.release());  // `grown` has the same head, or is the first
  headers.reset(grown);
}

const char* name_of(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
  }
  return "GET";
}

/// What one request collects; the callbacks' `userdata`.
struct Exchange {
  Response response{};
  std::size_t max_bytes = 0;
  bool too_large = false;
  bool out_of_memory = false;
};

std::size_t receive(char* data, std::size_t size, std::size_t count, void* userdata) noexcept {
  auto& exchange = *static_cast<Exchange*>(userdata);
  const std::size_t bytes = size * count;
  exchange.too_large = bytes > exchange.max_bytes - exchange.response.body.size();
  if (exchange.too_large) return 0;
  try {
    exchange.response.body.append(data, bytes);
  } catch (...) {
    exchange.out_of_memory = true;
    return 0;
  }
  return bytes;
}

int poll_cancelled(void* userdata, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return (*static_cast<const std::function<bool()>*>(userdata))() ? 1 : 0;
}

TransportError::Kind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return TransportError::Kind::kTimeout;
    case CURLE_ABORTED_BY_CALLBACK:
      return TransportError::Kind::kCancelled;
    default:
      return TransportError::Kind::kConnection;
  }
}

}  // namespace

struct Client::Impl {
  explicit Impl(ConnectionOptions connection) : options(std::move(connection)) {
    while (options.url.ends_with('/')) options.url.pop_back();
  }

  void configure_connection();
  void configure_request(Method method, std::string_view body);
  Response perform(Method method, std::string_view path, Exchange exchange);
  std::string reason_for(CURLcode code, const Exchange& exchange) const;

  ConnectionOptions options;
  Handle handle = make_handle();
  std::function<bool()> cancelled;
  std::array<char, CURL_ERROR_SIZE> error{};
};

void Client::Impl::configure_connection() {
  set(handle, CURLOPT_ERRORBUFFER, error.data());
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(handle, CURLOPT_NOPROXY, "*");
  set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(handle, CURLOPT_SSL_VERIFYPEER, options.verify ? 1L : 0L);
  set(handle, CURLOPT_SSL_VERIFYHOST, options.verify ? 2L : 0L);
  set_unless_empty(handle, CURLOPT_CAINFO, options.ca_file);
  set_unless_empty(handle, CURLOPT_SSLCERT, options.client_cert);
  set_unless_empty(handle, CURLOPT_SSLKEY, options.client_key);
  if (!options.username.empty()) {
    set(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(handle, CURLOPT_USERNAME, options.username.c_str());
    set(handle, CURLOPT_PASSWORD, options.password.c_str());
  }
  if (options.compress) set(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  if (cancelled) {
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_XFERINFOFUNCTION, poll_cancelled);
    set(handle, CURLOPT_XFERINFODATA, &cancelled);
  }
}

void Client::Impl::configure_request(Method method, std::string_view body) {
  if (method == Method::kHead) {
    set(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool wants_body = method == Method::kPost || method == Method::kPut;
  if (wants_body || !body.empty()) {
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(handle, CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
  }
  set(handle, CURLOPT_CUSTOMREQUEST, name_of(method));
}

std::string Client::Impl::reason_for(CURLcode code, const Exchange& exchange) const {
  if (exchange.too_large) {
    return "the answer is larger than " + std::to_string(exchange.max_bytes) + " bytes";
  }
  std::string reason = error.front() != '\0' ? error.data() : curl_easy_strerror(code);
  long os_error = 0;
  if (code == CURLE_COULDNT_CONNECT &&
      curl_easy_getinfo(handle.get(), CURLINFO_OS_ERRNO, &os_error) == CURLE_OK && os_error != 0) {
    reason += ": " + std::generic_category().message(static_cast<int>(os_error));
  }
  return reason;
}

Response Client::Impl::perform(Method method, std::string_view path, Exchange exchange) {
  set(handle, CURLOPT_WRITEFUNCTION, receive);
  set(handle, CURLOPT_WRITEDATA, &exchange);
  error.front() = '\0';
  const CURLcode code = curl_easy_perform(handle.get());
  if (exchange.out_of_memory) throw std::bad_alloc();
  if (code != CURLE_OK) {
    throw TransportError(kind_of(code), std::string(name_of(method)) + " " + options.url +
                                            std::string(path.substr(0, path.find('?'))) + ": " +
                                            reason_for(code, exchange));
  }
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &exchange.response.status);
  return std::move(exchange.response);
}

Client::Client(ConnectionOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Response Client::request(Method method, std::string_view path, std::string_view body,
                         std::string_view content_type,
                         std::optional<std::chrono::milliseconds> timeout) {
  Impl& impl = *impl_;
  const Handle& handle = impl.handle;
  curl_easy_reset(handle.get());  // keeps the connection
  impl.configure_connection();

  const std::string url = impl.options.url + std::string(path);
  set(handle, CURLOPT_URL, url.c_str());
  set(handle, CURLOPT_TIMEOUT_MS,
      static_cast<long>(timeout.value_or(impl.options.request_timeout).count()));

  Headers headers;
  append(headers, "Expect:");  // else a large body waits for "100 Continue"
  // Without a value libcurl leaves the header out; its own default is that of HTML forms.
  append(headers, "Content-Type:" + (body.empty() ? "" : " " + std::string(content_type)));
  std::string compressed;
  if (impl.options.compress && body.size() >= kMinCompressedBytes) {
    compressed = gzip(body);
    body = compressed;
    append(headers, "Content-Encoding: gzip");
  }
  set(handle, CURLOPT_HTTPHEADER, headers.get());
  impl.configure_request(method, body);
  return impl.perform(method, path, Exchange{.max_bytes = impl.options.max_response_bytes});
}

void Client::set_cancelled(std::function<bool()> cancelled) {
  impl_->cancelled = std::move(cancelled);
}

const ConnectionOptions& Client::options() const {
  return impl_->options;
}

}  // namespace sluice::opensearch
