#include "config/option_docs.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

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

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

std::string type_name(const Json& schema) {
  const std::string format = schema.value("format", "");
  if (!format.empty()) return format;
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

  void object(const Json& schema, const std::string& prefix) {
    const Json resolved = resolve_schema(root_, schema);
    if (!branch_keyword(resolved).empty()) {
      for (const Json& branch : merged_branches(root_, resolved)) object(branch, prefix);
      return;
    }
    const Json required = resolved.value("required", Json::array());
    const Json properties = resolved.value("properties", Json::object());
    for (const auto& [name, property] : properties.items()) {
      const bool is_required = std::find(required.begin(), required.end(), name) != required.end();
      option(resolve_schema(root_, property), child_path(prefix, name), is_required,
             reference_of(property));
    }
    const auto additional = resolved.find("additionalProperties");
    if (additional != resolved.end() && additional->is_object()) {
      option(resolve_schema(root_, *additional), prefix + ".<name>", false,
             reference_of(*additional));
    }
  }

  std::vector<Option> take() { return std::move(options_); }

 private:
  static std::string reference_of(const Json& schema) {
    return schema.is_object() ? schema.value("$ref", "") : "";
  }

  void option(const Json& schema, const std::string& path, bool is_required,
              const std::string& reference) {
    add({path, branch_type(schema), describe_default(schema), describe(schema), is_required});
    const bool is_recursive =
        !reference.empty() && std::find(open_.begin(), open_.end(), reference) != open_.end();
    if (is_recursive || open_.size() == kMaxDepth) return;
    open_.push_back(reference);
    inside(schema, path);
    open_.pop_back();
  }

  /// What may be nested in an option: keys, items, or either in its branches.
  void inside(const Json& schema, const std::string& path) {
    if (!branch_keyword(schema).empty()) {
      for (const Json& branch : merged_branches(root_, schema)) inside(branch, path);
      return;
    }
    object(schema, path);
    if (!schema.contains("items")) return;
    const Json items = resolve_schema(root_, schema["items"]);
    if (items.contains("properties") || !branch_keyword(items).empty()) object(items, path + "[]");
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

  std::string branch_type(const Json& schema) const {
    const std::string keyword = branch_keyword(schema);
    if (keyword.empty() || schema.contains("type")) return array_type(schema);
    std::vector<std::string> types;
    for (const Json& branch : schema[keyword]) {
      const std::string type = array_type(resolve_schema(root_, branch));
      if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
    }
    return join(types, " | ");
  }

  std::string array_type(const Json& schema) const {
    if (schema.value("type", Json()) != "array" || !schema.contains("items")) {
      return describe_type(schema);
    }
    return "array of " + describe_type(resolve_schema(root_, schema["items"]));
  }

  static std::string describe(const Json& schema) {
    std::string text = schema.value("deprecated", false) ? "Deprecated. " : "";
    text += schema.value("description", "");
    if (!schema.contains("examples") || schema["examples"].empty()) return text;
    const Json& example = schema["examples"][0];
    const std::string shown = example.is_string() ? example.get<std::string>() : example.dump();
    return text + (text.empty() ? "" : " ") + "Example: `" + shown + "`.";
  }

  const Json& root_;
  std::vector<Option> options_;
  std::vector<std::string> open_;  // references being walked
};

std::vector<Option> collect(const Json& schema) {
  Collector collector(schema);
  collector.object(schema, "");
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
