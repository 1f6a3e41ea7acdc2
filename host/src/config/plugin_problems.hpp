#pragma once

#include <string>

#include "config/pipeline_config.hpp"
#include "config/problem.hpp"

namespace sluice {

/// What a plugin says of its own options: each line of `message` that begins with a JSON pointer
/// into them (`/document/key: no such column`, see sluice_error) becomes a problem at that option;
/// the lines after it belong to it. A line before the first such one is a problem of the plugin as
/// a whole. Empty if no line names an option.
Problems problems_of_options(const PluginConfig& plugin, const std::string& message);

/// The problems for a log, one a line: `pipelines/projects.yaml:31:16: no such column`.
std::string brief(const Problems& problems);

}  // namespace sluice
