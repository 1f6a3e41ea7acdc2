#include "refresh_policy.hpp"

#include <gtest/gtest.h>

namespace sluice::opensearch {
namespace {

using namespace std::chrono_literals;

constexpr auto kLittle = RefreshPolicy::kLittle;
const RefreshPolicy::Clock::time_point kStart{1h};

/// A write that asks for what is chosen, and is answered after a while.
std::string_view write_one(RefreshPolicy& policy, RefreshPolicy::Clock::time_point at,
                           RefreshPolicy::Clock::duration takes) {
  const auto chosen = policy.choose(1, true, at);
  policy.asked(chosen, at);
  policy.answered(chosen, at + takes);
  return chosen;
}

TEST(RefreshPolicy, ByAutoALittleShowsAtOnce) {
  RefreshPolicy policy("auto");
  EXPECT_EQ(policy.choose(1, true, kStart), "true");
  EXPECT_EQ(policy.choose(kLittle, true, kStart), "true");
}

TEST(RefreshPolicy, ByAutoNeitherMuchNorARebuildsShareDoes) {
  RefreshPolicy policy("auto");
  EXPECT_EQ(policy.choose(kLittle + 1, true, kStart), "false");
  EXPECT_EQ(policy.choose(1, false, kStart), "false");
}

TEST(RefreshPolicy, ByAutoThereIsAPauseBetweenTwo) {
  RefreshPolicy policy("auto");
  EXPECT_EQ(write_one(policy, kStart, 2ms), "true");
  EXPECT_EQ(write_one(policy, kStart + 50ms, 2ms), "false");
  EXPECT_EQ(write_one(policy, kStart + 102ms, 2ms), "true");
}

TEST(RefreshPolicy, ByAutoThePauseGrowsWithWhatARefreshTakes) {
  RefreshPolicy policy("auto");
  EXPECT_EQ(write_one(policy, kStart, 1s), "true");
  EXPECT_EQ(write_one(policy, kStart + 4999ms, 2ms), "false");
  EXPECT_EQ(write_one(policy, kStart + 5s, 2ms), "true");
}

TEST(RefreshPolicy, ByAutoATryAfterAFailureDoesWithout) {
  RefreshPolicy policy("auto");
  policy.asked(policy.choose(1, true, kStart), kStart);
  EXPECT_EQ(policy.choose(1, true, kStart + 4s), "false");
  EXPECT_EQ(policy.choose(1, true, kStart + 5s), "true");
}

TEST(RefreshPolicy, EveryOtherOptionIsPassedOn) {
  for (const auto* option : {"false", "true", "wait_for"}) {
    RefreshPolicy policy(option);
    EXPECT_EQ(write_one(policy, kStart, 1s), option);
    EXPECT_EQ(write_one(policy, kStart, 1s), option);
    EXPECT_EQ(policy.choose(10 * kLittle, false, kStart), option);
  }
}

}  // namespace
}  // namespace sluice::opensearch
