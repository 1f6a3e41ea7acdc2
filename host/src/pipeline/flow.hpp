#pragma once

#include <string>

#include "config/pipeline_config.hpp"
#include "pipeline/stages.hpp"

namespace sluice {

/// A pipeline that was checked and whose plugins are loaded: all that a task or a job needs to
/// know.
struct Flow {
  std::string name;
  FlowConfig config;
  PipelinePlugins plugins;
  std::chrono::milliseconds shutdown_timeout{};
};

}  // namespace sluice
