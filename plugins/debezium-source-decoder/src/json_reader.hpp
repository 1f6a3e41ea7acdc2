#pragma once

#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/output.hpp>
#include <sluice/sdk.hpp>

namespace sluice::debezium {

// Reads JSON texts, one after the other, in one pass, and builds value trees from the parts that
// are asked for. Parts that nobody asks for are skipped: they are checked for UTF-8, closed strings
// and balanced brackets only. Keeps its memory from text to text.
//
// Errors are RecordError; syntax errors name the byte.
class JsonReader {
 public:
  using Element = simdjson::ondemand::value;

  // Calls field(name, element) for each field of the object that `text` holds, in order, then makes
  // sure that nothing follows it. Returns false if `text` is null. Names and values live as long as
  // `text` and `output`.
  template <typename Field>
  bool read_object(std::string_view text, Output& output, Field field) {
    start(text, output);
    auto document = parse(text);
    try {
      if (!expect_object(document)) return false;
      for_each_field(document.get_object().value(), field);
      if (!at_end(document)) throw simdjson::simdjson_error(simdjson::TRAILING_CONTENT);
      return true;
    } catch (const simdjson::simdjson_error& error) {
      throw syntax_error(error, document);
    }
  }

  // The same for an object inside; false if the element is no object.
  template <typename Field>
  bool read_fields(Element element, Field field) {
    if (element.type() != simdjson::ondemand::json_type::object) return false;
    for_each_field(element.get_object().value(), field);
    return true;
  }

  sluice_value build(Element element) { return build(element, 0); }

  // An object of a copy of these fields; RecordError if two have one name.
  sluice_value object_of(std::span<const sluice_field> fields);

 private:
  void start(std::string_view text, Output& output);
  simdjson::ondemand::document parse(std::string_view text);
  static bool expect_object(simdjson::ondemand::document& document);
  static bool at_end(simdjson::ondemand::document& document);
  RecordError syntax_error(const simdjson::simdjson_error& error,
                           simdjson::ondemand::document& document) const;

  template <typename Field>
  void for_each_field(simdjson::ondemand::object object, Field field) {
    for (auto each : object) field(name_of(each), each.value());
  }
  std::string_view name_of(simdjson::simdjson_result<simdjson::ondemand::field>& field);
  sluice_value build(Element element, int depth);
  sluice_value build_object(Element element, int depth);
  sluice_value build_array(Element element, int depth);
  sluice_value build_scalar(Element element);
  std::string_view in_text(const char* padded, std::size_t size) const;

  simdjson::ondemand::parser parser_;
  std::vector<char> padded_;  // simdjson reads past the end, so it gets a copy
  std::string_view text_;
  Output* output_ = nullptr;
  // Children of the objects and arrays being built, innermost last.
  std::vector<sluice_field> fields_;
  std::vector<sluice_value> items_;
  std::vector<std::string_view> names_;
};

// For messages: "a string", "null", ...
std::string_view describe_type(const sluice_value& value);

}  // namespace sluice::debezium
