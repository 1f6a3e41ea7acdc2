#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <sluice/plugin_abi.h>

#include "config/json.hpp"

namespace sluice {

/// A plugin that cannot be used; the message names the file, what was found and what was expected.
struct PluginError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One loaded .so. Never unloaded. Immutable once loaded, so thread-safe.
class PluginLibrary {
 public:
  /// Throws PluginError.
  static PluginLibrary load(const std::filesystem::path& file);

  const sluice_plugin& descriptor() const { return *descriptor_; }
  const std::filesystem::path& file() const { return file_; }
  /// The plugin's option schema, found sound.
  const Json& schema() const { return schema_; }
  std::vector<std::string> kinds() const;

 private:
  PluginLibrary(std::filesystem::path file, const sluice_plugin* descriptor, Json schema)
      : file_(std::move(file)), descriptor_(descriptor), schema_(std::move(schema)) {}

  std::filesystem::path file_;
  const sluice_plugin* descriptor_;
  Json schema_;
};

/// `decoder`, `sink`, …
std::string kind_name(std::uint32_t kind);

}  // namespace sluice
