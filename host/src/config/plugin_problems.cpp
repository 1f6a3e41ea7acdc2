#include "config/plugin_problems.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/whole_number.hpp"

namespace sluice {
namespace {

struct Place {
  Position position;
  std::string path;
};

// RFC 6901: ~1 stands for /, ~0 for ~.
std::string unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    out += !escape ? token[i] : token[++i] == '1' ? '/' : '~';
  }
  return out;
}

const ConfigNode* item_of(const ConfigNode& node, const std::string& token) {
  const auto index = whole_number<std::size_t>(token);
  return index && *index < node.items.size() ? &node.items[*index] : nullptr;
}

// The option that the pointer names; of one that the file leaves out, the nearest around it that is
// there. None if not even the first step is: then it is no pointer into these options.
std::optional<Place> find_place(const PluginConfig& plugin, std::string_view pointer) {
  const ConfigNode* node = &plugin.config;
  Place place{plugin.position, plugin.origin.path};
  bool known = false;
  while (!pointer.empty()) {
    const auto end = std::min(pointer.find('/', 1), pointer.size());
    const std::string token = unescaped(pointer.substr(1, end - 1));
    pointer.remove_prefix(end);
    const bool in_list = node->kind == ConfigNode::Kind::kSequence;
    const ConfigNode* const next = in_list ? item_of(*node, token) : node->find(token);
    if (next == nullptr) break;
    known = true;
    place.path = in_list ? place.path + '[' + token + ']' : child_path(place.path, token);
    if (next->position.line > 0) place.position = next->position;
    node = next;
  }
  return known ? std::optional(place) : std::nullopt;
}

std::optional<Problem> parse_line(const PluginConfig& plugin, const std::string& line) {
  const auto colon = line.find(": ");
  if (line.empty() || line.front() != '/' || colon == std::string::npos) return std::nullopt;
  const auto place = find_place(plugin, std::string_view(line).substr(0, colon));
  if (!place) return std::nullopt;
  return Problem{Severity::kError, plugin.origin.file, place->position, place->path,
                 line.substr(colon + 2)};
}

}  // namespace

Problems problems_of_options(const PluginConfig& plugin, const std::string& message) {
  Problems problems;
  bool located = false;
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) {
    if (auto problem = parse_line(plugin, line)) {
      problems.push_back(std::move(*problem));
      located = true;
    } else if (problems.empty()) {
      problems.push_back(plugin.problem(line));
    } else {
      problems.back().message += '\n' + line;
    }
  }
  return located ? problems : Problems{};
}

std::string brief(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += problem.file + ':' + std::to_string(problem.position.line) + ':' +
            std::to_string(problem.position.column) + ": " + problem.message;
  }
  return text;
}

}  // namespace sluice
