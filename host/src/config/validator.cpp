#include "config/validator.hpp"

#include <algorithm>
#include <optional>
#include <regex>

#include "config/join.hpp"
#include "config/nearest.hpp"
#include "config/scalar.hpp"
#include "config/schema.hpp"
#include "config/utf8.hpp"

namespace sluice {

namespace {

constexpr int kMaxDepth = 200;       // of schemas within schemas; each YAML level takes one or two
constexpr int kMaxVisits = 300'000;  // branches within branches multiply
constexpr std::size_t kMaxPatternText = 1000;  // std::regex recurses for each character

using Kind = ConfigNode::Kind;

bool is_whole_number(const std::string& text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789", text[0] == '-' ? 1 : 0) == std::string::npos;
}

std::string describe_node(const ConfigNode& node) {
  switch (node.kind) {
    case Kind::kMap:
      return "a mapping";
    case Kind::kSequence:
      return "a list";
    case Kind::kScalar: {
      const bool is_text =
          natural_value(node).is_string() && (node.is_quoted || !is_whole_number(node.text));
      return is_text ? "the string " + in_quotes(node.text) : node.text.substr(0, 60);
    }
    default:
      return "nothing";
  }
}

std::string format_of(const Json& schema) {
  return schema.value("format", std::string());
}

/// What a schema without `type` must mean, by its other keywords.
unsigned types_in(const Json& schema) {
  if (schema.contains("type")) return types_of(schema["type"]);
  if (schema.contains("properties") || schema.contains("additionalProperties")) return kObjectType;
  if (schema.contains("items")) return kArrayType;
  if (schema.contains("format") || schema.contains("pattern")) return kStringType;
  return kAnyType;
}

std::string describe_schema(const Json& schema) {
  const std::string format = format_of(schema);
  if (format == "duration") return "a duration such as 250ms, 2s, 5m, 1h or 7d";
  if (format == "size") return "a size such as 512b, 64kb, 8mb or 1gb";
  return describe_types(types_in(schema));
}

bool is_only_required(const Json& schema) {
  return schema.is_object() && schema.size() == 1 && schema.contains("required");
}

class Validator {
 public:
  Validator(const Json& root, const ConfigOrigin& origin) : root_(root), origin_(origin) {}

  Json visit(const ConfigNode& node, const Json& schema, const std::string& path) {
    if (node.kind == Kind::kBroken || gave_up_) return nullptr;
    if (depth_ == kMaxDepth) return give_up(node, path, "nested too deeply");
    if (visits_ == kMaxVisits) return give_up(node, path, "too complex to be checked");
    ++depth_;
    ++visits_;
    const bool is_resolved = schema.is_object() && !schema.contains("$ref");
    Json value = is_resolved ? visit_resolved(node, schema, path)
                             : visit_resolved(node, resolve_schema(root_, schema), path);
    --depth_;
    return value;
  }

  Problems take_problems() {
    if (gave_up_) problems_.push_back(*std::move(gave_up_));
    return std::move(problems_);
  }

 private:
  struct Attempt {
    Json value;
    Problems problems;
  };

  void report(Severity severity, Position where, const std::string& path, std::string message) {
    problems_.push_back({severity, origin_.file, where, path, std::move(message)});
  }

  /// Ends the check: what is not visited any more must not pass for valid in another branch.
  Json give_up(const ConfigNode& node, const std::string& path, const std::string& reason) {
    gave_up_ = {Severity::kError, origin_.file, node.position, path, reason};
    return nullptr;
  }

  void fail(const ConfigNode& node, const std::string& path, std::string message) {
    report(Severity::kError, node.position, path, std::move(message));
  }

  /// `expected ..., found ...`, without the value of a secret.
  void fail_expected(const ConfigNode& node, const Json& schema, const std::string& path,
                     const std::string& expected, const std::string& hint = {}) {
    const bool is_secret = format_of(schema) == "secret" && node.kind == Kind::kScalar;
    const std::string found = is_secret ? "another value" : describe_node(node);
    fail(node, path, "expected " + expected + ", found " + found + hint);
  }

