#pragma once

#include <string>

#include "config/json.hpp"

namespace sluice {

/// The schema of a pipeline file: the one definition of every option of the host. Validation,
/// --help and the documentation come from it. A plugin's `config` is free here; the plugin's own
/// schema checks it.
const Json& pipeline_schema();

/// The same for other tools (editors, CI), which see a file before `${...}` is replaced: every
/// option that is not free text also takes text with a `${...}`. This is
/// schemas/pipeline.schema.json, indented by 2 and with a final newline.
std::string published_pipeline_schema();

}  // namespace sluice
