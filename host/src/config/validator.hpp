#pragma once

#include <filesystem>
#include <string>

#include "config/json.hpp"
#include "config/node.hpp"
#include "config/problem.hpp"

namespace sluice {

/// Where a node that is to be validated comes from.
struct ConfigOrigin {
  std::string file;                ///< as the user named it, for messages
  std::filesystem::path base_dir;  ///< absolute; options of format `path` are relative to it
  std::string path;  ///< of the node in the file, e.g. `sink.config`; empty for the root
};

struct Validated {
  Json value;         ///< complete and typed; meaningful only without errors
  Problems problems;  ///< all that is wrong, and warnings

  bool ok() const { return !has_errors(problems); }
};

/// Checks a node against a JSON Schema (the subset in schema.hpp; the schema itself must have
/// passed check_schema) and gives its normalised value: scalars of the schema's type, formats read
/// (duration to int64 ms, size to int64 bytes, path to an absolute path), every default filled in.
/// Collects all problems; never throws on bad input. Thread-safe.
Validated validate(const ConfigNode& node, const Json& schema, const ConfigOrigin& origin);

}  // namespace sluice