  Json visit_resolved(const ConfigNode& node, const Json& schema, const std::string& path) {
    if (!branch_keyword(schema).empty()) return visit_branches(node, schema, path);
    const unsigned types = types_in(schema);
    switch (node.kind) {
      case Kind::kMap:
        if ((types & kObjectType) != 0) return visit_object(node, schema, path);
        break;
      case Kind::kSequence:
        if ((types & kArrayType) != 0) return visit_array(node, schema, path);
        break;
      case Kind::kNull:
        return visit_null(node, schema, types, path);
      default:
        return visit_scalar(node, schema, types, path);
    }
    fail_expected(node, schema, path, describe_schema(schema));
    return nullptr;
  }

  /// Nothing after the colon is an empty mapping or list where one is expected.
  Json visit_null(const ConfigNode& node, const Json& schema, unsigned types,
                  const std::string& path) {
    if ((types & kNullType) != 0) return nullptr;
    if ((types & kObjectType) != 0) return visit_object(node, schema, path);
    if ((types & kArrayType) != 0) return visit_array(node, schema, path);
    fail_expected(node, schema, path, describe_schema(schema));
    return nullptr;
  }

  // Branches
  // ---------------------------------------------------------------------------------------

  Json visit_branches(const ConfigNode& node, const Json& schema, const std::string& path) {
    const Json& raw = schema[branch_keyword(schema)];
    if (std::all_of(raw.begin(), raw.end(), is_only_required)) {
      return visit_key_choice(node, schema, path);
    }
    std::vector<Json> branches = merged_branches(root_, schema);
    if (!keep_of_kind(node, branches, path)) return nullptr;
    if (!keep_by_discriminator(node, branches, path)) return nullptr;
    return visit_best(node, branches, path);
  }

  /// Branches that only say which keys must be there: `oneOf: [{required: [url]}, {required:
  /// [hosts]}]`.
  Json visit_key_choice(const ConfigNode& node, const Json& schema, const std::string& path) {
    const std::string keyword = branch_keyword(schema);
    std::vector<std::string> choices;
    std::vector<std::string> taken;
    for (const Json& branch : schema[keyword]) {
      std::vector<std::string> keys;
      bool all_there = true;
      for (const Json& key : branch["required"]) {
        keys.push_back(in_quotes(key.get<std::string>()));
        all_there = all_there && node.find(key.get<std::string>()) != nullptr;
      }
      choices.push_back(join(keys, " with "));
      if (all_there) taken.push_back(choices.back());
    }
    Json base = schema;
    base.erase(keyword);
    Json value = visit_resolved(node, base, path);
    if (!admits(node, Json{{"type", "object"}})) return value;
    if (taken.empty()) fail(node, path, "needs " + join(choices, " or "));
    if (keyword == "oneOf" && taken.size() > 1) {
      fail(node, path, "takes only one of " + join(taken, " and "));
    }
    return value;
  }

  bool admits(const ConfigNode& node, const Json& schema) const {
    const unsigned types = types_in(schema);
    switch (node.kind) {
      case Kind::kMap:
        return (types & kObjectType) != 0;
      case Kind::kSequence:
        return (types & kArrayType) != 0;
      case Kind::kNull:
        return (types & (kNullType | kObjectType | kArrayType)) != 0;
      default:
        return coerce_scalar(node, types).has_value();
    }
  }

  /// A branch that takes the value as it is goes before one that would make text of it.
  static bool is_natural(const ConfigNode& node, const Json& schema) {
    return node.kind != Kind::kScalar || (types_in(schema) & kStringType) == 0 ||
           natural_value(node).is_string();
  }

  bool keep_of_kind(const ConfigNode& node, std::vector<Json>& branches, const std::string& path) {
    std::vector<Json> kept;
    std::vector<std::string> expected;
    for (const Json& branch : branches) {
      if (admits(node, branch) || !branch_keyword(branch).empty()) kept.push_back(branch);
      std::string description = describe_schema(branch);
      if (std::find(expected.begin(), expected.end(), description) == expected.end()) {
        expected.push_back(std::move(description));
      }
    }
    if (kept.empty()) {
      fail_expected(node, branches.front(), path, join(expected, " or "));
      return false;
    }
    std::stable_partition(kept.begin(), kept.end(),
                          [&node](const Json& branch) { return is_natural(node, branch); });
    branches = std::move(kept);
    return true;
  }

