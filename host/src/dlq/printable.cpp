#include "dlq/printable.hpp"

#include <array>
#include <cstdio>

#include "config/utf8.hpp"

namespace sluice {
namespace {

// C0, DEL and, as the two bytes that UTF-8 makes of them, C1.
bool is_control(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte < 0x20 || byte == 0x7F ||
         (byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0);
}

bool is_space(char byte) {
  return byte == '\n' || byte == '\t' || byte == '\r';
}

std::string hex(std::size_t number, int digits) {
  std::array<char, 20> text{};
  const int size = std::snprintf(text.data(), text.size(), "%0*zx", digits, number);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string escape(char byte) {
  switch (byte) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return "\\x" + hex(static_cast<unsigned char>(byte), 2);
  }
}

std::string hex_line(std::string_view bytes, std::size_t begin) {
  constexpr std::size_t kWidth = 16;
  std::string line = hex(begin, 8) + " ";
  std::string shown;
  for (std::size_t i = 0; i < kWidth; ++i) {
    if (i == kWidth / 2) line += ' ';
    if (begin + i >= bytes.size()) {
      line += "   ";
      continue;
    }
    const auto byte = static_cast<unsigned char>(bytes[begin + i]);
    line += ' ' + hex(byte, 2);
    shown += byte < 0x20 || byte >= 0x7F ? '.' : static_cast<char>(byte);
  }
  return line + "  |" + shown + "|\n";
}

}  // namespace

bool is_text(std::string_view bytes) {
  if (find_invalid_utf8(bytes) != std::string_view::npos) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (is_control(bytes, i) && !is_space(bytes[i])) return false;
  }
  return true;
}

std::string one_line(std::string_view bytes) {
  std::string line;
  auto invalid = find_invalid_utf8(bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == invalid || is_control(bytes, i)) {
      line += escape(bytes[i]);
    } else {
      line += bytes[i];
    }
    if (i == invalid) {
      const auto next = find_invalid_utf8(bytes.substr(i + 1));
      invalid = next == std::string_view::npos ? next : i + 1 + next;
    }
  }
  return line;
}

std::string hex_dump(std::string_view bytes) {
  std::string dump;
  for (std::size_t at = 0; at < bytes.size(); at += 16) dump += hex_line(bytes, at);
  return dump;
}

}  // namespace sluice
