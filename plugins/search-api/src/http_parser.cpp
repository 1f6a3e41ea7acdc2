#include "http_parser.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::search {
namespace {

/// Thrown and caught in this file alone.
struct Fault {
  int status;
  const char* message;
};

struct Head {
  HttpRequest request;
  std::size_t body_size = 0;
};

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMarks.find(c) != kMarks.npos;
  });
}

bool has_control_or_space(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F;
  });
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The version's minor number. "HTTP/1.0" or "HTTP/1.1"; any other well-formed one is refused.
int read_version(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() == 8 && text.starts_with("HTTP/") && digit(text[5]) && text[6] == '.' &&
      digit(text[7])) {
    throw Fault{505, "This server speaks HTTP/1.0 and HTTP/1.1."};
  }
  throw Fault{400, "The request line does not end with an HTTP version."};
}

int read_request_line(std::string_view line, HttpRequest& request) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    throw Fault{400, "The request line is not 'METHOD target HTTP/1.1'."};
  }
  const auto target = line.substr(first + 1, last - first - 1);
  request.method = line.substr(0, first);
  request.target = target;
  if (!is_token(request.method) || target.empty() || has_control_or_space(target)) {
    throw Fault{400, "The request line is not 'METHOD target HTTP/1.1'."};
  }
  return read_version(line.substr(last + 1));
}

std::pair<std::string, std::string> read_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    throw Fault{400, "A header line is not 'Name: value'."};
  }
  const auto value = trimmed(line.substr(colon + 1));
  const bool control = std::any_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
  if (control) throw Fault{400, "A header has a control character in its value."};
  return {lower(line.substr(0, colon)), std::string(value)};
}

std::size_t read_content_length(std::string_view text) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  const bool number = !text.empty() && end == text.data() + text.size();
  if (number && error == std::errc::result_out_of_range) throw Fault{413, "The body is too large."};
  if (!number || error != std::errc{}) throw Fault{400, "Content-Length is not a number."};
  return size;
}

bool lists(std::string_view value, std::string_view option) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    if (lower(trimmed(value.substr(0, comma))) == option) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

void read_headers(int minor_version, Head& head) {
  std::optional<std::size_t> length;
  std::size_t hosts = 0;
  head.request.keep_alive = minor_version == 1;
  for (const auto& [name, value] : head.request.headers) {
    if (name == "transfer-encoding") throw Fault{501, "A chunked request body is not supported."};
    if (name == "host") ++hosts;
    if (name == "connection" && lists(value, "close")) head.request.keep_alive = false;
    if (name == "connection" && minor_version == 0 && lists(value, "keep-alive")) {
      head.request.keep_alive = true;
    }
    if (name == "content-length") {
      const auto size = read_content_length(value);
      if (length && *length != size) throw Fault{400, "Content-Length is given twice."};
      length = size;
    }
  }
  if (hosts > 1 || (hosts == 0 && minor_version == 1)) {
    throw Fault{400, "A request needs one Host header."};
  }
  head.body_size = length.value_or(0);
  if (head.body_size > HttpParser::kMaxBody) throw Fault{413, "The body is too large."};
}

/// `text`: the lines of the request line and the headers, each with its CRLF.
Head read_head(std::string_view text) {
  Head head;
  int minor_version = -1;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (!line.ends_with('\r')) throw Fault{400, "A line does not end with CR LF."};
    line.remove_suffix(1);
    if (minor_version < 0) {
      minor_version = read_request_line(line, head.request);
    } else if (head.request.headers.size() == HttpParser::kMaxHeaders) {
      throw Fault{431, "There are too many headers."};
    } else {
      head.request.headers.push_back(read_header(line));
    }
  }
  read_headers(minor_version, head);
  return head;
}

/// Blank lines before a request are left out: some clients send one after a body.
std::size_t size_of_blank_lines(std::string_view text) {
  std::size_t size = 0;
  while (text.substr(size).starts_with("\r\n")) size += 2;
  return size;
}

/// Size of the head with its blank line, or 0 while it is incomplete. Refuses, before they are
/// complete, heads that are too long and bytes that no request starts with.
std::size_t head_size(std::string_view buffer) {
  const auto line_end = buffer.find('\n');
  if (std::min(line_end, buffer.size()) > HttpParser::kMaxRequestLine) {
    throw Fault{414, "The request line is too long."};
  }
  if (!buffer.empty() && buffer != "\r" && !is_token(buffer.substr(0, 1))) {
    throw Fault{400, "This is not an HTTP request."};
  }
  if (line_end != std::string_view::npos && (line_end == 0 || buffer[line_end - 1] != '\r')) {
    throw Fault{400, "A line does not end with CR LF."};
  }
  const auto end = buffer.find("\r\n\r\n");
  if (std::min(end, buffer.size()) > HttpParser::kMaxHead) {
    throw Fault{431, "The headers are too large."};
  }
  return end == std::string_view::npos ? 0 : end + 4;
}

}  // namespace

std::variant<Incomplete, Malformed, HttpRequest> HttpParser::next() {
  try {
    if (!request_) take_head();
    const std::size_t of_body = std::min(body_left_, pending());
    body_left_ -= of_body;
    drop(of_body);
    if (!request_ || body_left_ > 0) return Incomplete{};
    return *std::exchange(request_, std::nullopt);
  } catch (const Fault& fault) {
    return Malformed{fault.status, fault.message};
  }
}

void HttpParser::take_head() {
  drop(size_of_blank_lines(rest()));
  const std::size_t size = head_size(rest());
  if (size == 0) return;
  Head head = read_head(rest().substr(0, size - 2));
  drop(size);
  request_ = std::move(head.request);
  body_left_ = head.body_size;
}

/// Moves bytes only now and then, and keeps no memory for an idle connection.
void HttpParser::drop(std::size_t size) {
  start_ += size;
  if (start_ == buffer_.size()) {
    buffer_ = {};
    start_ = 0;
  } else if (start_ > kMaxHead) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
}

}  // namespace sluice::search