  /// The key that every branch gives a `const` of its own, as in `kind: {const: join}`.
  static std::optional<std::string> discriminator(const std::vector<Json>& branches) {
    for (const std::string& name : property_names(branches.front())) {
      const bool everywhere =
          std::all_of(branches.begin(), branches.end(), [&name](const Json& branch) {
            return branch.contains("properties") && branch["properties"].contains(name) &&
                   branch["properties"][name].contains("const");
          });
      if (everywhere) return name;
    }
    return std::nullopt;
  }

  bool keep_by_discriminator(const ConfigNode& node, std::vector<Json>& branches,
                             const std::string& path) {
    if (branches.size() < 2 || node.kind != Kind::kMap) return true;
    const auto key = discriminator(branches);
    if (!key) return true;
    Json choices = Json::array();
    std::vector<Json> kept;
    for (const Json& branch : branches) {
      const Json& property = branch["properties"][*key];
      choices.push_back(property["const"]);
      const bool can_be_absent = property.contains("default");
      const ConfigNode* value = node.find(*key);
      const bool matches = value == nullptr ? can_be_absent : is_const(*value, property["const"]);
      if (matches) kept.push_back(branch);
    }
    if (kept.empty()) {
      const ConfigNode* value = node.find(*key);
      if (value == nullptr) {
        fail(node, path,
             "missing required key " + in_quotes(*key) + " (one of " + list(choices) + ")");
      } else {
        fail_enum(*value, choices, Json::object(), child_path(path, *key));
      }
      return false;
    }
    branches = std::move(kept);
    return true;
  }

  static bool is_const(const ConfigNode& node, const Json& expected) {
    return node.kind == Kind::kScalar && (natural_value(node) == expected || node.text == expected);
  }

  /// The first branch without errors, else what the branch with the fewest says.
  Json visit_best(const ConfigNode& node, const std::vector<Json>& branches,
                  const std::string& path) {
    std::optional<Attempt> best;
    for (const Json& branch : branches) {
      Attempt attempt = try_branch(node, branch, path);
      if (!best || count_errors(attempt) < count_errors(*best)) best = std::move(attempt);
      if (count_errors(*best) == 0) break;
    }
    problems_.insert(problems_.end(), best->problems.begin(), best->problems.end());
    return best->value;
  }

  Attempt try_branch(const ConfigNode& node, const Json& branch, const std::string& path) {
    Problems outer = std::move(problems_);
    problems_.clear();
    Attempt attempt;
    attempt.value = visit(node, branch, path);
    attempt.problems = std::exchange(problems_, std::move(outer));
    return attempt;
  }

  static std::ptrdiff_t count_errors(const Attempt& attempt) {
    return std::count_if(attempt.problems.begin(), attempt.problems.end(),
                         [](const Problem& p) { return p.severity == Severity::kError; });
  }

  // Objects
  // ----------------------------------------------------------------------------------------

  Json visit_object(const ConfigNode& node, const Json& schema, const std::string& path) {
    Json value = Json::object();
    std::vector<std::string> settled;  // keys that need no "missing" message
    for (const ConfigNode::Entry& entry : node.entries) {
      visit_entry(entry, schema, path, value, settled);
    }
    check_required(node, schema, path, settled);
    fill_defaults(node, schema, path, value);
    return value;
  }

  void visit_entry(const ConfigNode::Entry& entry, const Json& schema, const std::string& path,
                   Json& value, std::vector<std::string>& settled) {
    const std::string entry_path = child_path(path, entry.key);
    const Json* property = property_schema(schema, entry.key);
    if (property == nullptr) {
      report_unknown_key(entry, schema, entry_path, settled);
      return;
    }
    settled.push_back(entry.key);
    check_key_name(entry, schema, entry_path);
    if (property->is_object() && property->value("deprecated", false)) {
      report(Severity::kWarning, entry.position, entry_path,
             "deprecated: " + property->value("description", "do not use it any longer"));
    }
    value[entry.key] = visit(entry.value, *property, entry_path);
  }

