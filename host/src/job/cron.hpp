#pragma once

#include <bitset>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice {

struct CronError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Of a time zone.
struct TimeZoneError : CronError {
  using CronError::CronError;
};

/// A cron schedule of five fields: minute, hour, day of month, month, day of week, with `*`, lists,
/// ranges, steps, month and day names, and 7 for Sunday. If both days are restricted, either will
/// do (as in Vixie cron). Immutable.
class Cron {
 public:
  /// `time_zone` is an IANA name, e.g. "Europe/Berlin". Throws CronError that names the field, or
  /// TimeZoneError that names the zone.
  Cron(std::string_view expression, const std::string& time_zone);

  /// The first time after `after` that matches. A local time that a clock change skips counts as
  /// the moment of the change; one that comes twice counts once, at its first coming. Throws
  /// CronError if there is none within 5 years (30 February).
  std::chrono::system_clock::time_point next(std::chrono::system_clock::time_point after) const;

  const std::string& time_zone() const { return time_zone_; }

 private:
  bool matches_day(int day, unsigned month, unsigned weekday) const;

  std::string time_zone_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false;
  bool any_weekday_ = false;
};

}  // namespace sluice
