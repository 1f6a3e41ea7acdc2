// Just enough UTF-8 for checking, counting, splitting and shortening request text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::search {

/// True for well-formed UTF-8: no overlong forms, surrogates, or values above U+10FFFF.
bool is_utf8(std::string_view text);

/// Decodes the code point that starts at `pos` and moves `pos` past it.
/// `text` must be valid UTF-8 and `pos` inside it.
char32_t next_code_point(std::string_view text, std::size_t& pos);

/// Number of code points; `text` must be valid UTF-8.
std::size_t code_point_count(std::string_view text);

/// At most `max_bytes` of `text`, cut between code points and marked with "..." where cut.
std::string shortened(std::string_view text, std::size_t max_bytes);

}  // namespace sluice::search
