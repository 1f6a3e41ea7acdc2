// "Did you mean": the valid name closest to a misspelt one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::search {

/// The candidate with the fewest single-character edits from `name`, if it is close enough to be
/// a likely misspelling; case is ignored.
std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& candidates);

}  // namespace sluice::search
