#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace sluice {

/// JSON for comparing: numbers are equal if they are to the last digit, however they are written
/// (1.50 and 15e-1 are), while a double holds only some 16. Those that no int64 holds become
/// strings of a form that no other string has. Throws std::runtime_error for text that is no JSON.
nlohmann::json parse_exactly(std::string_view text);

}  // namespace sluice
