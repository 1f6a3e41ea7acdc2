#include "words.hpp"

#include <cstddef>

#include "utf8.hpp"

namespace sluice::search {
namespace {

bool is_space(char32_t c) {
  return c <= 0x20 || c == 0x7F || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000 || c == 0xFEFF;
}

bool is_ascii_letter_or_digit(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) return !is_ascii_letter_or_digit(c);
  const bool latin1_sign = c < 0xC0 && c != 0xAA && c != 0xB5 && c != 0xBA;
  return latin1_sign || c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c <= 0x206F) ||
         (c >= 0x3001 && c <= 0x3004) || (c >= 0x3008 && c <= 0x3020);
}

}  // namespace

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::size_t start = 0;
  bool has_letter = false;
  const auto end_word = [&](std::size_t end) {
    if (has_letter) words.emplace_back(text.substr(start, end - start));
    has_letter = false;
  };
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t at = pos;
    const char32_t c = next_code_point(text, pos);
    if (is_space(c)) {
      end_word(at);
      start = pos;
    } else if (!is_punctuation(c)) {
      has_letter = true;
    }
  }
  end_word(text.size());
  return words;
}

bool is_blank(std::string_view text) {
  for (std::size_t pos = 0; pos < text.size();) {
    if (!is_space(next_code_point(text, pos))) return false;
  }
  return true;
}

}  // namespace sluice::search
