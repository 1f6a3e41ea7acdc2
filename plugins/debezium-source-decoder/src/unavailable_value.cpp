#include "unavailable_value.hpp"

#include <algorithm>

namespace sluice::debezium {

namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      group = group << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      result += i + j > bytes.size() ? '=' : kDigits[group >> (18 - 6 * j) & 63U];
    }
  }
  return result;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    result += {kDigits[byte >> 4], kDigits[byte & 15U]};
  }
  return result;
}

std::string hstore(const std::string& text) {
  return "{\"" + text + "\":\"" + text + "\"}";
}

}  // namespace

UnavailableValue::UnavailableValue(std::string_view placeholder)
    : placeholder_(placeholder),
      texts_{placeholder_, base64(placeholder), hex(placeholder), hstore(placeholder_)} {}

bool UnavailableValue::matches(const sluice_value& value) const {
  const Value read(value);
  if (read.is_string()) return matches_text(read.as_string());
  if (read.is_array()) {
    const auto items = read.as_array();
    if (items.size() == 1 && Value(items[0]).is_string()) {
      return matches_text(Value(items[0]).as_string());
    }
    return matches_bytes(items);
  }
  if (read.is_object() && read.as_object().size() == 1) {
    return to_string_view(read.as_object()[0].name) == placeholder_;
  }
  return false;
}

bool UnavailableValue::matches_text(std::string_view text) const {
  return std::find(texts_.begin(), texts_.end(), text) != texts_.end();
}

// An array of integers holds the placeholder's bytes as numbers.
bool UnavailableValue::matches_bytes(std::span<const sluice_value> items) const {
  return std::equal(items.begin(), items.end(), placeholder_.begin(), placeholder_.end(),
                    [](const sluice_value& item, char byte) {
                      return item.type == SLUICE_INT64 &&
                             item.as.int64 == static_cast<signed char>(byte);
                    });
}

}  // namespace sluice::debezium
