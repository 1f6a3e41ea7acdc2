#pragma once

#include <string>
#include <string_view>

namespace sluice::denorm {

/// The statement with line breaks and indentation, for people to read. Its meaning is the same:
/// only white space between tokens changes.
[[nodiscard]] std::string readable_sql(std::string_view sql);

}  // namespace sluice::denorm
