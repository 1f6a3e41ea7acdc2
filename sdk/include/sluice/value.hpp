// Values: read access to, and construction of, the trees that cross the plugin boundary.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sluice/plugin_abi.h>

namespace sluice {

inline sluice_view to_view(std::string_view text) {
  return {text.data(), text.size()};
}

// An absent view reads as empty; see is_absent.
inline std::string_view to_string_view(sluice_view view) {
  return view.data == nullptr ? std::string_view{} : std::string_view{view.data, view.size};
}
inline bool is_absent(sluice_view view) {
  return view.data == nullptr;
}

// A value as a plugin reads it: a non-owning view, cheap to copy, valid as long as the tree behind
// it. The as_* functions throw std::invalid_argument when the type is another.
class Value {
 public:
  Value() = default;                                            // null
  explicit Value(const sluice_value* value) : value_(value) {}  // NULL reads as null
  explicit Value(const sluice_value& value) : value_(&value) {}

  sluice_type type() const { return value_ == nullptr ? SLUICE_NULL : value_->type; }
  bool is_null() const { return type() == SLUICE_NULL; }
  bool is_object() const { return type() == SLUICE_OBJECT; }
  bool is_array() const { return type() == SLUICE_ARRAY; }
  bool is_string() const { return type() == SLUICE_STRING; }
  bool is_int64() const { return type() == SLUICE_INT64; }

  bool as_bool() const { return require(SLUICE_BOOL, "a boolean").as.boolean != 0; }
  std::int64_t as_int64() const { return require(SLUICE_INT64, "an integer").as.int64; }
  double as_double() const {
    if (type() == SLUICE_INT64) return static_cast<double>(value_->as.int64);
    return require(SLUICE_DOUBLE, "a number").as.real;
  }
  std::string_view as_string() const {
    return to_string_view(require(SLUICE_STRING, "a string").as.text);
  }
  std::string_view as_bytes() const {
    return to_string_view(require(SLUICE_BYTES, "bytes").as.text);
  }
  std::string_view as_json() const {
    return to_string_view(require(SLUICE_JSON, "JSON text").as.text);
  }
  std::span<const sluice_value> as_array() const {
    const auto& array = require(SLUICE_ARRAY, "an array").as.array;
    return {array.items, array.size};
  }
  std::span<const sluice_field> as_object() const {
    const auto& object = require(SLUICE_OBJECT, "an object").as.object;
    return {object.fields, object.size};
  }

  // The field of that name; a null value if this is no object or has no such field.
  Value operator[](std::string_view name) const {
    const sluice_field* field = find(name);
    return field == nullptr ? Value{} : Value{field->value};
  }
  bool has(std::string_view name) const { return find(name) != nullptr; }

  const sluice_value* raw() const { return value_; }

 private:
  const sluice_field* find(std::string_view name) const {
    if (!is_object()) return nullptr;
    for (const auto& field : as_object()) {
      if (to_string_view(field.name) == name) return &field;
    }
    return nullptr;
  }
  const sluice_value& require(sluice_type expected, const char* what) const {
    if (type() != expected) throw std::invalid_argument(std::string("expected ") + what);
    return *value_;
  }

  const sluice_value* value_ = nullptr;
};

// Makers of values. They copy nothing: text, items and fields must outlive the value (see
// Output::copy).
inline sluice_value make_null() {
  return sluice_value{};
}
inline sluice_value make_bool(bool flag) {
  sluice_value value{};
  value.type = SLUICE_BOOL;
  value.as.boolean = flag ? 1 : 0;
  return value;
}
inline sluice_value make_int64(std::int64_t number) {
  sluice_value value{};
  value.type = SLUICE_INT64;
  value.as.int64 = number;
  return value;
}
inline sluice_value make_double(double number) {
  sluice_value value{};
  value.type = SLUICE_DOUBLE;
  value.as.real = number;
  return value;
}
inline sluice_value make_text(sluice_type type, std::string_view text) {
  sluice_value value{};
  value.type = type;
  value.as.text = to_view(text);
  return value;
}
inline sluice_value make_string(std::string_view text) {
  return make_text(SLUICE_STRING, text);
}
inline sluice_value make_bytes(std::string_view bytes) {
  return make_text(SLUICE_BYTES, bytes);
}
inline sluice_value make_json(std::string_view text) {
  return make_text(SLUICE_JSON, text);
}
inline sluice_value make_array(std::span<const sluice_value> items) {
  sluice_value value{};
  value.type = SLUICE_ARRAY;
  value.as.array.items = items.data();
  value.as.array.size = items.size();
  return value;
}
inline sluice_value make_object(std::span<const sluice_field> fields) {
  sluice_value value{};
  value.type = SLUICE_OBJECT;
  value.as.object.fields = fields.data();
  value.as.object.size = fields.size();
  return value;
}
inline sluice_field make_field(std::string_view name, const sluice_value& value) {
  return sluice_field{to_view(name), value};
}

}  // namespace sluice
