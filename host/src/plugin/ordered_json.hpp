#pragma once

#include <sluice/value.hpp>

#include "config/json.hpp"

namespace sluice {

/// As sluice::to_json, with members in the order in which the plugin gives them.
Json ordered_json(Value value);

}  // namespace sluice
