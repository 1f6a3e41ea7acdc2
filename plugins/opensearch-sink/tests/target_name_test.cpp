#include "target_name.hpp"

#include <gtest/gtest.h>

namespace sluice::opensearch {
namespace {

TEST(TargetName, NumbersFromTheSecondOn) {
  EXPECT_EQ(target_name("things", "2026-01-24", 1), "things-2026-01-24");
  EXPECT_EQ(target_name("things", "2026-01-24", 2), "things-2026-01-24-2");
}

TEST(TargetName, RecognisesItsOwnNames) {
  for (const auto* name : {"a-b-2026-01-24", "a-b-2026-01-24-2", "a-b-2026-01-24-19"}) {
    EXPECT_TRUE(is_target_name("a-b", name)) << name;
  }
}

TEST(TargetName, RecognisesNoOthers) {
  for (const auto* name :
       {"", "a-b", "a-b-", "a-b-2026-01-2", "a-b-2026-01-24-", "a-b-2026-01-24-x",
        "a-b-2026-01-24-1", "a-b-2026-01-24-02", "a-b-2026-01-24-2-2", "a-b-2026-01-24x",
        "a-b-2026_01_24", "a-2026-01-24", "a-b-c-2026-01-24", "xa-b-2026-01-24", "a-b2026-01-24"}) {
    EXPECT_FALSE(is_target_name("a-b", name)) << name;
  }
}

TEST(TargetName, HasTodaysDate) {
  EXPECT_TRUE(is_date(today()));
}

}  // namespace
}  // namespace sluice::opensearch
