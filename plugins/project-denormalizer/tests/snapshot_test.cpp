#include "snapshot.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace sluice::denorm {
namespace {

using Visibility = Snapshot::Visibility;

constexpr std::uint64_t kEpoch = std::uint64_t{1} << 32;

TEST(SnapshotTest, CountsTheTransactionsBelowXmaxThatAreNotRunning) {
  EXPECT_EQ(Snapshot::parse("100:100:").visible_count(), 100U);
  EXPECT_EQ(Snapshot::parse("90:100:90,95,97").visible_count(), 97U);
}

TEST(SnapshotTest, SeeingMoreMeansALargerCount) {
  const auto earlier = Snapshot::parse("90:100:90,95").visible_count();
  EXPECT_LT(earlier, Snapshot::parse("90:100:90").visible_count());
  EXPECT_LT(earlier, Snapshot::parse("90:102:90,95,100").visible_count());
}

TEST(SnapshotTest, TellsRunningTransactionsFromThoseAhead) {
  const auto snapshot = Snapshot::parse("90:100:90,95");
  EXPECT_EQ(snapshot.visibility(89), Visibility::kVisible);
  EXPECT_EQ(snapshot.visibility(90), Visibility::kInProgress);
  EXPECT_EQ(snapshot.visibility(94), Visibility::kVisible);
  EXPECT_EQ(snapshot.visibility(95), Visibility::kInProgress);
  EXPECT_EQ(snapshot.visibility(99), Visibility::kVisible);
  EXPECT_EQ(snapshot.visibility(100), Visibility::kAhead);
  EXPECT_EQ(snapshot.visibility(5000), Visibility::kAhead);
}

TEST(SnapshotTest, ATransactionThatIsTheNewestAndHasNotEndedIsNotAhead) {
  const auto snapshot = Snapshot::parse("90:100:90,95:99");  // the next gets 102
  EXPECT_EQ(snapshot.visibility(99), Visibility::kVisible);
  EXPECT_EQ(snapshot.visibility(95), Visibility::kInProgress);
  EXPECT_EQ(snapshot.visibility(100), Visibility::kInProgress);
  EXPECT_EQ(snapshot.visibility(101), Visibility::kInProgress);
  EXPECT_EQ(snapshot.visibility(102), Visibility::kAhead);
  EXPECT_EQ(snapshot.visible_count(), 98U);
  EXPECT_EQ(Snapshot::parse("100:100::98").visibility(100), Visibility::kInProgress);
  EXPECT_EQ(Snapshot::parse("100:100::97").visibility(100), Visibility::kAhead);
}

TEST(SnapshotTest, TheDistanceToTheNextIdIsThatOfTheLow32Bits) {
  const auto xmax = 3 * kEpoch + 3'000'000'000;  // beyond 2^31: PostgreSQL's age() is negative
  const auto text = std::to_string(xmax) + ":" + std::to_string(xmax) + "::";
  const auto next = Snapshot::parse(text + std::to_string(2'999'999'999 - (std::int64_t{1} << 32)));
  EXPECT_EQ(next.visibility(3'000'000'001), Visibility::kInProgress);
  EXPECT_EQ(next.visibility(3'000'000'002), Visibility::kAhead);
}

TEST(SnapshotTest, RestoresTheEpochOfA32BitId) {
  const auto xmax = 3 * kEpoch + 100;
  const auto snapshot = Snapshot::parse(std::to_string(xmax - 10) + ":" + std::to_string(xmax) +
                                        ":" + std::to_string(xmax - 10));
  EXPECT_EQ(snapshot.full_xid(99), xmax - 1);
  EXPECT_EQ(snapshot.visibility(99), Visibility::kVisible);
  EXPECT_EQ(snapshot.visibility(90), Visibility::kInProgress);
  EXPECT_EQ(snapshot.visibility(100), Visibility::kAhead);
}

TEST(SnapshotTest, AnIdFromBeforeTheWraparoundBelongsToTheEpochBefore) {
  const auto xmax = kEpoch + 5;  // five transactions after the 32-bit counter started again
  const auto snapshot = Snapshot::parse(std::to_string(xmax) + ":" + std::to_string(xmax) + ":");
  EXPECT_EQ(snapshot.full_xid(0xFFFFFFFFU), kEpoch - 1);
  EXPECT_EQ(snapshot.visibility(0xFFFFFFFFU), Visibility::kVisible);
  EXPECT_EQ(snapshot.visibility(4), Visibility::kVisible);
  EXPECT_EQ(snapshot.visibility(5), Visibility::kAhead);
}

TEST(SnapshotTest, AnIdFromAfterTheWraparoundIsAheadOfASnapshotFromBeforeIt) {
  const auto xmax = kEpoch - 2;
  const auto snapshot = Snapshot::parse(std::to_string(xmax) + ":" + std::to_string(xmax) + ":");
  EXPECT_EQ(snapshot.full_xid(7), kEpoch + 7);
  EXPECT_EQ(snapshot.visibility(7), Visibility::kAhead);
}

TEST(SnapshotTest, InTheFirstEpochNoIdIsBelowZero) {
  const auto snapshot = Snapshot::parse("800:800:");
  EXPECT_EQ(snapshot.full_xid(0xFFFFFFF0U), 0xFFFFFFF0U);
  EXPECT_EQ(snapshot.visibility(0xFFFFFFF0U), Visibility::kAhead);
}

TEST(SnapshotTest, TakesAFull64BitIdAsItIs) {
  const auto xmax = 3 * kEpoch + 100;
  const auto snapshot = Snapshot::parse(std::to_string(xmax) + ":" + std::to_string(xmax) + ":");
  EXPECT_EQ(snapshot.full_xid(3 * kEpoch + 200), 3 * kEpoch + 200);
  EXPECT_EQ(snapshot.full_xid(kEpoch + 1), kEpoch + 1);
}

TEST(SnapshotTest, RefusesOtherText) {
  EXPECT_THROW(Snapshot::parse(""), std::invalid_argument);
  EXPECT_THROW(Snapshot::parse("100"), std::invalid_argument);
  EXPECT_THROW(Snapshot::parse("a:b:"), std::invalid_argument);
  EXPECT_THROW(Snapshot::parse("1:2:x"), std::invalid_argument);
  EXPECT_THROW(Snapshot::parse("1:2::x"), std::invalid_argument);
  EXPECT_THROW(Snapshot::parse("1:2::3:"), std::invalid_argument);
}

TEST(VersionTest, AHigherEpochOutranksAnyCount) {
  const auto many = Snapshot::parse("281474976710000:281474976710000:");
  const auto few = Snapshot::parse("3:3:");
  EXPECT_EQ(version_of(few, 0), 3);
  EXPECT_LT(version_of(many, 0), version_of(few, 1));
  EXPECT_GT(version_of(many, kMaxVersionEpoch), 0);
}

}  // namespace
}  // namespace sluice::denorm
