#include "json_reader.hpp"

#include <algorithm>
#include <cstring>

#include "json_number.hpp"

namespace sluice::debezium {

namespace {

using simdjson::ondemand::json_type;

constexpr int kMaxDepth = 64;

std::string_view without_trailing_space(std::string_view token) {
  return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
}

// Quadratic while that is the fastest, which it is for the rows of ordinary tables.
const sluice_field* find_duplicate(std::span<const sluice_field> fields,
                                   std::vector<std::string_view>& names) {
  constexpr std::size_t kFew = 24;
  const auto name = [](const sluice_field& field) { return to_string_view(field.name); };
  if (fields.size() <= kFew) {
    for (std::size_t i = 1; i < fields.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (name(fields[i]) == name(fields[j])) return &fields[i];
      }
    }
    return nullptr;
  }
  names.clear();
  for (const auto& field : fields) names.push_back(name(field));
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return nullptr;
  return &*std::find_if(fields.begin(), fields.end(),
                        [&](const sluice_field& field) { return name(field) == *twice; });
}

std::string_view describe_type(json_type type) {
  switch (type) {
    case json_type::object:
      return "an object";
    case json_type::array:
      return "an array";
    case json_type::number:
      return "a number";
    case json_type::string:
      return "a string";
    case json_type::boolean:
      return "a boolean";
    default:
      return "null";
  }
}

}  // namespace

std::string_view describe_type(const sluice_value& value) {
  switch (value.type) {
    case SLUICE_NULL:
      return "null";
    case SLUICE_BOOL:
      return "a boolean";
    case SLUICE_INT64:
      return "an integer";
    case SLUICE_STRING:
      return "a string";
    case SLUICE_ARRAY:
      return "an array";
    case SLUICE_OBJECT:
      return "an object";
    default:
      return "a number";
  }
}

void JsonReader::start(std::string_view text, Output& output) {
  fields_.clear();
  items_.clear();
  text_ = text;
  output_ = &output;
}

simdjson::ondemand::document JsonReader::parse(std::string_view text) {
  const std::size_t size = text.size() + simdjson::SIMDJSON_PADDING;
  if (padded_.size() < size) padded_.resize(2 * size);
  std::memcpy(padded_.data(), text.data(), text.size());
  std::memset(padded_.data() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
  auto document = parser_.iterate(padded_.data(), text.size(), padded_.size());
  if (document.error() == simdjson::SUCCESS) return std::move(document).value();
  throw RecordError(std::string("not JSON: ") + simdjson::error_message(document.error()));
}

bool JsonReader::expect_object(simdjson::ondemand::document& document) {
  const json_type type = document.type();
  if (type == json_type::object) return true;
  if (type == json_type::null) {  // as far as its first letter says
    if (document.is_null()) return false;
    throw simdjson::simdjson_error(simdjson::N_ATOM_ERROR);
  }
  throw RecordError("expected a JSON object, found " + std::string(describe_type(type)));
}

bool JsonReader::at_end(simdjson::ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

RecordError JsonReader::syntax_error(const simdjson::simdjson_error& error,
                                     simdjson::ondemand::document& document) const {
  const char* at = padded_.data() + text_.size();
  if (document.current_location().get(at) != simdjson::SUCCESS) at = padded_.data() + text_.size();
  return RecordError(std::string("not JSON, or cut off, near byte ") +
                     std::to_string(at - padded_.data()) + " of " + std::to_string(text_.size()) +
                     ": " + error.what());
}

// The same bytes in the caller's text, which outlives the padded copy.
std::string_view JsonReader::in_text(const char* padded, std::size_t size) const {
  return text_.substr(static_cast<std::size_t>(padded - padded_.data()), size);
}

std::string_view JsonReader::name_of(simdjson::simdjson_result<simdjson::ondemand::field>& field) {
  const char* const raw = field.key().value().raw();
  const std::string_view name = field.unescaped_key();
  const std::string_view written = in_text(raw, name.size());
  return written == name ? written : output_->copy(name);
}

sluice_value JsonReader::build(Element element, int depth) {
  const json_type type = element.type();
  if (type != json_type::object && type != json_type::array) return build_scalar(element);
  if (depth == kMaxDepth) {
    throw RecordError("nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }
  return type == json_type::object ? build_object(element, depth) : build_array(element, depth);
}

sluice_value JsonReader::build_object(Element element, int depth) {
  const std::size_t first = fields_.size();
  for_each_field(element.get_object().value(), [&](std::string_view name, Element each) {
    const sluice_value value = build(each, depth + 1);
    fields_.push_back(make_field(name, value));
  });
  const sluice_value object = object_of(std::span<const sluice_field>(fields_).subspan(first));
  fields_.resize(first);
  return object;
}

sluice_value JsonReader::object_of(std::span<const sluice_field> fields) {
  if (const auto* twice = find_duplicate(fields, names_)) {
    throw RecordError("field '" + std::string(to_string_view(twice->name)) + "' occurs twice");
  }
  return make_object(output_->copy(fields));
}

sluice_value JsonReader::build_array(Element element, int depth) {
  const std::size_t first = items_.size();
  for (auto each : element.get_array()) {
    const sluice_value item = build(each.value(), depth + 1);
    items_.push_back(item);
  }
  const auto items = std::span<const sluice_value>(items_).subspan(first);
  const sluice_value array = make_array(output_->copy(items));
  items_.resize(first);
  return array;
}

// Text without escapes, which is most, stays where it is: in the record.
sluice_value JsonReader::build_scalar(Element element) {
  const std::string_view token = without_trailing_space(element.raw_json_token());
  const std::string_view text = in_text(token.data(), token.size());
  if (text.starts_with('"')) {
    if (text.find('\\') != std::string_view::npos) {
      return make_string(output_->copy(element.get_string().value()));
    }
    if (text.size() >= 2 && text.back() == '"') return make_string(text.substr(1, text.size() - 2));
  }
  if (text == "null") return make_null();
  if (text == "true") return make_bool(true);
  if (text == "false") return make_bool(false);
  if (const auto number = number_value(text)) return *number;
  throw simdjson::simdjson_error(simdjson::TAPE_ERROR);
}

}  // namespace sluice::debezium
