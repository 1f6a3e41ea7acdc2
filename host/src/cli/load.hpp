#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/loaded_pipeline.hpp"
#include "plugin/plugin_registry.hpp"

namespace sluice {

/// The pipeline, or nothing after its problems were printed.
std::optional<LoadedPipeline> load(const std::filesystem::path& file, PluginRegistry& registry);

/// The same for a file that must move changes, not only hold services.
std::optional<LoadedPipeline> load_with_flow(const std::string& file, PluginRegistry& registry);

}  // namespace sluice
