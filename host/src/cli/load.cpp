#include "cli/load.hpp"

#include <iostream>

namespace sluice {

std::optional<LoadedPipeline> load(const std::filesystem::path& file, PluginRegistry& registry) {
  auto result = load_pipeline(file, registry, process_environment());
  std::cerr << render(result.problems) << render(result.plugin_problems);
  return std::move(result.pipeline);
}

std::optional<LoadedPipeline> load_with_flow(const std::string& file, PluginRegistry& registry) {
  auto loaded = load(file, registry);
  if (loaded && !loaded->flow) {
    std::cerr << file << ": error: this file has no pipeline (source, decode, denormalize, sink)\n";
    return std::nullopt;
  }
  return loaded;
}

}  // namespace sluice
