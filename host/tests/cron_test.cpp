#include "job/cron.hpp"

#include <cstdio>
#include <date/date.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace sluice {
namespace {

using testing::HasSubstr;
using Time = std::chrono::system_clock::time_point;

/// From `2026-01-24 10:00:00`.
Time utc(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  EXPECT_EQ(std::sscanf(text.c_str(), "%d-%u-%u %d:%d:%d", &year, &month, &day, &hours, &minutes,
                        &seconds),
            6)
      << text;
  return date::sys_days(date::year(year) / date::month(month) / date::day(day)) +
         std::chrono::hours(hours) + std::chrono::minutes(minutes) + std::chrono::seconds(seconds);
}

/// The first time after `after`, both in UTC.
std::string next(const std::string& expression, const std::string& after,
                 const std::string& zone = "UTC") {
  const auto time = Cron(expression, zone).next(utc(after));
  return date::format("%F %T", date::floor<std::chrono::seconds>(time));
}

std::string refusal(const std::string& expression, const std::string& zone = "UTC") {
  try {
    const Cron cron(expression, zone);
    return "accepted";
  } catch (const CronError& e) {
    return e.what();
  }
}

TEST(CronTest, EveryMinuteIsTheNextFullMinute) {
  EXPECT_EQ(next("* * * * *", "2026-01-24 10:00:00"), "2026-01-24 10:01:00");
  EXPECT_EQ(next("* * * * *", "2026-01-24 10:00:59"), "2026-01-24 10:01:00");
}

TEST(CronTest, NextIsAlwaysLaterThanTheTimeGiven) {
  EXPECT_EQ(next("0 3 * * *", "2026-01-24 02:59:59"), "2026-01-24 03:00:00");
  EXPECT_EQ(next("0 3 * * *", "2026-01-24 03:00:00"), "2026-01-25 03:00:00");
}

TEST(CronTest, FieldsAreMinuteHourDayMonthAndWeekday) {
  EXPECT_EQ(next("15 * * * *", "2026-01-24 10:15:00"), "2026-01-24 11:15:00");
  EXPECT_EQ(next("15 14 * * *", "2026-01-24 15:00:00"), "2026-01-25 14:15:00");
  EXPECT_EQ(next("15 14 5 * *", "2026-01-24 15:00:00"), "2026-02-05 14:15:00");
  EXPECT_EQ(next("15 14 5 1 *", "2026-01-24 15:00:00"), "2027-01-05 14:15:00");
  EXPECT_EQ(next("15 14 * * 1", "2026-01-24 15:00:00"), "2026-01-26 14:15:00");  // a Monday
}

TEST(CronTest, ListsRangesAndSteps) {
  EXPECT_EQ(next("5,35 * * * *", "2026-01-24 10:06:00"), "2026-01-24 10:35:00");
  EXPECT_EQ(next("0 9-17 * * *", "2026-01-24 17:00:00"), "2026-01-25 09:00:00");
  EXPECT_EQ(next("*/20 * * * *", "2026-01-24 10:41:00"), "2026-01-24 11:00:00");
  EXPECT_EQ(next("10-30/10 * * * *", "2026-01-24 10:21:00"), "2026-01-24 10:30:00");
  EXPECT_EQ(next("50/4 * * * *", "2026-01-24 10:54:30"), "2026-01-24 10:58:00");
  EXPECT_EQ(next("1-3,50 * * * *", "2026-01-24 10:03:00"), "2026-01-24 10:50:00");
}

TEST(CronTest, NamesOfMonthsAndDaysInAnyCase) {
  EXPECT_EQ(next("0 0 1 MAR *", "2026-01-24 00:00:00"), "2026-03-01 00:00:00");
  EXPECT_EQ(next("0 0 * * Fri", "2026-01-24 00:00:00"), "2026-01-30 00:00:00");
  EXPECT_EQ(next("0 0 * * mon-wed", "2026-01-29 00:00:00"), "2026-02-02 00:00:00");
  EXPECT_EQ(next("0 0 1 jan,jul *", "2026-01-24 00:00:00"), "2026-07-01 00:00:00");
}

TEST(CronTest, SundayIsZeroAndSeven) {
  for (const char* const sunday : {"0 0 * * 0", "0 0 * * 7", "0 0 * * sun"}) {
    EXPECT_EQ(next(sunday, "2026-01-24 00:00:00"), "2026-01-25 00:00:00") << sunday;
  }
  EXPECT_EQ(next("0 0 * * 5-7", "2026-01-24 12:00:00"), "2026-01-25 00:00:00");
}

TEST(CronTest, IfBothDaysAreRestrictedEitherWillDo) {
  const std::string thirteenth_or_friday = "0 0 13 * 5";
  EXPECT_EQ(next(thirteenth_or_friday, "2026-01-10 00:00:00"), "2026-01-13 00:00:00");
  EXPECT_EQ(next(thirteenth_or_friday, "2026-01-13 00:00:00"), "2026-01-16 00:00:00");
  // A field that begins with a star does not restrict: both must fit.
  EXPECT_EQ(next("0 0 */2 * 5", "2026-01-10 00:00:00"), "2026-01-23 00:00:00");
}

TEST(CronTest, TheLeapDayComesEveryFourYears) {
  EXPECT_EQ(next("0 12 29 2 *", "2026-01-24 00:00:00"), "2028-02-29 12:00:00");
  EXPECT_EQ(next("0 12 29 2 *", "2028-02-29 12:00:00"), "2032-02-29 12:00:00");
}

TEST(CronTest, TheThirtyFirstSkipsShortMonths) {
  EXPECT_EQ(next("0 0 31 * *", "2026-01-31 00:00:00"), "2026-03-31 00:00:00");
}

TEST(CronTest, AScheduleThatNeverMatchesSaysSo) {
  const Cron cron("0 0 30 2 *", "UTC");
  try {
    cron.next(utc("2026-01-24 00:00:00"));
    FAIL() << "30 February";
  } catch (const CronError& e) {
    EXPECT_THAT(e.what(), HasSubstr("matches no day"));
  }
}

TEST(CronTest, LocalTimeOfOtherZones) {
  EXPECT_EQ(next("0 3 * * *", "2026-01-24 00:00:00", "Europe/Berlin"), "2026-01-24 02:00:00");
  EXPECT_EQ(next("0 3 * * *", "2026-07-24 00:00:00", "Europe/Berlin"), "2026-07-24 01:00:00");
  EXPECT_EQ(next("0 3 * * *", "2026-01-24 00:00:00", "Asia/Kolkata"), "2026-01-24 21:30:00");
  EXPECT_EQ(next("0 3 * * *", "2026-01-24 12:00:00", "America/New_York"), "2026-01-25 08:00:00");
}

TEST(CronTest, ALocalTimeThatTheSpringChangeSkipsIsTheMomentOfTheChange) {
  // Berlin, 29 March 2026: 02:00 becomes 03:00, which is 01:00 UTC.
  EXPECT_EQ(next("30 2 * * *", "2026-03-28 12:00:00", "Europe/Berlin"), "2026-03-29 01:00:00");
  EXPECT_EQ(next("30 2 * * *", "2026-03-29 01:00:00", "Europe/Berlin"), "2026-03-30 00:30:00");
  // Several that are skipped are one.
  EXPECT_EQ(next("*/10 2 * * *", "2026-03-29 01:00:00", "Europe/Berlin"), "2026-03-30 00:00:00");
  EXPECT_EQ(next("*/30 * * * *", "2026-03-29 00:45:00", "Europe/Berlin"), "2026-03-29 01:00:00");
  EXPECT_EQ(next("*/30 * * * *", "2026-03-29 01:00:00", "Europe/Berlin"), "2026-03-29 01:30:00");
}

TEST(CronTest, ALocalTimeThatComesTwiceInAutumnCountsOnce) {
  // Berlin, 25 October 2026: 03:00 becomes 02:00, so 02:30 is at 00:30 and at 01:30 UTC.
  EXPECT_EQ(next("30 2 * * *", "2026-10-24 12:00:00", "Europe/Berlin"), "2026-10-25 00:30:00");
  EXPECT_EQ(next("30 2 * * *", "2026-10-25 00:30:00", "Europe/Berlin"), "2026-10-26 01:30:00");
  EXPECT_EQ(next("30 2 * * *", "2026-10-25 01:10:00", "Europe/Berlin"), "2026-10-26 01:30:00");
}

TEST(CronTest, ADailyScheduleRunsOnceADayAllYear) {
  for (const char* const zone : {"Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"}) {
    const Cron cron("30 2 * * *", zone);
    Time time = utc("2026-01-01 12:00:00");
    for (int day = 0; day < 365; ++day) {
      const Time following = cron.next(time);
      const auto gap = following - time;
      if (day > 0) {
        EXPECT_GE(gap, std::chrono::hours(23)) << zone << " day " << day;
        EXPECT_LE(gap, std::chrono::hours(25)) << zone << " day " << day;
      }
      time = following;
    }
  }
}

TEST(CronTest, ABadFieldIsNamedWithWhatIsAllowed) {
  EXPECT_EQ(refusal("60 * * * *"),
            "\"60\" is no minute (0 to 59, with *, lists, ranges and steps)");
  EXPECT_THAT(refusal("0 24 * * *"), HasSubstr("\"24\" is no hour (0 to 23"));
  EXPECT_THAT(refusal("0 0 0 * *"), HasSubstr("\"0\" is no day of month (1 to 31"));
  EXPECT_THAT(refusal("0 0 * 13 *"), HasSubstr("\"13\" is no month (1 to 12"));
  EXPECT_THAT(refusal("0 0 * * 8"), HasSubstr("\"8\" is no day of week (0 to 7"));
  EXPECT_THAT(refusal("0 0 * * frei"), HasSubstr("\"frei\" is no day of week"));
}

TEST(CronTest, MalformedItemsAreRefused) {
  for (const char* const bad :
       {"x * * * *", "1- * * * *", "-1 * * * *", "5-1 * * * *", "1-2-3 * * * *", "*/0 * * * *",
        "*/x * * * *", "1/2/3 * * * *", ", * * * *", "1,,2 * * * *", "1.5 * * * *", "** * * * *",
        "99999999999999999999 * * * *", "+1 * * * *", "0 0 * * sat-sun"}) {
    EXPECT_THAT(refusal(bad), HasSubstr(" is no ")) << bad;
  }
}

TEST(CronTest, FiveFieldsAreNeeded) {
  for (const char* const bad : {"", "   ", "0 3 * *", "0 0 3 * * *", "@daily"}) {
    EXPECT_THAT(refusal(bad), HasSubstr("five fields are needed")) << bad;
  }
}

TEST(CronTest, AnUnknownTimeZoneIsRefused) {
  EXPECT_THAT(refusal("0 3 * * *", "Europe/Atlantis"),
              HasSubstr("\"Europe/Atlantis\" is no time zone known here"));
  EXPECT_THAT(refusal("0 3 * * *", ""), HasSubstr("is no time zone"));
}

}  // namespace
}  // namespace sluice
