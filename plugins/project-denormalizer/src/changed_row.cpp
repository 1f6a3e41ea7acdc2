#include "changed_row.hpp"

#include <algorithm>

namespace sluice::denorm {
namespace {

std::string key_text(Value value, const KeyType& type) {
  switch (value.type()) {
    case SLUICE_INT64:
      return std::to_string(value.as_int64());
    case SLUICE_BOOL:
      return value.as_bool() ? "true" : "false";
    case SLUICE_STRING: {
      std::string text(value.as_string());
      if (type.form == KeyType::Form::kPadded) text.erase(text.find_last_not_of(' ') + 1);
      return text;
    }
    default:
      throw std::invalid_argument("neither an integer, a boolean nor text");
  }
}

[[noreturn]] void refuse(const Route& route, std::size_t column, const std::string& found) {
  throw RecordError("column " + route.table.text() + "." + route.source[column] + ": expected " +
                    route.types[column].sql_type + ", found " + found);
}

bool same_value(const sluice_value& a, const sluice_value& b);

bool same_items(Value a, Value b) {
  const auto left = a.as_array();
  const auto right = b.as_array();
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), same_value);
}

bool same_fields(Value a, Value b) {
  const auto left = a.as_object();
  const auto right = b.as_object();
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const sluice_field& x, const sluice_field& y) {
                      return to_string_view(x.name) == to_string_view(y.name) &&
                             same_value(x.value, y.value);
                    });
}

bool same_value(const sluice_value& a, const sluice_value& b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case SLUICE_NULL:
      return true;
    case SLUICE_BOOL:
      return a.as.boolean == b.as.boolean;
    case SLUICE_INT64:
      return a.as.int64 == b.as.int64;
    case SLUICE_DOUBLE:
      return a.as.real == b.as.real;
    case SLUICE_ARRAY:
      return same_items(Value{a}, Value{b});
    case SLUICE_OBJECT:
      return same_fields(Value{a}, Value{b});
    default:
      return to_string_view(a.as.text) == to_string_view(b.as.text);
  }
}

}  // namespace

SourceValues source_values(Value row, const Route& route, Value unchanged) {
  SourceValues out;
  for (std::size_t i = 0; i < route.source.size(); ++i) {
    const std::string& column = route.source[i];
    const Value& holder = row.has(column) ? row : unchanged;
    if (!holder.has(column)) return {SourceValues::State::kMissing, {}, column};
    const Value value = holder[column];
    if (value.is_null()) return {SourceValues::State::kNone, {}, {}};
    try {
      out.values.push_back(key_text(value, route.types[i]));
    } catch (const std::invalid_argument& e) {
      refuse(route, i, e.what());
    }
    if (!route.types[i].accepts(out.values.back())) {
      refuse(route, i, "\"" + out.values.back() + "\"");
    }
  }
  return out;
}

TableName table_of(const sluice_change& change) {
  const std::string_view schema = to_string_view(change.schema);
  return {schema.empty() ? "public" : std::string(schema),
          std::string(to_string_view(change.table))};
}

Value trusted_before(const sluice_change& change, bool full_before) {
  const Value before{change.before};
  return full_before && before.is_object() ? before : Value{change.key};
}

bool leaves_unchanged(const sluice_change& change, const Route& route, bool full_before) {
  const Value before{change.before};
  const Value after{change.after};
  if (change.op != SLUICE_OP_UPDATE || !route.used_columns || !full_before || !before.is_object() ||
      !after.is_object()) {
    return false;
  }
  return std::all_of(route.used_columns->begin(), route.used_columns->end(),
                     [&](const std::string& column) {
                       // One that the connector leaves out may have changed.
                       return before.has(column) && after.has(column) &&
                              same_value(*before[column].raw(), *after[column].raw());
                     });
}

}  // namespace sluice::denorm
