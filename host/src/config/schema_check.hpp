#pragma once

#include <string>
#include <vector>

#include "config/json.hpp"

namespace sluice {

/// What is wrong with a plugin's option schema itself: keywords, types and formats that the host
/// does not know, patterns that do not compile, references that lead nowhere or around, defaults
/// that break their own schema. Each line names the place: `/properties/url: unsupported keyword
/// "maxLength"`. Empty if the schema can be used with validate(). Never throws on bad input.
std::vector<std::string> check_schema(const Json& schema);

}  // namespace sluice
