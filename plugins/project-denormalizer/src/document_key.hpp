#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog.hpp"

namespace sluice::denorm {

/// A type whose values have one text form only, the same in a change event and in PostgreSQL.
/// Only such columns may identify documents or join tables.
struct KeyType {
  enum class Form { kInteger, kUuid, kText, kPadded, kBoolean, kEnum };
  Form form = Form::kText;
  int integer_bits = 0;  // kInteger only
  std::string sql_type;  // what a parameter is cast to: "bigint"

  /// Whether PostgreSQL could print this text for a value of the type. If not, no row has it.
  [[nodiscard]] bool accepts(std::string_view text) const;
};

inline constexpr const char* kKeyTypesText =
    "smallint, integer, bigint, uuid, text, varchar, char, boolean or an enum";

/// None if the column's type may not be part of a key.
[[nodiscard]] std::optional<KeyType> key_type_of(const CatalogColumn& column);

/// The document's id for the values of its key columns: one column, its text; several, joined by
/// '|', with '|' and '\' inside a value escaped by '\'.
[[nodiscard]] std::string encode_key(const std::vector<std::string_view>& values);

/// The reverse. None if `key` is not what encode_key makes of values of these types: then no row
/// can have this key.
[[nodiscard]] std::optional<std::vector<std::string>> decode_key(std::string_view key,
                                                                 const std::vector<KeyType>& types);

}  // namespace sluice::denorm
