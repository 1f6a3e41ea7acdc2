#include "json_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace sluice::opensearch {
namespace {

/// Deeper than any mapping allows, and far from what the stack allows.
constexpr int kMaxDepth = 256;

constexpr std::string_view kHex = "0123456789abcdef";

void append(std::string& out, Value value, int depth);

template <typename Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void append_double(std::string& out, double number) {
  if (!std::isfinite(number)) throw std::invalid_argument("JSON has no infinity and no NaN");
  append_number(out, number);
}

void append_base64(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto group = bytes.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= group.size() ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
    }
  }
  out += '"';
}

/// A line break separates actions of a bulk request. JSON has it only between tokens, where a space
/// does as well.
void append_on_one_line(std::string& out, std::string_view json) {
  const auto start = out.size();
  out += json;
  if (json.find('\n') == std::string_view::npos) return;
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), '\n', ' ');
}

void append_array(std::string& out, Value value, int depth) {
  out += '[';
  const char* separator = "";
  for (const auto& item : value.as_array()) {
    out += separator;
    append(out, Value{item}, depth);
    separator = ",";
  }
  out += ']';
}

void append_object(std::string& out, Value value, int depth) {
  out += '{';
  const char* separator = "";
  for (const auto& field : value.as_object()) {
    out += separator;
    append_json_string(out, to_string_view(field.name));
    out += ':';
    append(out, Value{field.value}, depth);
    separator = ",";
  }
  out += '}';
}

void append(std::string& out, Value value, int depth) {
  if (depth > kMaxDepth) throw std::invalid_argument("the document is nested too deeply");
  switch (value.type()) {
    case SLUICE_BOOL:
      out += value.as_bool() ? "true" : "false";
      break;
    case SLUICE_INT64:
      append_number(out, value.as_int64());
      break;
    case SLUICE_DOUBLE:
      append_double(out, value.as_double());
      break;
    case SLUICE_STRING:
      append_json_string(out, value.as_string());
      break;
    case SLUICE_BYTES:
      append_base64(out, value.as_bytes());
      break;
    case SLUICE_JSON:
      append_on_one_line(out, value.as_json());
      break;
    case SLUICE_ARRAY:
      append_array(out, value, depth + 1);
      break;
    case SLUICE_OBJECT:
      append_object(out, value, depth + 1);
      break;
    case SLUICE_NULL:
      out += "null";
      break;
    default:
      throw std::invalid_argument("a value of unknown type " + std::to_string(value.type()));
  }
}

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t clean = 0;  // start of what needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!needs_escape(c)) continue;
    out.append(text, clean, i - clean);
    clean = i + 1;
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else {
      out += {'\\', 'u', '0', '0', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
    }
  }
  out.append(text, clean);
  out += '"';
}

void append_json(std::string& out, Value value) {
  append(out, value, 0);
}

}  // namespace sluice::opensearch
