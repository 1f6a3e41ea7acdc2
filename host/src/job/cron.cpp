#include "job/cron.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <date/date.h>
#include <date/tz.h>
#include <optional>
#include <sstream>
#include <vector>

#include "base/whole_number.hpp"

namespace sluice {
namespace {

struct Field {
  const char* name;
  int min;
  int max;
  std::vector<std::string_view> words;  ///< names for min, min + 1, …
};

const std::array<Field, 5>& fields() {
  static const std::array<Field, 5> kFields{
      {{"minute", 0, 59, {}},
       {"hour", 0, 23, {}},
       {"day of month", 1, 31, {}},
       {"month",
        1,
        12,
        {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
       {"day of week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}}};
  return kFields;
}

[[noreturn]] void refuse(const Field& field, std::string_view text) {
  throw CronError("\"" + std::string(text) + "\" is no " + field.name + " (" +
                  std::to_string(field.min) + " to " + std::to_string(field.max) +
                  ", with *, lists, ranges and steps)");
}

int parse_number(const Field& field, std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  for (std::size_t i = 0; i < field.words.size(); ++i) {
    if (lower == field.words[i]) return field.min + static_cast<int>(i);
  }
  const auto number = whole_number<int>(text);
  if (!number || *number < field.min || *number > field.max) refuse(field, text);
  return *number;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// One item of a list: "*", "5", "1-5", "*/10", "1-30/5", "5/10".
template <std::size_t N>
void add_item(const Field& field, std::string_view item, std::bitset<N>& set) {
  const auto step_parts = split(item, '/');
  if (step_parts.size() > 2) refuse(field, item);
  int step = 1;
  if (step_parts.size() == 2) {
    const Field steps{field.name, 1, field.max, {}};
    step = parse_number(steps, step_parts[1]);
  }
  int first = field.min;
  int last = field.max;
  if (step_parts[0] != "*") {
    const auto range = split(step_parts[0], '-');
    if (range.size() > 2) refuse(field, item);
    first = parse_number(field, range[0]);
    if (range.size() == 2) {
      last = parse_number(field, range[1]);
    } else if (step_parts.size() == 1) {
      last = first;
    }
  }
  if (first > last) refuse(field, item);
  for (int i = first; i <= last; i += step) set.set(static_cast<std::size_t>(i) % N);
}

template <std::size_t N>
void parse_field(const Field& field, std::string_view text, std::bitset<N>& set) {
  for (const auto item : split(text, ',')) add_item(field, item, set);
}

const date::time_zone* find_zone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    throw TimeZoneError(
        "\"" + name + "\" is no time zone known here (an IANA name such as Europe/Berlin, or UTC)");
  }
}

}  // namespace

Cron::Cron(std::string_view expression, const std::string& time_zone) : time_zone_(time_zone) {
  std::vector<std::string> parts;
  std::istringstream words{std::string(expression)};
  for (std::string word; words >> word;) parts.push_back(word);
  if (parts.size() != 5) {
    throw CronError(
        "\"" + std::string(expression) +
        "\" is no cron schedule: five fields are needed (minute hour day month weekday)");
  }
  parse_field(fields()[0], parts[0], minutes_);
  parse_field(fields()[1], parts[1], hours_);
  parse_field(fields()[2], parts[2], days_);
  parse_field(fields()[3], parts[3], months_);
  parse_field(fields()[4], parts[4], weekdays_);
  any_day_ = parts[2].front() == '*';
  any_weekday_ = parts[4].front() == '*';
  find_zone(time_zone);
}

bool Cron::matches_day(int day, unsigned month, unsigned weekday) const {
  if (!months_[month]) return false;
  const bool day_fits = days_[static_cast<std::size_t>(day)];
  const bool weekday_fits = weekdays_[weekday];
  if (any_day_ || any_weekday_) return day_fits && weekday_fits;
  return day_fits || weekday_fits;
}

std::chrono::system_clock::time_point Cron::next(
    std::chrono::system_clock::time_point after) const {
  using std::chrono::minutes;
  const auto* const zone = find_zone(time_zone_);
  const auto local = zone->to_local(std::chrono::floor<std::chrono::seconds>(after));
  const auto first_day = date::floor<date::days>(local);
  for (auto day = first_day; day < first_day + date::days{5 * 366}; day += date::days{1}) {
    const date::year_month_day ymd{day};
    const date::weekday weekday{day};
    if (!matches_day(static_cast<int>(static_cast<unsigned>(ymd.day())),
                     static_cast<unsigned>(ymd.month()), weekday.c_encoding())) {
      continue;
    }
    for (std::size_t minute = 0; minute < 24 * 60; ++minute) {
      if (!hours_[minute / 60] || !minutes_[minute % 60]) continue;
      // choose::earliest: the first of two, and the moment of the change for one that is skipped.
      const auto at = zone->to_sys(day + minutes{minute}, date::choose::earliest);
      if (at > after) return at;
    }
  }
  throw CronError("the schedule matches no day within five years");
}

}  // namespace sluice
