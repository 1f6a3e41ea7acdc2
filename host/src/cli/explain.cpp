#include <algorithm>
#include <cctype>
#include <iomanip>
#include <iostream>
#include <sstream>

#include <sluice/sdk.hpp>

#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "plugin/ordered_json.hpp"
#include "plugin/plugin_instance.hpp"

namespace sluice {
namespace {

using Row = std::vector<std::string>;

struct Explanation {
  Json value;         ///< an object; empty if the plugin tells nothing
  std::string error;  ///< rendered lines; empty if all is well
};

// What a plugin emits before it fails counts: it may know something without its source.
Explanation explanation_of(const LoadedPipeline& pipeline) {
  Explanation out{Json::object(), {}};
  sluice_output output;
  try {
    const PluginInstance denormalizer(pipeline.flow->plugins.denormalizer, pipeline.name, nullptr,
                                      {});
    const auto& functions = *denormalizer.plugin().denormalizer;
    if (functions.struct_size < SLUICE_SIZE_WITH(sluice_denormalizer, explain)) {
      throw FatalError(denormalizer.name() +
                       " cannot explain itself: it was built for version 1.0 of the plugin ABI");
    }
    denormalizer.call(
        [&](void* self, sluice_error* error) { return functions.explain(self, &output, error); });
  } catch (const OptionsError& e) {
    out.error = render(e.problems());
  } catch (const std::exception& e) {
    out.error = pipeline.file + ": error: " + e.what() + '\n';
  }
  if (!output.values.empty()) out.value = ordered_json(Value(output.values.front()));
  return out;
}

std::string text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// What the plugin leaves out is not known.
std::string text(const Json& object, const char* member) {
  return object.contains(member) ? text(object[member]) : "?";
}

std::string joined(const Json& items, const char* separator) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : separator) + text(item);
  return out;
}

void print_title(const std::string& title) {
  std::cout << title << '\n' << std::string(title.size(), '-') << "\n";
}

std::string indented(const std::string& lines, const std::string& margin) {
  std::string out;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) out += margin + line + '\n';
  return out;
}

// As one word of a shell, quoted only where that is needed.
std::string shell_word(const std::string& word) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == ',';
  };
  if (std::all_of(word.begin(), word.end(), is_plain)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// Columns as wide as their widest text.
void print_table(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::cout << ' ';
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::size_t width = 0;
      for (const Row& other : rows) width = std::max(width, other[i].size());
      std::cout << ' ' << row[i];
      if (i + 1 < row.size()) std::cout << std::string(width - row[i].size() + 1, ' ');
    }
    std::cout << '\n';
  }
  std::cout << '\n';
}

void print_tables(const Json& tables) {
  print_title("Tables to capture");
  std::vector<Row> rows{{"TABLE", "REPLICA IDENTITY", "NEEDED", "PLACES"}};
  Row names;
  for (const auto& table : tables) {
    names.push_back(text(table, "table"));
    rows.push_back({names.back(), text(table, "replica_identity"),
                    text(table, "needed_replica_identity"),
                    table.contains("places") ? joined(table["places"], ", ") : ""});
  }
  print_table(rows);
  const std::string list = joined(names, ",");
  std::cout << "  For Debezium's connector:\n    \"table.include.list\": \"" << list << "\"\n"
            << "  For scripts/setup-debezium.sh:\n    CAPTURED_TABLES=" << shell_word(list)
            << "\n\n";
}

void print_routes(const Json& routes) {
  print_title("Routes: from a changed row to its documents");
  std::vector<Row> rows{{"TABLE", "PLACE", "WAY"}};
  for (const auto& route : routes) {
    rows.push_back({text(route, "table"), text(route, "place"), text(route, "way")});
  }
  print_table(rows);
}

void print_statements(const Json& statements) {
  print_title("Statements");
  for (const auto& statement : statements) {
    std::cout << "  -- " << text(statement, "name");
    if (statement.contains("cost") && statement["cost"].is_number()) {
      std::cout << ", cost " << std::fixed << std::setprecision(2)
                << statement["cost"].get<double>();
    }
    std::cout << '\n' << indented(text(statement, "sql"), "  ") << '\n';
  }
}

void print_mapping(const Json& mapping) {
  print_title("A mapping to start from");
  std::cout << mapping.dump(2) << "\n\n";
}

void print_warnings(const Json& warnings) {
  print_title("Warnings");
  if (warnings.empty()) std::cout << "  none\n";
  for (const auto& warning : warnings) {
    std::cout << "  - " << indented(text(warning), "    ").substr(4);
  }
}

void print_for_people(const Json& value) {
  const auto show = [&](const char* member, void (*print)(const Json&)) {
    if (value.contains(member)) print(value[member]);
  };
  show("tables", print_tables);
  show("routes", print_routes);
  show("statements", print_statements);
  show("mapping", print_mapping);
  show("warnings", print_warnings);
}

}  // namespace

int explain_pipeline(const std::string& file, bool as_json, PluginRegistry& registry) {
  const auto loaded = load_with_flow(file, registry);
  if (!loaded) return 1;
  const Explanation explanation = explanation_of(*loaded);
  if (as_json) {
    std::cout << explanation.value.dump(2) << '\n';
  } else {
    print_for_people(explanation.value);
  }
  std::cerr << explanation.error;
  return explanation.error.empty() ? 0 : 1;
}

bool fits_its_source(const LoadedPipeline& pipeline) {
  if (!pipeline.flow) return true;
  const std::string error = explanation_of(pipeline).error;
  std::cerr << error;
  return error.empty();
}

}  // namespace sluice
