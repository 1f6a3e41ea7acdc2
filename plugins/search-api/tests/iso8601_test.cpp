#include "iso8601.hpp"

#include <gtest/gtest.h>

namespace sluice::search {
namespace {

std::string read(std::string_view text, DayBound bound = DayBound::kFirst) {
  const auto instant = parse_iso8601(text, bound);
  return instant ? format_iso8601(*instant) : "none";
}

TEST(ParseIso8601, ADateIsTheFirstOrTheLastInstantOfThatDay) {
  EXPECT_EQ(read("2026-01-24", DayBound::kFirst), "2026-01-24T00:00:00.000000Z");
  EXPECT_EQ(read("2026-01-24", DayBound::kLast), "2026-01-24T23:59:59.999999Z");
}

TEST(ParseIso8601, ATimeIsThatInstantWhateverTheBound) {
  EXPECT_EQ(read("2026-01-24T10:30:15Z", DayBound::kLast), "2026-01-24T10:30:15.000000Z");
}

struct Case {
  const char* text;
  const char* instant;
};

class ParsesIso8601 : public ::testing::TestWithParam<Case> {};

TEST_P(ParsesIso8601, AsThisInstant) {
  EXPECT_EQ(read(GetParam().text), GetParam().instant);
}

INSTANTIATE_TEST_SUITE_P(
    Valid, ParsesIso8601,
    ::testing::Values(Case{"2026-01-24T10:30", "2026-01-24T10:30:00.000000Z"},
                      Case{"2026-01-24T10:30:15", "2026-01-24T10:30:15.000000Z"},
                      Case{"2026-01-24T10:30:15.5Z", "2026-01-24T10:30:15.500000Z"},
                      Case{"2026-01-24T10:30:15.123456789Z", "2026-01-24T10:30:15.123456Z"},
                      Case{"2026-01-24T00:30:00+02:00", "2026-01-23T22:30:00.000000Z"},
                      Case{"2026-01-24T23:30:00-0130", "2026-01-25T01:00:00.000000Z"},
                      Case{"2026-01-24T10:00:00+05", "2026-01-24T05:00:00.000000Z"},
                      Case{"2024-02-29", "2024-02-29T00:00:00.000000Z"},
                      Case{"0001-01-01", "0001-01-01T00:00:00.000000Z"},
                      Case{"9999-12-31", "9999-12-31T00:00:00.000000Z"}));

class RefusesIso8601 : public ::testing::TestWithParam<const char*> {};

TEST_P(RefusesIso8601, Text) {
  EXPECT_EQ(read(GetParam()), "none");
}

INSTANTIATE_TEST_SUITE_P(
    Invalid, RefusesIso8601,
    ::testing::Values("", "now", "2026", "2026-01", "2026-1-4", "2026-02-30", "2025-02-29",
                      "2026-13-01", "2026-00-10", "0000-01-01", "26-01-24", "2026/01/24",
                      "20260124", "2026-01-24 10:30:00", "2026-01-24T", "2026-01-24T10",
                      "2026-01-24T24:00:00", "2026-01-24T10:60", "2026-01-24T10:30:60",
                      "2026-01-24T10:30:15.", "2026-01-24T10:30:15.1234567890",
                      "2026-01-24T10:30:15 02:00", "2026-01-24T10:30:15+2", "2026-01-24T10:30:15+",
                      "2026-01-24T10:30:15+24:00", "2026-01-24T10:30:15+02:60",
                      "2026-01-24T10:30:15+02:", "2026-01-24T10:30:15ZZ", "2026-01-24Z",
                      "-2026-01-24", "+2026-01-24", "2026-01-24x", " 2026-01-24",
                      "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"));

}  // namespace
}  // namespace sluice::search
