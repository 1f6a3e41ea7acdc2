#include "document_key.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace sluice::denorm {
namespace {

bool is_canonical_integer(std::string_view text, int bits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  if (std::to_string(value) != text) return false;  // "007", "-0"
  if (bits == 64) return true;
  const std::int64_t limit = std::int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

bool is_canonical_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// Splits at unescaped bars and removes the escapes.
std::vector<std::string> split_key(std::string_view key) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '|') {
      parts.emplace_back();
      continue;
    }
    if (key[i] == '\\' && i + 1 < key.size()) ++i;
    parts.back() += key[i];
  }
  return parts;
}

}  // namespace

bool KeyType::accepts(std::string_view text) const {
  if (text.find('\0') != std::string_view::npos) return false;
  switch (form) {
    case Form::kInteger:
      return is_canonical_integer(text, integer_bits);
    case Form::kUuid:
      return is_canonical_uuid(text);
    case Form::kBoolean:
      return text == "true" || text == "false";
    case Form::kPadded:
      return text.empty() || text.back() != ' ';
    case Form::kText:
    case Form::kEnum:
      return true;
  }
  return false;
}

std::optional<KeyType> key_type_of(const CatalogColumn& column) {
  using Form = KeyType::Form;
  const std::string& type = column.base_type;
  if (column.is_array) return std::nullopt;
  if (type == "smallint") return KeyType{Form::kInteger, 16, type};
  if (type == "integer") return KeyType{Form::kInteger, 32, type};
  if (type == "bigint") return KeyType{Form::kInteger, 64, type};
  if (type == "uuid") return KeyType{Form::kUuid, 0, type};
  if (type == "boolean") return KeyType{Form::kBoolean, 0, type};
  if (type == "text" || type == "character varying") return KeyType{Form::kText, 0, "text"};
  // "character" without a length would mean character(1).
  if (type == "character") return KeyType{Form::kPadded, 0, "bpchar"};
  if (column.is_enum || column.base_kind == 'e') return KeyType{Form::kEnum, 0, type};
  return std::nullopt;
}

std::string encode_key(const std::vector<std::string_view>& values) {
  if (values.size() == 1) return std::string(values[0]);
  std::string key;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) key += '|';
    for (const char c : values[i]) {
      if (c == '|' || c == '\\') key += '\\';
      key += c;
    }
  }
  return key;
}

std::optional<std::vector<std::string>> decode_key(std::string_view key,
                                                   const std::vector<KeyType>& types) {
  std::vector<std::string> values =
      types.size() == 1 ? std::vector<std::string>{std::string(key)} : split_key(key);
  if (values.size() != types.size()) return std::nullopt;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (!types[i].accepts(values[i])) return std::nullopt;
  }
  // What is not escaped as encode_key does it would be a second name of the same row.
  if (encode_key({values.begin(), values.end()}) != key) return std::nullopt;
  return values;
}

}  // namespace sluice::denorm
