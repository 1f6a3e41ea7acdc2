#pragma once

#include <optional>
#include <string_view>

#include <sluice/value.hpp>

namespace sluice::debezium {

// The value of a JSON number: INT64 for an integer that fits, DOUBLE for a fraction that a double
// holds without loss (15 significant digits), else JSON with the number's own text, which must
// outlive the value. Nothing if `token` is no JSON number.
std::optional<sluice_value> number_value(std::string_view token);

}  // namespace sluice::debezium
