#include "base/backoff.hpp"

#include <gtest/gtest.h>
#include <set>

#include "base/wait.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(BackoffTest, EachDelayIsInTheUpperHalfOfARangeThatDoubles) {
  for (int round = 0; round < 200; ++round) {
    Backoff backoff(100ms, 1s);
    for (const auto ceiling : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms, 1000ms}) {
      const auto delay = backoff.next();
      EXPECT_GE(delay, ceiling / 2);
      EXPECT_LE(delay, ceiling);
    }
  }
}

TEST(BackoffTest, DelaysAreJittered) {
  Backoff backoff(10s, 10s);
  std::set<std::chrono::milliseconds> delays;
  for (int i = 0; i < 50; ++i) delays.insert(backoff.next());
  EXPECT_GT(delays.size(), 10U);
}

TEST(BackoffTest, ResetBeginsAnew) {
  Backoff backoff(10ms, 10s);
  for (int i = 0; i < 8; ++i) backoff.next();
  EXPECT_EQ(backoff.attempts(), 8);
  backoff.reset();
  EXPECT_EQ(backoff.attempts(), 0);
  EXPECT_LE(backoff.next(), 10ms);
}

TEST(BackoffTest, ManyAttemptsDoNotOverflow) {
  Backoff backoff(1h, 24h);
  EXPECT_LE(backoff.delay_after(1'000'000), 24h);
  EXPECT_GE(backoff.delay_after(1'000'000), 12h);
}

TEST(BackoffTest, AMaximumBelowTheFirstDelayIsRaisedToIt) {
  Backoff backoff(100ms, 1ms);
  EXPECT_GE(backoff.delay_after(5), 50ms);
  EXPECT_LE(backoff.delay_after(5), 100ms);
}

TEST(BackoffTest, ZeroIsRaisedToAMillisecond) {
  Backoff backoff(0ms, 0ms);
  EXPECT_LE(backoff.next(), 1ms);
}

TEST(WaitTest, SleepsForTheWholeTimeUnlessStopped) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait({}, 20ms));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 20ms);
}

TEST(WaitTest, AStopCutsItShort) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(wait(stop.get_token(), 1h));
}

}  // namespace
}  // namespace sluice
