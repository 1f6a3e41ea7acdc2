#include "config/node.hpp"

#include <algorithm>

namespace sluice {

const ConfigNode* ConfigNode::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [key](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

ConfigNode node_from_json(const Json& value, Position position) {
  ConfigNode node;
  node.position = position;
  if (value.is_null()) return node;
  if (value.is_object()) {
    node.kind = ConfigNode::Kind::kMap;
    for (const auto& [key, item] : value.items()) {
      node.entries.push_back({key, position, node_from_json(item, position)});
    }
  } else if (value.is_array()) {
    node.kind = ConfigNode::Kind::kSequence;
    for (const Json& item : value) node.items.push_back(node_from_json(item, position));
  } else {
    node.kind = ConfigNode::Kind::kScalar;
    node.is_quoted = value.is_string();
    node.text = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return node;
}

std::size_t count_nodes(const ConfigNode& node) {
  std::size_t count = 1;
  for (const ConfigNode& item : node.items) count += count_nodes(item);
  for (const ConfigNode::Entry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

std::size_t count_text_bytes(const ConfigNode& node) {
  std::size_t bytes = node.text.size();
  for (const ConfigNode& item : node.items) bytes += count_text_bytes(item);
  for (const ConfigNode::Entry& entry : node.entries) {
    bytes += entry.key.size() + count_text_bytes(entry.value);
  }
  return bytes;
}

}  // namespace sluice
