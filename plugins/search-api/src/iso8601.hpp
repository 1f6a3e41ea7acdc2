// ISO 8601 dates and times, as bounds of a range.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::search {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

/// Which instant a date without a time stands for: the first or the last of that day (UTC).
enum class DayBound { kFirst, kLast };

/// Reads "2026-01-24", or "2026-01-24T10:30[:15[.123456]]" followed by nothing (UTC), "Z",
/// "+02:00",
/// "+0200" or "+02". Digits beyond microseconds are cut off. Nothing where the text is anything
/// else, is no date of the calendar, or is outside the years 0001 to 9999 (UTC).
std::optional<Instant> parse_iso8601(std::string_view text, DayBound bound);

/// "2026-01-24T10:30:15.000000Z"
std::string format_iso8601(Instant instant);

}  // namespace sluice::search
