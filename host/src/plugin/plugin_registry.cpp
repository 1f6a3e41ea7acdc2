#include "plugin/plugin_registry.hpp"

#include <cstdlib>
#include <set>
#include <sstream>

#include "config/nearest.hpp"

namespace sluice {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

}  // namespace

std::vector<std::filesystem::path> PluginRegistry::default_folders(
    const std::vector<std::string>& given) {
  std::vector<std::filesystem::path> folders(given.begin(), given.end());
  if (const char* const variable = std::getenv("SLUICE_PLUGIN_PATH")) {
    std::istringstream list(variable);
    for (std::string folder; std::getline(list, folder, ':');) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
  }
  std::error_code unknown;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path();
  if (!unknown) {
    folders.push_back((program / "../plugins").lexically_normal());
    folders.push_back((program / "../lib/sluice/plugins").lexically_normal());
  }
  return folders;
}

std::vector<std::string> PluginRegistry::names() const {
  std::set<std::string> names;
  for (const auto& folder : folders_) {
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) {
      if (entry.path().extension() == ".so") names.insert(entry.path().stem().string());
    }
  }
  return {names.begin(), names.end()};
}

std::filesystem::path PluginRegistry::locate(const std::string& name) const {
  const bool plain = name.find('/') == std::string::npos;
  for (const auto& folder : folders_) {
    const auto file = folder / (name + ".so");
    if (plain && std::filesystem::exists(file)) return file;
  }
  std::vector<std::string> searched;
  for (const auto& folder : folders_) searched.push_back(folder.string());
  const auto known = names();
  const auto meant = nearest(name, known);
  throw PluginError("no plugin \"" + name + "\"" +
                    (meant ? "; did you mean \"" + *meant + "\"?" : std::string()) +
                    " (found: " + join(known) + "; searched: " + join(searched) + ")");
}

const PluginLibrary& PluginRegistry::find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = loaded_.find(name);
  if (found != loaded_.end()) return found->second;
  auto library = PluginLibrary::load(locate(name));
  if (library.descriptor().name != name) {
    throw PluginError(library.file().string() + ": the plugin inside is named \"" +
                      library.descriptor().name + "\"; the file must have the plugin's name");
  }
  return loaded_.emplace(name, std::move(library)).first->second;
}

const PluginLibrary& PluginRegistry::find(const std::string& name, std::uint32_t kind) {
  const PluginLibrary& library = find(name);
  if ((library.descriptor().kinds & kind) == 0) {
    throw PluginError("plugin \"" + name + "\" is no " + kind_name(kind) +
                      "; it is: " + join(library.kinds()));
  }
  return library;
}

}  // namespace sluice
