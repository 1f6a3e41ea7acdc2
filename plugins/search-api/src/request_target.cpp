#include "request_target.hpp"

#include <optional>
#include <utility>

#include "utf8.hpp"

namespace sluice::search {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

enum class Plus { kLiteral, kSpace };

/// What is wrong with the text, or nullptr; `out` holds the decoded text.
const char* decode(std::string_view text, Plus plus, std::string& out) {
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::kSpace) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const auto high = i + 1 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
      if (!high || !low) return "a '%' must be followed by two hexadecimal digits";
      out.push_back(static_cast<char>(*high * 16 + *low));
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos) return "it must not contain a NUL character";
  if (!is_utf8(out)) return "it must be UTF-8";
  return nullptr;
}

std::string_view without_scheme_and_host(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto end_of_host = target.find_first_of("/?#", scheme.size());
    return end_of_host == std::string_view::npos ? "/" : target.substr(end_of_host);
  }
  return target;
}

std::pair<std::string_view, std::string_view> split_at(std::string_view text, char separator) {
  const auto pos = text.find(separator);
  if (pos == std::string_view::npos) return {text, {}};
  return {text.substr(0, pos), text.substr(pos + 1)};
}

std::vector<std::string> decode_path(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    if (const char* fault = decode(segment, Plus::kLiteral, segments.emplace_back())) {
      throw MalformedTarget(std::string("The path is malformed: ") + fault + ".", "", "");
    }
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

QueryParameter decode_parameter(std::string_view pair) {
  const auto [raw_name, raw_value] = split_at(pair, '=');
  QueryParameter parameter;
  if (const char* fault = decode(raw_name, Plus::kSpace, parameter.name)) {
    throw MalformedTarget(std::string("The name of a query parameter is malformed: ") + fault + ".",
                          "", "");
  }
  if (const char* fault = decode(raw_value, Plus::kSpace, parameter.value)) {
    throw MalformedTarget(
        "The value of '" + shortened(parameter.name, 100) + "' is malformed: " + fault + ".",
        parameter.name, std::string(raw_value));
  }
  return parameter;
}

}  // namespace

RequestTarget parse_target(std::string_view target) {
  target = split_at(without_scheme_and_host(target), '#').first;
  auto [path, query] = split_at(target, '?');
  RequestTarget result{decode_path(path), {}};
  while (!query.empty()) {
    const auto [pair, rest] = split_at(query, '&');
    if (!pair.empty()) result.parameters.push_back(decode_parameter(pair));
    query = rest;
  }
  return result;
}

}  // namespace sluice::search
