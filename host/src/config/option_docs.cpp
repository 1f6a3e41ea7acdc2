#include "config/option_docs.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

#include "config/join.hpp"
#include "config/problem.hpp"
#include "config/scalar.hpp"
#include "config/schema.hpp"

namespace sluice {

namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kMaxDepth = 12;

/// One option, ready to be shown.
struct Option {
  std::string path;
  std::string type;
  std::string fallback;  ///< the default as YAML, empty if none
  std::string description;
  bool is_required = false;
};

std::string type_name(const Json& schema) {
  if (schema.contains("format")) return schema["format"];
  if (schema.contains("const")) return schema["const"].dump();
  if (schema.contains("enum")) {
    std::vector<std::string> values;
    for (const Json& value : schema["enum"]) {
      values.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    }
    return join(values, " | ");
  }
  if (!schema.contains("type")) return schema.contains("properties") ? "object" : "any";
  if (schema["type"].is_string()) return schema["type"];
  return join(schema["type"].get<std::vector<std::string>>(), " | ");
}

std::string describe_type(const Json& schema) {
  std::string text = type_name(schema);
  const bool has_unit = schema.contains("format");
  if (!has_unit && schema.contains("minimum") && schema.contains("maximum")) {
    text += ' ' + schema["minimum"].dump() + ".." + schema["maximum"].dump();
  } else if (!has_unit && schema.contains("minimum")) {
    text += " >= " + schema["minimum"].dump();
  } else if (!has_unit && schema.contains("maximum")) {
    text += " <= " + schema["maximum"].dump();
  }
  return text;
}

std::string describe_default(const Json& schema) {
  const Json value = schema.value("default", Json());
  if (value.is_null() || value == Json::object()) return {};  // an object's options have their own
  const bool is_plain = value.is_string() && !value.get_ref<const std::string&>().empty();
  return is_plain ? value.get<std::string>() : value.dump();
}

/// Walks a schema into a flat list of options.
class Collector {
 public:
  explicit Collector(const Json& root) : root_(root) {}

  /// Adds the options inside a schema that stands at `path`.
  void walk(const Json& schema, const std::string& path) {
    walk_as(reference_of(schema), resolve_schema(root_, schema), path);
  }

  std::vector<Option> take() { return std::move(options_); }

 private:
  /// A reference that is being followed, and where that began.
  struct Open {
    std::string reference;
    std::string path;
  };

  static std::string reference_of(const Json& schema) {
    return schema.is_object() ? schema.value("$ref", "") : "";
  }

  const Open* find_open(const std::string& reference) const {
    const auto found = std::find_if(open_.begin(), open_.end(), [&reference](const Open& open) {
      return open.reference == reference;
    });
    return reference.empty() || found == open_.end() ? nullptr : &*found;
  }

  /// Goes no deeper where a reference leads back into itself.
  void walk_as(const std::string& reference, const Json& schema, const std::string& path) {
    if (find_open(reference) != nullptr || open_.size() == kMaxDepth) return;
    open_.push_back({reference, path});
    const std::string keyword = branch_keyword(schema);
    if (keyword.empty()) {
      walk_keys(schema, path);
      if (schema.contains("items")) walk(schema["items"], path + "[]");
    } else {
      const std::vector<Json> branches = merged_branches(root_, schema);
      for (std::size_t i = 0; i < branches.size(); ++i) {
        walk_as(reference_of(schema[keyword][i]), branches[i], path);
      }
    }
    open_.pop_back();
  }

