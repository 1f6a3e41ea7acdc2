#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "plugin/plugin_library.hpp"

namespace sluice {

/// Finds plugins by name in a list of folders (`<folder>/<name>.so`; the first one that has it
/// wins) and loads each once. Thread-safe.
class PluginRegistry {
 public:
  explicit PluginRegistry(std::vector<std::filesystem::path> folders)
      : folders_(std::move(folders)) {}

  /// The plugin, which must be of that kind. Throws PluginError; for an unknown name it lists those
  /// found.
  const PluginLibrary& find(const std::string& name, std::uint32_t kind);
  const PluginLibrary& find(const std::string& name);

  /// Names of all the .so files in the folders.
  std::vector<std::string> names() const;

  /// The folders named by --plugin-path and SLUICE_PLUGIN_PATH (colon-separated), then those beside
  /// the program: `../plugins` (build tree) and `../lib/sluice/plugins` (installed).
  static std::vector<std::filesystem::path> default_folders(const std::vector<std::string>& given);

 private:
  std::filesystem::path locate(const std::string& name) const;

  std::vector<std::filesystem::path> folders_;
  std::mutex mutex_;
  std::map<std::string, PluginLibrary> loaded_;
};

}  // namespace sluice
