// Any text as a pipeline's file: a configuration, or problems that each stand somewhere in the
// file.
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "config/pipeline_config.hpp"
#include "config/redact.hpp"
#include "config/schema_check.hpp"
#include "config/text_file.hpp"
#include "config/utf8.hpp"

namespace sluice {

/// In place of the real one, which the linker then leaves out: no text may have a fuzzer read
/// what lies on its machine.
std::optional<std::string> read_text_file(const std::filesystem::path& path,
                                          std::size_t max_bytes) {
  if (path.filename() == "secret") return "from a file\n";
  if (path.filename() == "large") return std::string(max_bytes + 1, 'x');
  if (path.filename() == "binary") return "\xff\xfe";
  return std::nullopt;
}

namespace {

constexpr const char* kFile = "/etc/sluice/f.yaml";

/// Of a plugin, with everything that a schema may hold.
constexpr const char* kPluginSchema = R"({
  "type": "object",
  "required": ["url"],
  "dependentRequired": {"user": ["password"]},
  "$defs": {
    "name": {"type": "string", "minLength": 1, "pattern": "^[a-z_]+$"},
    "child": {"type": "object", "required": ["name"], "properties": {
      "name": {"$ref": "#/$defs/name"},
      "children": {"type": "array", "items": {"$ref": "#/$defs/child"}}}}
  },
  "properties": {
    "url": {"type": "string"},
    "user": {"type": "string"},
    "password": {"type": "string", "format": "secret"},
    "timeout": {"type": "string", "format": "duration", "default": "30s"},
    "limit": {"type": "string", "format": "size", "default": "8mb"},
    "mapping": {"type": "string", "format": "path"},
    "tries": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
    "ratio": {"type": "number"},
    "mode": {"enum": ["fast", "safe", 3, true]},
    "document": {"oneOf": [
      {"type": "string"},
      {"type": "object", "required": ["table"], "properties": {"table": {"$ref": "#/$defs/name"},
        "children": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/child"}}}},
      {"type": "object", "required": ["sql"], "properties": {"sql": {"type": "string"}}}]},
    "labels": {"type": "object", "propertyNames": {"pattern": "^[a-z.]+$"},
      "additionalProperties": {"type": ["string", "null"]}}
  }
})";

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "pipeline_config_fuzz: " << what << '\n';
  std::abort();
}

const Json& plugin_schema() {
  static const Json schema = [] {
    auto parsed = Json::parse(kPluginSchema);
    for (const auto& problem : check_schema(parsed)) fail("the plugin's schema: " + problem);
    return parsed;
  }();
  return schema;
}

std::optional<std::string> variable(const std::string& name) {
  if (name == "NUMBER") return "5";
  if (name == "EMPTY") return "";
  if (name == "NESTED") return "${NUMBER}: {a: b}\nc: [";
  if (name == "BINARY") return "\xff";
  return std::nullopt;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

/// One past the last line, or past the last character of a line, is where the end is missed.
void check_position(const Problem& problem, const std::vector<std::string_view>& lines) {
  const auto [line, column] = problem.position;
  if (line == 0 && column == 0) return;  // of the file as a whole
  const auto index = static_cast<std::size_t>(line) - 1;
  const bool is_in_file = line >= 1 && column >= 1 && index <= lines.size();
  const std::size_t most =
      is_in_file && index < lines.size() ? count_characters(lines[index]) + 1 : 1;
  if (!is_in_file || static_cast<std::size_t>(column) > most) {
    fail("a position outside the file: " + render(problem));
  }
}

void check_problems(const Problems& problems, std::string_view text) {
  // Where is checked only for text: of bytes that are none, no one can count the characters.
  const auto lines = lines_of(text);
  const bool is_text = find_invalid_utf8(text) == std::string_view::npos;
  for (const auto& problem : problems) {
    if (is_text) check_position(problem, lines);
    const std::string line = render(problem);
    if (problem.message.empty()) fail("a problem without a reason: " + line);
    if (line.find('\n') != std::string::npos) fail("a problem of more than one line: " + line);
    if (find_invalid_utf8(line) != std::string_view::npos) fail("not UTF-8: " + line);
  }
}

std::string summary(const ParsedPipeline& parsed) {
  return (parsed.config ? parsed.config->options.dump() : "") + render(parsed.problems);
}

void check_plugin(const PluginConfig& plugin, std::string_view text) {
  const Validated options = validate_plugin_config(plugin, plugin_schema());
  check_problems(options.problems, text);
  if (!options.ok()) return;
  const Json shown = redact(options.value, plugin_schema());
  if (options.value.value("password", "").size() > 6 && shown["password"] != "******") {
    fail("shows a secret: " + shown.dump());
  }
}

void check(std::string_view text) {
  const ParsedPipeline parsed = parse_pipeline(text, kFile, variable);
  check_problems(parsed.problems, text);
  if (parsed.config.has_value() == has_errors(parsed.problems)) fail("neither valid nor not");
  if (summary(parsed) != summary(parse_pipeline(text, kFile, variable))) fail("not the same twice");
  if (!parsed.config) return;
  for (const auto* plugin : parsed.config->plugins()) check_plugin(*plugin, text);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