  void report_unknown_key(const ConfigNode::Entry& entry, const Json& schema,
                          const std::string& path, std::vector<std::string>& settled) {
    const std::vector<std::string> names = property_names(schema);
    std::string message = "unknown key " + in_quotes(entry.key);
    if (const auto meant = nearest(entry.key, names)) {
      message += "; did you mean " + in_quotes(*meant) + "?";
      settled.push_back(*meant);
    }
    message +=
        names.empty() ? " (no keys are allowed here)" : " (valid: " + join(names, ", ") + ")";
    report(Severity::kError, entry.position, path, message);
  }

  void check_key_name(const ConfigNode::Entry& entry, const Json& schema, const std::string& path) {
    const auto names = schema.find("propertyNames");
    if (names == schema.end()) return;
    ConfigNode key;
    key.kind = Kind::kScalar;
    key.position = entry.position;
    key.text = entry.key;
    key.is_quoted = true;
    check_text(key, *names, path);
  }

  void check_required(const ConfigNode& node, const Json& schema, const std::string& path,
                      std::vector<std::string>& settled) {
    const auto require = [&](const Json& keys, const std::string& reason) {
      for (const Json& name : keys) {
        const auto key = name.get<std::string>();
        if (std::find(settled.begin(), settled.end(), key) != settled.end()) continue;
        fail(node, path, "missing required key " + in_quotes(key) + reason);
        settled.push_back(key);
      }
    };
    if (schema.contains("required")) require(schema["required"], "");
    if (!schema.contains("dependentRequired")) return;
    for (const auto& [key, needs] : schema["dependentRequired"].items()) {
      if (node.find(key) != nullptr) require(needs, ", which " + in_quotes(key) + " needs");
    }
  }

  void fill_defaults(const ConfigNode& node, const Json& schema, const std::string& path,
                     Json& value) {
    if (!schema.contains("properties")) return;
    for (const auto& [key, property] : schema["properties"].items()) {
      if (value.contains(key)) continue;
      const Json resolved = resolve_schema(root_, property);
      if (!resolved.contains("default")) continue;
      const ConfigNode implied = node_from_json(resolved["default"], node.position);
      value[key] = visit(implied, resolved, child_path(path, key));
    }
  }

  // Arrays
  // -----------------------------------------------------------------------------------------

  Json visit_array(const ConfigNode& node, const Json& schema, const std::string& path) {
    Json value = Json::array();
    const Json items = schema.value("items", Json::object());
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      value.push_back(visit(node.items[i], items, item_path(path, i)));
    }
    const auto least = schema.value("minItems", std::size_t{0});
    if (node.items.size() < least) {
      fail(node, path,
           "expected at least " + std::to_string(least) + (least == 1 ? " item" : " items") +
               ", found " + std::to_string(node.items.size()));
    }
    return value;
  }

  // Scalars
  // ----------------------------------------------------------------------------------------

  Json visit_scalar(const ConfigNode& node, const Json& schema, unsigned types,
                    const std::string& path) {
    const std::string format = format_of(schema);
    if (format == "duration" || format == "size") return visit_quantity(node, schema, path);
    const std::optional<Json> value = coerce_scalar(node, types);
    if (!value) {
      fail_expected(node, schema, path, describe_schema(schema), type_hint(node, types));
      return nullptr;
    }
    if (!check_choice(node, schema, *value, path)) return nullptr;
    if (value->is_number()) check_range(node, schema, value->get<double>(), path);
    if (!value->is_string()) return *value;
    check_text(node, schema, path);
    return format == "path" ? absolute_path(node.text) : *value;
  }

  static std::string type_hint(const ConfigNode& node, unsigned types) {
    ConfigNode plain = node;
    plain.is_quoted = false;
    if (node.is_quoted && coerce_scalar(plain, types)) return "; remove the quotes";
    if (is_whole_number(node.text) && (types & kIntegerType) != 0)
      return ", which does not fit 64 bits";
    return {};
  }

