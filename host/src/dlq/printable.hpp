#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// Whether it is UTF-8 without control characters but for tabs and ends of lines, so that a
/// terminal shows it and does nothing else.
bool is_text(std::string_view bytes);

/// On one line, with \n, \t, \xNN … for what a terminal would not show as it is.
std::string one_line(std::string_view bytes);

/// Sixteen bytes a line: offset, hexadecimal, and ASCII, as `hexdump -C`.
std::string hex_dump(std::string_view bytes);

}  // namespace sluice
