#include "config/schema_check.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>

#include "config/nearest.hpp"
#include "config/scalar.hpp"
#include "config/schema.hpp"
#include "config/validator.hpp"

namespace sluice {

namespace {

constexpr int kMaxDepth = 64;

bool is_string_list(const Json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
}

bool is_count(const Json& value) {
  return value.is_number_unsigned();
}

bool is_type(const Json& value) {
  const auto known = [](const Json& name) {
    return name.is_string() && type_by_name(name.get<std::string>()) != kNoType;
  };
  if (!value.is_array()) return known(value);
  return !value.empty() && std::all_of(value.begin(), value.end(), known);
}

bool is_format(const Json& value) {
  return value.is_string() && std::find(kSchemaFormats.begin(), kSchemaFormats.end(),
                                        value.get<std::string>()) != kSchemaFormats.end();
}

bool is_pattern(const Json& value) {
  if (!value.is_string()) return false;
  try {
    const std::regex compiled(value.get<std::string>(), std::regex::ECMAScript);
    return true;
  } catch (const std::regex_error&) {
    return false;
  }
}

bool is_dependencies(const Json& value) {
  return value.is_object() && std::all_of(value.begin(), value.end(), is_string_list);
}

struct Rule {
  std::function<bool(const Json&)> accepts;
  std::string expected;
};

/// What the value of a keyword must be. Keywords that hold schemas are checked by the walk.
const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> kRules{
      {"type", {is_type, "one of the JSON Schema types or a list of them"}},
      {"format", {is_format, "one of duration, size, path, secret"}},
      {"pattern", {is_pattern, "a regular expression that compiles"}},
      {"minLength", {is_count, "a count"}},
      {"minItems", {is_count, "a count"}},
      {"minimum", {[](const Json& v) { return v.is_number(); }, "a number"}},
      {"maximum", {[](const Json& v) { return v.is_number(); }, "a number"}},
      {"required", {is_string_list, "a list of names"}},
      {"enum", {[](const Json& v) { return v.is_array() && !v.empty(); }, "a list of values"}},
      {"examples", {[](const Json& v) { return v.is_array(); }, "a list"}},
      {"dependentRequired", {is_dependencies, "lists of names by name"}},
      {"deprecated", {[](const Json& v) { return v.is_boolean(); }, "true or false"}},
      {"description", {[](const Json& v) { return v.is_string(); }, "a string"}},
      {"title", {[](const Json& v) { return v.is_string(); }, "a string"}},
      {"$ref", {[](const Json& v) { return v.is_string(); }, "a string"}},
  };
  return kRules;
}

class Checker {
 public:
  explicit Checker(const Json& root) : root_(root) {}

  void check(const Json& schema, const std::string& place, int depth) {
    if (schema.is_boolean() && schema.get<bool>()) return;
    if (!schema.is_object()) return add(place, "expected a schema, found " + schema.dump());
    if (depth == kMaxDepth) return add(place, "nested too deeply");
    for (const auto& [keyword, value] : schema.items()) {
      check_keyword(keyword, value, place, depth);
    }
    if (schema.contains("oneOf") && schema.contains("anyOf")) {
      add(place, "\"oneOf\" beside \"anyOf\" is not supported");
    }
    check_required_names(schema, place);
  }

  /// Whether the defaults fit; only for a schema that is sound otherwise.
  void check_defaults(const Json& schema, const std::string& place) {
    if (schema.is_object() && schema.contains("default")) {
      Json rooted = schema;
      if (root_.contains("$defs")) rooted["$defs"] = root_["$defs"];
      const Validated result = validate(node_from_json(schema["default"], {}), rooted,
                                        {.file = "", .base_dir = "/", .path = ""});
      for (const Problem& problem : result.problems) {
        add(place + "/default",
            (problem.path.empty() ? "" : problem.path + ": ") + problem.message);
      }
    }
    for (const auto& [keyword, sub] : subschemas(schema)) {
      check_defaults(*sub, std::string(place).append("/").append(keyword));
    }
  }

  std::vector<std::string>& problems() { return problems_; }

 private:
  void add(const std::string& place, const std::string& message) {
    problems_.push_back((place.empty() ? "/" : place) + ": " + message);
  }

  void check_keyword(const std::string& keyword, const Json& value, const std::string& place,
                     int depth) {
    const std::string here = place + '/' + keyword;
    const std::vector<std::string> known(kSchemaKeywords.begin(), kSchemaKeywords.end());
    if (std::find(known.begin(), known.end(), keyword) == known.end()) {
      const auto meant = nearest(keyword, known);
      add(place, "unsupported keyword " + in_quotes(keyword) +
                     (meant ? "; did you mean " + in_quotes(*meant) + "?" : ""));
      return;
    }
    const auto rule = rules().find(keyword);
    if (rule != rules().end() && !rule->second.accepts(value)) {
      add(here, "expected " + rule->second.expected + ", found " + value.dump());
      return;
    }
    if (keyword == "$ref") check_reference(value.get<std::string>(), here);
    if (keyword == "properties" || keyword == "$defs") check_each(value, here, depth);
    if (keyword == "oneOf" || keyword == "anyOf") check_branches(value, here, depth);
    if (keyword == "items" || keyword == "propertyNames") check(value, here, depth + 1);
    if (keyword == "additionalProperties" && !value.is_boolean()) check(value, here, depth + 1);
  }

  void check_each(const Json& schemas, const std::string& place, int depth) {
    if (!schemas.is_object()) return add(place, "expected schemas by name");
    for (const auto& [name, schema] : schemas.items()) {
      check(schema, std::string(place).append("/").append(name), depth + 1);
    }
  }

  void check_branches(const Json& branches, const std::string& place, int depth) {
    if (!branches.is_array() || branches.empty()) return add(place, "expected a list of schemas");
    for (std::size_t i = 0; i < branches.size(); ++i) {
      check(branches[i], place + '/' + std::to_string(i), depth + 1);
    }
  }

  void check_reference(const std::string& reference, const std::string& place) {
    std::set<std::string> seen;
    std::string next = reference;
    while (true) {
      if (!seen.insert(next).second) return add(place, "the reference leads back to itself");
      constexpr std::string_view kPrefix = "#/$defs/";
      const std::string name = next.starts_with(kPrefix) ? next.substr(kPrefix.size()) : "";
      if (name.empty() || !root_.contains("$defs") || !root_["$defs"].contains(name)) {
        return add(place, in_quotes(next) + " is not in \"$defs\"");
      }
      const Json& target = root_["$defs"][name];
      if (!target.is_object() || !target.contains("$ref") || !target["$ref"].is_string()) return;
      next = target["$ref"].get<std::string>();
    }
  }

  /// A required key that a closed object does not know could never be given.
  void check_required_names(const Json& schema, const std::string& place) {
    const bool is_complete = schema.contains("properties") && schema.contains("required") &&
                             branch_keyword(schema).empty() && !schema.contains("$ref");
    if (!is_complete || !is_string_list(schema["required"])) return;
    for (const Json& name : schema["required"]) {
      if (property_schema(schema, name.get<std::string>()) == nullptr) {
        add(place + "/required", in_quotes(name.get<std::string>()) + " is not in \"properties\"");
      }
    }
  }

  const Json& root_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> check_schema(const Json& schema) {
  Checker checker(schema);
  checker.check(schema, "", 0);
  if (schema.is_object() && schema.contains("type") && schema["type"] != "object") {
    checker.problems().emplace_back("/type: the options of a plugin are an object");
  }
  if (checker.problems().empty()) checker.check_defaults(schema, "");
  return checker.problems();
}

}  // namespace sluice
