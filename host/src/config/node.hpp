#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/json.hpp"
#include "config/problem.hpp"

namespace sluice {

/// One value of a YAML file: its text as written (after `${...}`) and where it stands. What type a
/// scalar has is decided by the schema that it is checked against. A plain value: copy it freely.
struct ConfigNode {
  struct Entry;

  enum class Kind {
    kNull,      ///< nothing after the colon, `null` or `~`
    kScalar,    ///< `text`
    kSequence,  ///< `items`
    kMap,       ///< `entries`, keys unique, in the order of the file
    kBroken,    ///< a problem was reported for it already: no check says more about it
  };

  Kind kind = Kind::kNull;
  Position position;
  std::string text;
  bool is_quoted = false;  ///< written in quotes or as a block: a string, whatever it looks like
  bool is_interpolated = false;  ///< `text` came, at least in part, from `${...}`
  std::vector<ConfigNode> items;
  std::vector<Entry> entries;

  /// The value of `key` in a map, or null.
  const ConfigNode* find(std::string_view key) const;
};

struct ConfigNode::Entry {
  std::string key;
  Position position;  ///< of the key
  ConfigNode value;
};

/// The node that YAML text of this JSON value would give, all of it at `position`.
ConfigNode node_from_json(const Json& value, Position position);

/// How many nodes a tree has, itself included.
std::size_t count_nodes(const ConfigNode& node);

/// How much text a tree has, keys included.
std::size_t count_text_bytes(const ConfigNode& node);

}  // namespace sluice
