#include "iso8601.hpp"

#include <cstdio>

namespace sluice::search {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Reads a text from its start; every step says whether it found what it looked for.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  bool literal(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Exactly `count` digits, of a number from `min` to `max`.
  bool number(std::size_t count, int min, int max, int& out) {
    if (rest_.size() < count) return false;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    if (value < min || value > max) return false;
    rest_.remove_prefix(count);
    out = value;
    return true;
  }

  /// One to nine digits after the decimal point.
  bool fraction(microseconds& out) {
    std::size_t count = 0;
    microseconds value{0};
    microseconds unit{100'000};
    for (int digit = 0; number(1, 0, 9, digit); ++count) {
      value += digit * unit;
      unit /= 10;
    }
    out = value;
    return count >= 1 && count <= 9;
  }

 private:
  std::string_view rest_;
};

std::optional<std::chrono::sys_days> scan_date(Scanner& scanner) {
  int year = 0;
  int month = 0;
  int day = 0;
  const bool shaped = scanner.number(4, 1, 9999, year) && scanner.literal('-') &&
                      scanner.number(2, 1, 12, month) && scanner.literal('-') &&
                      scanner.number(2, 1, 31, day);
  if (!shaped) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

std::optional<microseconds> scan_time_of_day(Scanner& scanner) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  microseconds fraction{0};
  if (!scanner.number(2, 0, 23, hour) || !scanner.literal(':') ||
      !scanner.number(2, 0, 59, minute)) {
    return std::nullopt;
  }
  if (scanner.literal(':')) {
    if (!scanner.number(2, 0, 59, second)) return std::nullopt;
    if (scanner.literal('.') && !scanner.fraction(fraction)) return std::nullopt;
  }
  return hours{hour} + minutes{minute} + seconds{second} + fraction;
}

std::optional<minutes> scan_zone(Scanner& scanner) {
  if (scanner.at_end() || scanner.literal('Z')) return minutes{0};
  const bool east = scanner.literal('+');
  if (!east && !scanner.literal('-')) return std::nullopt;
  int hour = 0;
  int minute = 0;
  if (!scanner.number(2, 0, 23, hour)) return std::nullopt;
  const bool colon = scanner.literal(':');
  if ((colon || !scanner.at_end()) && !scanner.number(2, 0, 59, minute)) return std::nullopt;
  const minutes offset = hours{hour} + minutes{minute};
  return east ? offset : -offset;
}

bool has_four_digit_year(Instant instant) {
  const std::chrono::year_month_day date{std::chrono::floor<days>(instant)};
  return date.year() >= std::chrono::year{1} && date.year() <= std::chrono::year{9999};
}

}  // namespace

std::optional<Instant> parse_iso8601(std::string_view text, DayBound bound) {
  Scanner scanner(text);
  const auto date = scan_date(scanner);
  if (!date) return std::nullopt;
  if (scanner.at_end()) {
    return bound == DayBound::kFirst ? Instant{*date} : Instant{*date + days{1}} - microseconds{1};
  }
  if (!scanner.literal('T')) return std::nullopt;
  const auto time = scan_time_of_day(scanner);
  const auto zone = time ? scan_zone(scanner) : std::nullopt;
  if (!zone || !scanner.at_end()) return std::nullopt;
  const Instant instant = *date + *time - *zone;
  return has_four_digit_year(instant) ? std::optional(instant) : std::nullopt;
}

std::string format_iso8601(Instant instant) {
  const auto midnight = std::chrono::floor<days>(instant);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss time{instant - midnight};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text;
}

}  // namespace sluice::search
