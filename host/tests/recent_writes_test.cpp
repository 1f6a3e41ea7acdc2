#include "pipeline/recent_writes.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <string>

namespace sluice {
namespace {

using namespace std::chrono_literals;

using Clock = RecentWrites::Clock;

constexpr auto kPause = 8s;
constexpr auto kQuick = kPause / 8 - 1ms;
const Clock::time_point kStart{1h};

/// Returns when the last of them was.
Clock::time_point write_often(RecentWrites& writes, const std::string& id, int times,
                              Clock::duration apart, Clock::time_point from = kStart) {
  for (int i = 0; i < times; ++i) writes.note(id, from + i * apart);
  return from + (times - 1) * apart;
}

TEST(RecentWrites, AKeyIsHotOnceItWasWrittenOftenInQuickSuccession) {
  RecentWrites writes(kPause);
  const auto third = write_often(writes, "a", RecentWrites::kWarm - 1, kQuick);
  EXPECT_EQ(writes.last_of_hot("a"), std::nullopt);
  writes.note("a", third + kQuick);
  EXPECT_EQ(writes.last_of_hot("a"), third + kQuick);
  EXPECT_EQ(writes.last_of_hot("b"), std::nullopt);
}

TEST(RecentWrites, AKeyThatIsWrittenNowAndThenIsNotHot) {
  RecentWrites writes(kPause);
  write_often(writes, "a", 10, kPause / 8);
  EXPECT_EQ(writes.last_of_hot("a"), std::nullopt);
}

TEST(RecentWrites, AHotKeyStaysHotThoughItRestsForAllOfItsTime) {
  RecentWrites writes(kPause);
  const auto hot = write_often(writes, "a", RecentWrites::kWarm, kQuick);
  const auto last = write_often(writes, "a", 100, kPause + 1s, hot + kPause + 1s);
  EXPECT_EQ(writes.last_of_hot("a"), last);
}

TEST(RecentWrites, AHotKeyCoolsDown) {
  RecentWrites writes(kPause);
  const auto hot = write_often(writes, "a", 10, kQuick);
  writes.note("a", hot + 2 * kPause);
  EXPECT_EQ(writes.last_of_hot("a"), std::nullopt);
}

TEST(RecentWrites, VeryManyOtherKeysDoNotPileUp) {
  RecentWrites writes(kPause);
  write_often(writes, "a", 10, 0s);
  for (std::size_t i = 0; i < 2 * RecentWrites::kGeneration; ++i) {
    writes.note(std::to_string(i), kStart);
  }
  EXPECT_EQ(writes.last_of_hot("a"), std::nullopt);
}

TEST(RecentWrites, WithoutAPauseNoKeyIsHot) {
  RecentWrites writes(0s);
  write_often(writes, "a", 10, 0s);
  EXPECT_EQ(writes.last_of_hot("a"), std::nullopt);
}

}  // namespace
}  // namespace sluice
