// Between value trees and nlohmann::json, for plugins that like to read their configuration that
// way, and for hosts. The only SDK header that needs a library (nlohmann_json).
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include <sluice/output.hpp>
#include <sluice/value.hpp>

namespace sluice {

// Bytes have no JSON form here: std::invalid_argument. JSON text is parsed:
// nlohmann::json::parse_error.
inline nlohmann::json to_json(Value value) {
  switch (value.type()) {
    case SLUICE_NULL:
      return nullptr;
    case SLUICE_BOOL:
      return value.as_bool();
    case SLUICE_INT64:
      return value.as_int64();
    case SLUICE_DOUBLE:
      return value.as_double();
    case SLUICE_STRING:
      return value.as_string();
    case SLUICE_JSON:
      return nlohmann::json::parse(value.as_json());
    case SLUICE_ARRAY: {
      auto array = nlohmann::json::array();
      for (const auto& item : value.as_array()) array.push_back(to_json(Value{item}));
      return array;
    }
    case SLUICE_OBJECT: {
      auto object = nlohmann::json::object();
      for (const auto& field : value.as_object()) {
        object[std::string(to_string_view(field.name))] = to_json(Value{field.value});
      }
      return object;
    }
    default:
      throw std::invalid_argument("this value has no JSON form");
  }
}

// Json is nlohmann::json or ordered_json. Copies the tree into `memory`, which has the copy and allocate functions of Output. An
// unsigned integer above int64 becomes JSON text.
template <typename Json, typename Memory>
sluice_value to_value(const Json& json, Memory& memory) {
  switch (json.type()) {
    case nlohmann::json::value_t::boolean:
      return make_bool(json.template get<bool>());
    case nlohmann::json::value_t::number_integer:
      return make_int64(json.template get<std::int64_t>());
    case nlohmann::json::value_t::number_unsigned: {
      const auto number = json.template get<std::uint64_t>();
      if (number > static_cast<std::uint64_t>(INT64_MAX))
        return make_json(memory.copy(json.dump()));
      return make_int64(static_cast<std::int64_t>(number));
    }
    case nlohmann::json::value_t::number_float:
      return make_double(json.template get<double>());
    case nlohmann::json::value_t::string:
      return make_string(memory.copy(json.template get_ref<const std::string&>()));
    case nlohmann::json::value_t::array: {
      std::vector<sluice_value> items;
      items.reserve(json.size());
      for (const auto& item : json) items.push_back(to_value(item, memory));
      return make_array(memory.copy(std::span<const sluice_value>(items)));
    }
    case nlohmann::json::value_t::object: {
      std::vector<sluice_field> fields;
      fields.reserve(json.size());
      for (const auto& [name, value] : json.items()) {
        fields.push_back(make_field(memory.copy(name), to_value(value, memory)));
      }
      return make_object(memory.copy(std::span<const sluice_field>(fields)));
    }
    default:
      return make_null();
  }
}

}  // namespace sluice
