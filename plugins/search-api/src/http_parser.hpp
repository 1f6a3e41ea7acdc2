// Requests out of the bytes of one connection, however they are split or run together.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "http_message.hpp"

namespace sluice::search {

/// More bytes are needed.
struct Incomplete {};

/// What came is no request that can be served; nothing after it can be made sense of.
struct Malformed {
  int status;  ///< the answer's
  std::string message;
};

/// HTTP/1.0 and 1.1 as a search service needs it: bodies are read over and dropped, and chunked
/// ones are refused. Strict where leniency lets two parsers disagree: line ends, header names,
/// Content-Length.
class HttpParser {
 public:
  static constexpr std::size_t kMaxRequestLine = std::size_t{16} * 1024;
  static constexpr std::size_t kMaxHead = std::size_t{32} * 1024;  ///< request line and headers
  static constexpr std::size_t kMaxHeaders = 100;
  static constexpr std::size_t kMaxBody = std::size_t{64} * 1024;

  void append(std::string_view bytes) { buffer_.append(bytes); }

  /// Bytes not yet made into a request. Bodies are dropped as they come.
  std::size_t pending() const { return buffer_.size() - start_; }

  /// Whether a part of a request has come.
  bool in_progress() const { return body_left_ > 0 || pending() > 0; }

  /// Takes the next request off the bytes. After Malformed the parser must not be used again.
  std::variant<Incomplete, Malformed, HttpRequest> next();

 private:
  void take_head();
  void drop(std::size_t size);
  std::string_view rest() const { return std::string_view(buffer_).substr(start_); }

  std::string buffer_;
  std::size_t start_ = 0;               // of what is pending in buffer_
  std::optional<HttpRequest> request_;  // whose body is still to come
  std::size_t body_left_ = 0;
};

}  // namespace sluice::search