  void walk_keys(const Json& schema, const std::string& path) {
    const Json required = schema.value("required", Json::array());
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, property] : properties.items()) {
      const bool is_required = std::find(required.begin(), required.end(), name) != required.end();
      option(property, child_path(path, name), is_required);
    }
    const Json additional = schema.value("additionalProperties", Json());
    if (additional.is_object()) option(additional, path + ".<name>", false);
  }

  void option(const Json& property, const std::string& path, bool is_required) {
    const Json schema = resolve_schema(root_, property);
    add({path, option_type(schema), describe_default(schema), describe(property, schema),
         is_required});
    walk(property, path);
  }

  /// An option that several branches have is shown once, with the types of all.
  void add(Option option) {
    const auto known = std::find_if(options_.begin(), options_.end(),
                                    [&option](const Option& o) { return o.path == option.path; });
    if (known == options_.end()) {
      options_.push_back(std::move(option));
      return;
    }
    known->is_required = known->is_required && option.is_required;
    if (known->description.empty()) known->description = option.description;
    const std::string types = " | " + known->type + " | ";
    if (types.find(" | " + option.type + " | ") == std::string::npos) {
      known->type += " | " + option.type;
    }
  }

  std::string option_type(const Json& schema) const {
    const bool is_array = schema.value("type", Json()) == "array" && schema.contains("items");
    if (!is_array) return join(type_names(schema), " | ");
    return "array of " + join(type_names(resolve_schema(root_, schema["items"])), " | ");
  }

  /// The type of a schema, or those of its branches.
  std::vector<std::string> type_names(const Json& schema) const {
    const std::string keyword = branch_keyword(schema);
    if (keyword.empty() || schema.contains("type")) return {describe_type(schema)};
    std::vector<std::string> names;
    for (const Json& branch : schema[keyword]) {
      const std::string name = describe_type(resolve_schema(root_, branch));
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
  }

  std::string describe(const Json& property, const Json& schema) const {
    std::vector<std::string> sentences;
    if (schema.value("deprecated", false)) sentences.emplace_back("Deprecated.");
    if (schema.contains("description")) sentences.push_back(schema["description"]);
    const Json examples = schema.value("examples", Json::array());
    if (!examples.empty()) {
      const Json& example = examples[0];
      sentences.push_back("Example: `" +
                          (example.is_string() ? example.get<std::string>() : example.dump()) +
                          "`.");
    }
    const Open* outer = find_open(reference_of(property));
    if (outer == nullptr) outer = find_open(reference_of(schema.value("items", Json())));
    if (outer != nullptr) sentences.push_back("Like `" + outer->path + "`.");
    return join(sentences, " ");
  }

  const Json& root_;
  std::vector<Option> options_;
  std::vector<Open> open_;
};

std::vector<Option> collect(const Json& schema) {
  Collector collector(schema);
  collector.walk(schema, "");
  return collector.take();
}

std::string escape_cell(const std::string& text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

std::string code_cell(const std::string& text) {
  return text.empty() ? "" : '`' + escape_cell(text) + '`';
}

std::string wrap(const std::string& text, std::size_t indent) {
  std::istringstream words(text);
  std::string line(indent, ' ');
  std::string out;
  for (std::string word; words >> word;) {
    const bool is_first = line.size() == indent;
    if (!is_first && line.size() + 1 + word.size() > kWidth) {
      out += line + '\n';
      line.assign(indent, ' ');
    } else if (!is_first) {
      line += ' ';
    }
    line += word;
  }
  return line.size() == indent ? out : out + line + '\n';
}

}  // namespace

std::string render_option_table(const Json& schema) {
  const std::vector<Option> options = collect(schema);
  if (options.empty()) return "No options.\n";
  std::string table = "| Option | Type | Default | Description |\n|---|---|---|---|\n";
  for (const Option& option : options) {
    const std::string fallback = option.is_required ? "required" : code_cell(option.fallback);
    table += "| `" + escape_cell(option.path) + "` | " + escape_cell(option.type) + " | " +
             fallback + " | " + escape_cell(option.description) + " |\n";
  }
  return table;
}

std::string render_option_help(const Json& schema) {
  const std::vector<Option> options = collect(schema);
  if (options.empty()) return "No options.\n";
  std::string help;
  for (const Option& option : options) {
    help += option.path + "  (" + option.type + ')';
    if (option.is_required) help += "  required";
    if (!option.is_required && !option.fallback.empty()) help += "  default: " + option.fallback;
    help += '\n' + wrap(option.description, 4);
  }
  return help;
}

}  // namespace sluice
