#pragma once

#include <string>

#include "config/json.hpp"

namespace sluice {

/// The options of a schema as a Markdown table: option, type and limits, default, description.
/// Nested ones are named `coalesce.max_keys`, `topics[]`, `jobs.<name>.plugin`.
std::string render_option_table(const Json& schema);

/// The same for a terminal, wrapped to 80 columns.
std::string render_option_help(const Json& schema);

}  // namespace sluice