  Json visit_quantity(const ConfigNode& node, const Json& schema, const std::string& path) {
    const bool is_duration = format_of(schema) == "duration";
    const auto value = is_duration ? parse_duration(node.text) : parse_size(node.text);
    if (!value) {
      const bool lacks_unit = is_duration && natural_value(node).is_number();
      fail_expected(node, schema, path, describe_schema(schema), lacks_unit ? "; add a unit" : "");
      return nullptr;
    }
    const std::string unit = is_duration ? "ms" : "b";
    check_bound(node, schema, "minimum", static_cast<double>(*value), path, unit);
    check_bound(node, schema, "maximum", static_cast<double>(*value), path, unit);
    return *value;
  }

  void check_range(const ConfigNode& node, const Json& schema, double value,
                   const std::string& path) {
    check_bound(node, schema, "minimum", value, path, "");
    check_bound(node, schema, "maximum", value, path, "");
  }

  void check_bound(const ConfigNode& node, const Json& schema, const std::string& keyword,
                   double value, const std::string& path, const std::string& unit) {
    if (!schema.contains(keyword)) return;
    const bool is_minimum = keyword == "minimum";
    const auto bound = schema[keyword].get<double>();
    if (is_minimum ? value >= bound : value <= bound) return;
    fail(node, path,
         std::string("expected at ") + (is_minimum ? "least " : "most ") + schema[keyword].dump() +
             unit + ", found " + node.text.substr(0, 60));
  }

  bool check_choice(const ConfigNode& node, const Json& schema, const Json& value,
                    const std::string& path) {
    Json choices = schema.value("enum", Json::array());
    if (schema.contains("const")) choices = Json::array({schema["const"]});
    if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) {
      return true;
    }
    fail_enum(node, choices, schema, path);
    return false;
  }

  static std::string list(const Json& choices) {
    std::vector<std::string> parts;
    for (const Json& choice : choices) parts.push_back(choice.dump());
    return join(parts, ", ");
  }

  void fail_enum(const ConfigNode& node, const Json& choices, const Json& schema,
                 const std::string& path) {
    std::vector<std::string> names;
    for (const Json& choice : choices) {
      if (choice.is_string()) names.push_back(choice.get<std::string>());
    }
    const auto meant = nearest(node.text, names);
    fail_expected(node, schema, path, (choices.size() > 1 ? "one of " : "") + list(choices),
                  meant ? "; did you mean " + in_quotes(*meant) + "?" : "");
  }

  void check_text(const ConfigNode& node, const Json& schema, const std::string& path) {
    const auto least = schema.value("minLength", std::size_t{0});
    if (count_characters(node.text) < least) {
      fail_expected(
          node, schema, path,
          "at least " + std::to_string(least) + (least == 1 ? " character" : " characters"));
    } else if (schema.contains("pattern")) {
      check_pattern(node, schema, path);
    }
  }

  void check_pattern(const ConfigNode& node, const Json& schema, const std::string& path) {
    const auto pattern = schema["pattern"].get<std::string>();
    if (node.text.size() > kMaxPatternText) {
      fail(node, path, "longer than " + std::to_string(kMaxPatternText) + " bytes");
    } else if (!std::regex_search(node.text, std::regex(pattern, std::regex::ECMAScript))) {
      fail_expected(node, schema, path, "text that matches " + pattern);
    }
  }

  /// An empty path stays empty: it stands for none.
  Json absolute_path(const std::string& text) const {
    if (text.empty()) return text;
    return (origin_.base_dir / text).lexically_normal().string();
  }

  const Json& root_;
  const ConfigOrigin& origin_;
  Problems problems_;
  std::optional<Problem> gave_up_;
  int depth_ = 0;
  int visits_ = 0;
};

}  // namespace

Validated validate(const ConfigNode& node, const Json& schema, const ConfigOrigin& origin) {
  Validator validator(schema, origin);
  Validated result;
  result.value = validator.visit(node, schema, origin.path);
  result.problems = validator.take_problems();
  return result;
}

}  // namespace sluice
