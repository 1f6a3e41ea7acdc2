#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

/// Offset of the first byte that is not well-formed UTF-8; npos if all is.
std::size_t find_invalid_utf8(std::string_view text);

/// How many characters well-formed UTF-8 text has.
std::size_t count_characters(std::string_view text);

}  // namespace sluice
