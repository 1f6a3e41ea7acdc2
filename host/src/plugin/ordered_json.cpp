#include "plugin/ordered_json.hpp"

#include <sluice/json.hpp>

namespace sluice {

Json ordered_json(Value value) {
  if (value.is_object()) {
    Json object = Json::object();
    for (const auto& field : value.as_object()) {
      object[std::string(to_string_view(field.name))] = ordered_json(Value{field.value});
    }
    return object;
  }
  if (value.type() != SLUICE_ARRAY) return to_json(value);
  Json array = Json::array();
  for (const auto& item : value.as_array()) array.push_back(ordered_json(Value{item}));
  return array;
}

}  // namespace sluice
