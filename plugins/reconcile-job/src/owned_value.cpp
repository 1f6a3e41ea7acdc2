#include "owned_value.hpp"

namespace sluice::reconcile {

sluice_value OwnedValue::copy(Value value) {
  switch (value.type()) {
    case SLUICE_NULL:
      return make_null();
    case SLUICE_ARRAY: {
      std::vector<sluice_value> items;
      for (const auto& item : value.as_array()) items.push_back(copy(Value(item)));
      return make_array(arrays_.emplace_back(std::move(items)));
    }
    case SLUICE_OBJECT: {
      std::vector<sluice_field> fields;
      for (const auto& field : value.as_object()) {
        fields.push_back(make_field(copy_text(field.name), copy(Value(field.value))));
      }
      return make_object(objects_.emplace_back(std::move(fields)));
    }
    case SLUICE_STRING:
    case SLUICE_BYTES:
    case SLUICE_JSON:
      return make_text(value.type(), copy_text(value.raw()->as.text));
    default:
      return *value.raw();
  }
}

std::string_view OwnedValue::copy_text(sluice_view text) {
  return texts_.emplace_back(to_string_view(text));
}

}  // namespace sluice::reconcile
