#include "targets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::reconcile {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(HalfBuilt, IsWhatIsNewerThanTheOneInUse) {
  EXPECT_THAT(half_built({{"a", 1, false}, {"b", 2, true}, {"c", 3, false}, {"d", 4, false}}),
              ElementsAre("c", "d"));
  EXPECT_THAT(half_built({{"a", 1, false}, {"b", 2, true}}), IsEmpty());
}

TEST(HalfBuilt, IsToldByNameWhenCreatedInTheSameMillisecond) {
  EXPECT_THAT(half_built({{"p-2026-01-24", 1, true}, {"p-2026-01-24-2", 1, false}}),
              ElementsAre("p-2026-01-24-2"));
}

TEST(HalfBuilt, IsNothingWhenNoneIsInUse) {
  EXPECT_THAT(half_built({{"a", 1, false}, {"b", 2, false}}), IsEmpty());
  EXPECT_THAT(half_built({}), IsEmpty());
}

TEST(Expired, AreThoseCreatedBeforeTheRetention) {
  const std::vector<Target> targets = {
      {"a", 1, false}, {"b", 2, false}, {"c", 5, false}, {"d", 6, false}, {"e", 9, true}};
  EXPECT_THAT(expired(targets, milliseconds(5)), ElementsAre("a", "b"));
  EXPECT_THAT(expired(targets, milliseconds(1)), IsEmpty());
}

TEST(Expired, AreNeverTheOneInUseNorTheOneBeforeIt) {
  EXPECT_THAT(expired({{"a", 1, false}, {"b", 2, false}, {"c", 3, true}}, milliseconds(100)),
              ElementsAre("a"));
  EXPECT_THAT(expired({{"a", 1, false}, {"b", 2, true}, {"c", 3, false}}, milliseconds(100)),
              ElementsAre("c"));
}

TEST(Expired, AreNoneWhenNoneIsInUse) {
  EXPECT_THAT(expired({{"a", 1, false}, {"b", 2, false}}, milliseconds(100)), IsEmpty());
}

}  // namespace
}  // namespace sluice::reconcile
