#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/interpolate.hpp"
#include "config/pipeline_config.hpp"
#include "job/job_runner.hpp"
#include "pipeline/flow.hpp"
#include "plugin/plugin_registry.hpp"
#include "service/service_runner.hpp"

namespace sluice {

/// A pipeline file that was read and checked to the last option, with its plugins loaded.
struct LoadedPipeline {
  std::string file;
  std::string name;
  std::optional<Flow> flow;
  std::vector<JobSpec> jobs;
  std::vector<ServiceSpec> services;
  std::chrono::milliseconds shutdown_timeout{};
};

struct LoadResult {
  std::optional<LoadedPipeline> pipeline;  ///< set if there are no errors
  Problems problems;                       ///< of the configuration
  Problems plugin_problems;                ///< plugins that are missing or cannot be used
  std::string name;                        ///< the pipeline's, as far as it could be read
};

/// Reads a pipeline file, loads the plugins that it names, checks their options, and has each
/// plugin look at them. Touches no server. Never throws on bad input.
LoadResult load_pipeline(const std::filesystem::path& file, PluginRegistry& registry,
                         const Environment& environment);

/// The pipeline files among `paths`: files as they are, of folders all *.yaml and *.yml, sorted.
/// Throws std::runtime_error for a path that does not exist or a folder without any.
std::vector<std::filesystem::path> find_pipeline_files(const std::vector<std::string>& paths);

}  // namespace sluice
