#include "dlq/offset_runs.hpp"

#include <gtest/gtest.h>
#include <set>

#include "support/random.hpp"

namespace sluice {
namespace {

TEST(OffsetRuns, RunsThatTouchAreOne) {
  OffsetRuns runs;
  runs.add(10, 20);
  runs.add(30, 40);
  EXPECT_EQ(runs.encode(0, 100), "10 10 10 10");
  runs.add(20, 30);
  EXPECT_EQ(runs.encode(0, 100), "10 30");
  EXPECT_EQ(runs.first_missing(0), 0);
  EXPECT_EQ(runs.first_missing(10), 40);
  runs.add(5, 5);
  EXPECT_FALSE(runs.contains(5));
}

TEST(OffsetRuns, TextThatDoesNotFitIsCutAtARun) {
  OffsetRuns runs;
  for (int i = 0; i < 10; ++i) runs.add(100 * i, 100 * i + 1);
  const auto text = runs.encode(0, 12);
  EXPECT_EQ(text, "0 1 99 1");
  OffsetRuns read;
  read.decode(0, text);
  EXPECT_TRUE(read.contains(100));
  EXPECT_FALSE(read.contains(200));
}

TEST(OffsetRuns, WhatIsNoCodeAddsNothing) {
  for (const char* const text : {"x", "1", "1 ", "1 x", "-1 2", "1 -2", "99999999999999999999 1",
                                 "9223372036854775807 1", "1 9223372036854775807"}) {
    OffsetRuns runs;
    runs.decode(0, text);
    EXPECT_EQ(runs.encode(0, 100), "") << text;
  }
}

TEST(OffsetRuns, MemoryIsBounded) {
  OffsetRuns runs;
  for (int i = 0; i < 100'000; ++i) runs.add(2 * i, 2 * i + 1);
  EXPECT_TRUE(runs.contains(0));
  EXPECT_FALSE(runs.contains(2 * 99'999));
}

TEST(OffsetRuns, HoldsWhatASetWould) {
  const unsigned seed = test::random_seed();
  SLUICE_TRACE_SEED(seed);
  std::mt19937 random(seed);
  OffsetRuns runs;
  std::set<std::int64_t> expected;
  for (int step = 0; step < 300; ++step) {
    const auto begin = static_cast<std::int64_t>(random() % 500);
    const auto end = begin + static_cast<std::int64_t>(random() % 8);
    runs.add(begin, end);
    for (auto offset = begin; offset < end; ++offset) expected.insert(offset);
    OffsetRuns read;
    read.decode(7, runs.encode(7, 4000));
    for (int offset = 7; offset < 510; ++offset) {
      ASSERT_EQ(runs.contains(offset), expected.contains(offset)) << offset;
      ASSERT_EQ(read.contains(offset), expected.contains(offset)) << offset;
    }
  }
}

}  // namespace
}  // namespace sluice
