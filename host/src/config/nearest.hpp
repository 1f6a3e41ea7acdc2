#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// How many letters to insert, drop, replace or swap with their neighbour to turn one text into the
/// other (Damerau-Levenshtein, optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that was most likely meant, or nullopt if none is near. Case does not count, nor
/// whether `-` or `_` was written.
std::optional<std::string> nearest(std::string_view text,
                                   const std::vector<std::string>& candidates);

}  // namespace sluice
