// The words of a search text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::search {

/// Splits valid UTF-8 at white space, and leaves out pieces of punctuation alone: an analyzer
/// finds no term in those, so that no document could match them.
std::vector<std::string> split_words(std::string_view text);

/// True where valid UTF-8 has nothing but white space.
bool is_blank(std::string_view text);

}  // namespace sluice::search
