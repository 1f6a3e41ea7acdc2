#pragma once

#include <nlohmann/json.hpp>

namespace sluice {

/// JSON with its keys in the order in which they were written, so that options stay in the order of
/// their schema and a configuration in the order of its file.
using Json = nlohmann::ordered_json;

}  // namespace sluice
