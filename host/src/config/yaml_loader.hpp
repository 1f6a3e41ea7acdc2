#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "config/interpolate.hpp"
#include "config/node.hpp"
#include "config/problem.hpp"

namespace sluice {

/// A YAML file as read: `root` is kBroken if the text could not be read at all.
struct ConfigDocument {
  std::string file;                ///< as the user named it, for messages
  std::filesystem::path base_dir;  ///< absolute; relative paths in the file start here
  ConfigNode root;
  Problems problems;
};

/// Parses YAML 1.2 with one document and replaces `${...}` in its values (not in its keys), so that
/// a value can never add structure. Anchors, aliases and `<<` work; of tags, only `!!str`. Reports
/// every duplicate key, tag, bad `${...}` (20 in one value); a syntax error ends the reading.
/// Bounds: 4 MiB and as much text with aliases and variables spelled out, 64 levels, 50,000 nodes
/// with aliases spelled out. Never throws on bad input.
ConfigDocument load_yaml(std::string_view text, const std::string& file,
                         const Environment& environment);

/// The same for a file; a file that cannot be read is a problem without a position.
ConfigDocument load_yaml_file(const std::filesystem::path& file, const Environment& environment);

}  // namespace sluice
