#include "pipeline/coalescer.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <thread>

#include "base/wait.hpp"
#include "support/random.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const TopicPartition kP0{"t", 0};
const TopicPartition kP1{"t", 1};
constexpr auto kSoon = std::chrono::seconds(30);  // never reached unless a test fails
constexpr auto kNever = std::chrono::milliseconds(60);

std::optional<Coalescer::Turn> take_within(Coalescer& coalescer, std::chrono::milliseconds limit) {
  std::stop_source stop;
  const std::jthread timer([&](const std::stop_token& done) {
    if (wait(done, limit)) stop.request_stop();
  });
  return coalescer.take(stop.get_token());
}

std::vector<std::string> ids(const std::optional<Coalescer::Turn>& turn) {
  std::vector<std::string> names;
  if (!turn) return {"no turn"};
  if (turn->walk) names.push_back("walk " + turn->walk->cursor);
  for (const auto& key : turn->keys) names.push_back(key.id);
  return names;
}

constexpr auto kIdle = 40ms;

/// CPU time of a writer that finds nothing to do for ten times kIdle.
std::chrono::nanoseconds cpu_time_of_a_wait(Coalescer& coalescer) {
  const auto cpu_time = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  const auto before = cpu_time();
  EXPECT_THAT(ids(take_within(coalescer, 10 * kIdle)), ElementsAre("no turn"));
  return cpu_time() - before;
}

class CoalescerTest : public testing::Test {
 protected:
  /// Batches never fill up on their own.
  static CoalescerLimits patient() { return {1000, 1h, 1000, 4}; }

  CoalescerTest() { ledger_.assign({kP0, kP1}); }

  Hold hold(std::int64_t offset, const TopicPartition& partition = kP0) const {
    return {ledger_.find(partition), offset};
  }
  static KeyWork key(const std::string& id, std::vector<Hold> holds = {},
                     std::vector<std::int64_t> tx_ids = {}) {
    KeyWork work;
    work.id = id;
    work.holds = std::move(holds);
    work.tx_ids = std::move(tx_ids);
    work.since = Clock::now();
    return work;
  }
  void add(Coalescer& coalescer, const KeyWork& work, bool urgent = false) const {
    std::vector<Coalescer::Touch> touches;
    const auto count = std::max({std::size_t{1}, work.holds.size(), work.tx_ids.size()});
    for (std::size_t i = 0; i < count; ++i) {
      touches.push_back({work.id, i < work.tx_ids.size() ? work.tx_ids[i] : 0,
                         i < work.holds.size() ? work.holds[i] : Hold{}, work.origin, work.since,
                         urgent});
    }
    coalescer.add(touches);
  }
  static WalkWork walk(const std::string& cursor, std::vector<Hold> holds = {}) {
    WalkWork work;
    work.cursor = cursor;
    work.holds = std::move(holds);
    return work;
  }
  /// Records up to there were read.
  void read_up_to(std::int64_t offset, const TopicPartition& partition = kP0) {
    ledger_.advance(ledger_.find(partition), offset);
  }

  OffsetLedger ledger_;
};

TEST_F(CoalescerTest, AKeyIsHandedOutOnceHoweverOftenItChanged) {
  Coalescer coalescer(patient(), ledger_);
  for (int i = 0; i < 5; ++i) {
    add(coalescer, key("a"));
    add(coalescer, key("b"));
  }
  EXPECT_EQ(coalescer.pending(), 2U);
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("a", "b"));
}

TEST_F(CoalescerTest, AnIdleWriterTakesAtOnce) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("a"));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("a"));
}

TEST_F(CoalescerTest, AWriterThatWaitsIsWokenByAKey) {
  Coalescer coalescer(patient(), ledger_);
  const std::jthread later([&] {
    wait({}, 20ms);
    add(coalescer, key("a"));
  });
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("a"));
}

TEST_F(CoalescerTest, AStopEndsTheWait) {
  Coalescer coalescer(patient(), ledger_);
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt);
}

TEST_F(CoalescerTest, WhileAWriterIsBusyOthersWaitForMaxKeys) {
  Coalescer coalescer({3, 1h, 1000, 4}, ledger_);
  add(coalescer, key("first"));
  take_within(coalescer, kSoon);
  add(coalescer, key("a"));
  add(coalescer, key("b"));
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt);
  add(coalescer, key("c"));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("a", "b", "c"));
}

TEST_F(CoalescerTest, WhileAWriterIsBusyAKeyWaitsNoLongerThanMaxDelay) {
  Coalescer coalescer({1000, 40ms, 1000, 4}, ledger_);
  add(coalescer, key("first"));
  take_within(coalescer, kSoon);
  const auto began = Clock::now();
  add(coalescer, key("a"));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("a"));
  EXPECT_GE(Clock::now() - began, 40ms);
}

TEST_F(CoalescerTest, WhenTheBusyWriterIsBackTheRestGoesAtOnce) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("first"));
  auto turn = take_within(coalescer, kSoon);
  add(coalescer, key("a"));
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("a"));
}

TEST_F(CoalescerTest, AnUrgentKeyGoesAtOnceAndFirst) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("first"));
  take_within(coalescer, kSoon);
  add(coalescer, key("a"));
  add(coalescer, key("deleted"), true);
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("deleted", "a"));
  add(coalescer, key("b"));
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt) << "urgency ends with the flush";
}

TEST_F(CoalescerTest, AWaitingKeyCanBecomeUrgent) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("first"));
  take_within(coalescer, kSoon);
  add(coalescer, key("a"));
  add(coalescer, key("a"), true);
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("a"));
}

TEST_F(CoalescerTest, AFlushTakesAllThatIsThereUpToTheBulkLimit) {
  Coalescer coalescer({2, 1h, 5, 4}, ledger_);
  for (int i = 0; i < 8; ++i) add(coalescer, key(std::to_string(i)));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("5", "6", "7"));
}

TEST_F(CoalescerTest, AKeyInFlightIsNotHandedOutTwiceAndComesAgainIfItChangedMeanwhile) {
  Coalescer coalescer({1, 0ms, 1000, 4}, ledger_);
  add(coalescer, key("a", {hold(1)}));
  read_up_to(1);
  auto turn = take_within(coalescer, kSoon);
  add(coalescer, key("a", {hold(2)}), true);
  read_up_to(2);
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt);
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 2))) << "the second record is unsettled";

  turn = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(turn), ElementsAre("a"));
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 3)));
  EXPECT_EQ(coalescer.pending(), 0U);
}

TEST_F(CoalescerTest, ASettledKeyIsGone) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("a", {hold(0)}));
  auto turn = take_within(coalescer, kSoon);
  EXPECT_EQ(coalescer.pending(), 1U);
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_EQ(coalescer.pending(), 0U);
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt);
}

TEST_F(CoalescerTest, OfEachPartitionTheEarliestRecordIsHeld) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("a", {hold(5)}));
  add(coalescer, key("a", {hold(9)}));
  add(coalescer, key("a", {hold(3, kP1)}));
  read_up_to(9);
  read_up_to(3, kP1);
  EXPECT_THAT(ledger_.collect(), UnorderedElementsAre(Pair(kP0, 5), Pair(kP1, 3)));
  auto turn = take_within(coalescer, kSoon);
  EXPECT_THAT(turn->keys.front().holds, SizeIs(2));
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ledger_.collect(), UnorderedElementsAre(Pair(kP0, 10), Pair(kP1, 4)));
}

// What a walk could not settle comes in after later records of the same key.
TEST_F(CoalescerTest, AnEarlierRecordThatComesLateIsHeldInsteadOfTheLaterOne) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("a", {hold(9)}));
  add(coalescer, key("a", {hold(5)}));
  read_up_to(9);
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 5)));
  auto turn = take_within(coalescer, kSoon);
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 10)));
}

TEST_F(CoalescerTest, ARetriedKeyKeepsTheEarliestRecordThoughAnEarlierOneCameMeanwhile) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("a", {hold(9)}));
  read_up_to(9);
  auto turn = take_within(coalescer, kSoon);
  add(coalescer, key("a", {hold(5)}));
  std::vector<Coalescer::Delayed> retries;
  retries.push_back({std::move(turn->keys.front()), {}});
  coalescer.end_flush({}, std::move(retries));
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 5)));
  turn = take_within(coalescer, kSoon);
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 10)));
}

TEST_F(CoalescerTest, AKeyGathersTheTransactionsThatItsReadMustSee) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("a", {}, {100}));
  add(coalescer, key("a", {}, {100}));
  add(coalescer, key("a", {}, {102}));
  add(coalescer, key("a"));
  EXPECT_THAT(take_within(coalescer, kSoon)->keys.front().tx_ids, ElementsAre(100, 102));
}

TEST_F(CoalescerTest, ARetriedKeyKeepsItsFirstRecordAndGathersWhatCameMeanwhile) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("a", {hold(1)}, {100}));
  read_up_to(1);
  auto turn = take_within(coalescer, kSoon);
  add(coalescer, key("a", {hold(2), hold(7, kP1)}, {101}));
  read_up_to(2);
  read_up_to(7, kP1);

  std::vector<Coalescer::Delayed> retries;
  retries.push_back({std::move(turn->keys.front()), {}});
  retries.front().work.attempts = 3;
  coalescer.end_flush({}, std::move(retries));
  EXPECT_THAT(ledger_.collect(), UnorderedElementsAre(Pair(kP0, 1), Pair(kP1, 7)));

  turn = take_within(coalescer, kSoon);
  ASSERT_THAT(ids(turn), ElementsAre("a"));
  EXPECT_THAT(turn->keys.front().tx_ids, ElementsAre(100, 101));
  EXPECT_EQ(turn->keys.front().attempts, 3);
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ledger_.collect(), UnorderedElementsAre(Pair(kP0, 3), Pair(kP1, 8)));
  EXPECT_EQ(coalescer.pending(), 0U);
}

TEST_F(CoalescerTest, ARetriedKeyComesBackAfterItsDelayAndHoldsNobodyUp) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("slow"));
  auto turn = take_within(coalescer, kSoon);
  const auto began = Clock::now();
  std::vector<Coalescer::Delayed> retries;
  retries.push_back({std::move(turn->keys.front()), 200ms});
  coalescer.end_flush({}, std::move(retries));

  add(coalescer, key("b"));
  turn = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(turn), ElementsAre("b"));
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("slow"));
  EXPECT_GE(Clock::now() - began, 200ms);
}

TEST_F(CoalescerTest, WhileSuspendedNothingIsHandedOut) {
  Coalescer coalescer(patient(), ledger_);
  const auto began = Clock::now();
  coalescer.suspend(100ms);
  add(coalescer, key("deleted"), true);
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("deleted"));
  EXPECT_GE(Clock::now() - began, 100ms);
}

TEST_F(CoalescerTest, AShorterSuspensionDoesNotCutALongerOne) {
  Coalescer coalescer(patient(), ledger_);
  coalescer.suspend(1h);
  coalescer.suspend(1ms);
  add(coalescer, key("a"));
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt);
}

TEST_F(CoalescerTest, FreshKeysGoBeforeAWalk) {
  Coalescer coalescer(patient(), ledger_);
  coalescer.add(walk("w"));
  add(coalescer, key("a"));
  auto turn = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(turn), ElementsAre("a"));
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("walk w"));
}

TEST_F(CoalescerTest, ASteadyStreamOfKeysDoesNotStarveAWalk) {
  Coalescer coalescer({1000, 1h, 1, 3}, ledger_);
  coalescer.add(walk("w"));
  for (int i = 0; i < 10; ++i) add(coalescer, key(std::to_string(i)));
  std::vector<std::string> order;
  for (int i = 0; i < 8; ++i) {
    auto turn = take_within(coalescer, kSoon);
    ASSERT_TRUE(turn);
    order.push_back(turn->walk ? "walk" : "flush");
    if (turn->walk) {
      coalescer.end_page(std::move(*turn->walk), 0ms);
    } else {
      coalescer.end_flush(std::move(turn->keys), {});
    }
  }
  EXPECT_THAT(order,
              ElementsAre("flush", "flush", "flush", "walk", "flush", "flush", "flush", "walk"));
}

TEST_F(CoalescerTest, OnlyOneWriterWalks) {
  Coalescer coalescer(patient(), ledger_);
  coalescer.add(walk("one"));
  coalescer.add(walk("two"));
  auto turn = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(turn), ElementsAre("walk one"));
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt);
  EXPECT_EQ(coalescer.walks().count, 2U);
  coalescer.end_page(std::move(*turn->walk), std::nullopt);
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("walk two"));
}

TEST_F(CoalescerTest, AWalkHoldsItsRecordUntilItIsOver) {
  Coalescer coalescer(patient(), ledger_);
  coalescer.add(walk("page 1", {hold(4)}));
  read_up_to(4);
  auto turn = take_within(coalescer, kSoon);
  turn->walk->cursor = "page 2";
  coalescer.end_page(std::move(*turn->walk), 0ms);
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 4)));
  turn = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(turn), ElementsAre("walk page 2"));
  coalescer.end_page(std::move(*turn->walk), std::nullopt);
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 5)));
  EXPECT_EQ(coalescer.walks().count, 0U);
}

TEST_F(CoalescerTest, AWalkThatHasNotBegunStandsForLaterOnesFromTheSameCursor) {
  Coalescer coalescer(patient(), ledger_);
  auto first = walk("user 7", {hold(4)});
  first.tx_ids = {100};
  auto again = walk("user 7", {hold(9), hold(2, kP1)});
  again.tx_ids = {101};
  coalescer.add(std::move(first));
  coalescer.add(std::move(again));
  coalescer.add(walk("user 8"));
  read_up_to(9);
  read_up_to(2, kP1);
  EXPECT_EQ(coalescer.walks().count, 2U);

  auto turn = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(turn), ElementsAre("walk user 7"));
  EXPECT_THAT(turn->walk->tx_ids, ElementsAre(100, 101));
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 4), Pair(kP1, 2)));
  coalescer.end_page(std::move(*turn->walk), std::nullopt);
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 10), Pair(kP1, 3)));
}

TEST_F(CoalescerTest, AMergedWalkTellsWhenTheFirstAndTheLastOfItsChangesCameIn) {
  Coalescer coalescer(patient(), ledger_);
  const auto now = Clock::now();
  for (const auto came_in : {now - 1h, now - 1min}) {
    coalescer.add(WalkWork{"", true, {}, {}, {}, came_in});
  }
  const auto turn = take_within(coalescer, kSoon);
  ASSERT_TRUE(turn && turn->walk);
  EXPECT_EQ(turn->walk->since, now - 1h);
  EXPECT_EQ(turn->walk->latest, now - 1min);
}

TEST_F(CoalescerTest, AWalkUnderWayDoesNotStandForALaterOneWhichMayHaveBeenPassedAlready) {
  Coalescer coalescer(patient(), ledger_);
  coalescer.add(walk("user 7"));
  auto turn = take_within(coalescer, kSoon);
  coalescer.add(walk("user 7"));
  coalescer.end_page(std::move(*turn->walk), 0ms);  // it was put off at its first page
  EXPECT_EQ(coalescer.walks().count, 2U);
}

TEST_F(CoalescerTest, AWalkOverTheSinkIsNoWalkFromAnEmptyCursor) {
  Coalescer coalescer(patient(), ledger_);
  auto sweep = walk("");
  sweep.sweep = true;
  coalescer.add(std::move(sweep));
  coalescer.add(walk(""));
  EXPECT_EQ(coalescer.walks().count, 2U);
}

TEST_F(CoalescerTest, ASweepBeginsAlone) {
  Coalescer coalescer({1, 1h, 1000, 1}, ledger_);
  add(coalescer, key("a"));
  auto flush = take_within(coalescer, kSoon);
  auto sweep = walk("");
  sweep.sweep = true;
  coalescer.add(std::move(sweep));
  add(coalescer, key("b"));
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt) << "'a' is on its way to the sink";

  coalescer.end_flush(std::move(flush->keys), {});
  auto turn = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(turn), ElementsAre("walk "));
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt) << "it has not looked yet";
  turn->walk->cursor = "page 2";
  coalescer.end_page(std::move(*turn->walk), 0ms);
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("b"));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("walk page 2"));
}

TEST_F(CoalescerTest, AWriterSleepsWhileASweepWaitsToBegin) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("a"));
  ASSERT_THAT(ids(coalescer.take({})), ElementsAre("a"));
  auto sweep = walk("");
  sweep.sweep = true;
  coalescer.add(std::move(sweep));
  EXPECT_LT(cpu_time_of_a_wait(coalescer), kIdle);
}

TEST_F(CoalescerTest, AWriterSleepsWhileASweepBeginsThoughAKeyIsDue) {
  Coalescer coalescer({1000, 1ms, 1000, 4}, ledger_);
  auto sweep = walk("");
  sweep.sweep = true;
  coalescer.add(std::move(sweep));
  ASSERT_THAT(ids(coalescer.take({})), ElementsAre("walk "));
  add(coalescer, key("a"));
  EXPECT_LT(cpu_time_of_a_wait(coalescer), kIdle);
}

TEST_F(CoalescerTest, TheAgeOfTheOldestWalkCountsWhileAWriterHasIt) {
  Coalescer coalescer(patient(), ledger_);
  EXPECT_EQ(coalescer.walks().oldest, Clock::duration::zero());
  auto old = walk("old");
  old.since = Clock::now() - 1h;
  coalescer.add(std::move(old));
  auto young = walk("young");
  young.since = Clock::now();
  coalescer.add(std::move(young));
  EXPECT_GE(coalescer.walks().oldest, 1h);
  auto turn = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(turn), ElementsAre("walk old"));
  EXPECT_GE(coalescer.walks().oldest, 1h);
  coalescer.end_page(std::move(*turn->walk), std::nullopt);
  EXPECT_LT(coalescer.walks().oldest, 1h);
}

TEST_F(CoalescerTest, AKeyThatIsAddedWithADelayWaitsForIt) {
  Coalescer coalescer(patient(), ledger_);
  const auto began = Clock::now();
  std::vector<Coalescer::Delayed> failed;
  failed.push_back({key("late"), 40ms});
  failed.push_back({key("now"), 0ms});
  coalescer.add(std::move(failed));
  auto turn = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(turn), ElementsAre("now"));
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("late"));
  EXPECT_GE(Clock::now() - began, 40ms);
}

TEST_F(CoalescerTest, ADrainHandsOutWhatIsLeftWithoutWaitingForABatchAndThenNothing) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("first"));
  auto first = take_within(coalescer, kSoon);
  add(coalescer, key("a"));
  coalescer.drain();
  auto second = take_within(coalescer, kSoon);
  EXPECT_THAT(ids(second), ElementsAre("a"));
  EXPECT_EQ(take_within(coalescer, kNever), std::nullopt) << "two are with writers";
  coalescer.end_flush(std::move(first->keys), {});
  coalescer.end_flush(std::move(second->keys), {});
  const auto began = Clock::now();
  EXPECT_EQ(take_within(coalescer, kSoon), std::nullopt);
  EXPECT_LT(Clock::now() - began, kSoon) << "the drained coalescer says so itself";
}

TEST_F(CoalescerTest, ADrainLeavesWalksForTheNextStartAndTheirRecordsHeld) {
  Coalescer coalescer(patient(), ledger_);
  coalescer.add(walk("w", {hold(0)}));
  read_up_to(0);
  coalescer.drain();
  EXPECT_EQ(take_within(coalescer, kSoon), std::nullopt);
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 0)));
}

TEST_F(CoalescerTest, ThereIsRoomBelowMaxKeys) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("a"));
  EXPECT_TRUE(coalescer.has_room(2));
  add(coalescer, key("b"));
  EXPECT_FALSE(coalescer.has_room(2));
}

TEST_F(CoalescerTest, AHotKeyThatGathersTooManyTransactionsPausesIntakeUntilItIsTaken) {
  Coalescer coalescer(patient(), ledger_);
  add(coalescer, key("hot"));
  auto turn = take_within(coalescer, kSoon);
  std::int64_t tx_id = 1;
  for (; tx_id <= 4095; ++tx_id) add(coalescer, key("hot", {}, {tx_id}));
  EXPECT_TRUE(coalescer.has_room(1000));
  add(coalescer, key("hot", {}, {tx_id}));
  EXPECT_FALSE(coalescer.has_room(1000));
  coalescer.end_flush(std::move(turn->keys), {});
  turn = take_within(coalescer, kSoon);
  EXPECT_THAT(turn->keys.front().tx_ids, SizeIs(4096));
  EXPECT_TRUE(coalescer.has_room(1000));
}

TEST_F(CoalescerTest, AHotKeyThatIsRetriedPausesIntakeAgain) {
  Coalescer coalescer(patient(), ledger_);
  for (std::int64_t tx_id = 1; tx_id <= 4096; ++tx_id) add(coalescer, key("hot", {}, {tx_id}));
  auto turn = take_within(coalescer, kSoon);
  EXPECT_TRUE(coalescer.has_room(1000));
  std::vector<Coalescer::Delayed> retries;
  retries.push_back({std::move(turn->keys.front()), {}});
  coalescer.end_flush({}, std::move(retries));
  EXPECT_FALSE(coalescer.has_room(1000));
}

class HotKeyTest : public CoalescerTest {
 protected:
  static CoalescerLimits resting(std::chrono::milliseconds hot_pause) {
    auto limits = patient();
    limits.hot_pause = hot_pause;
    return limits;
  }
  void write(Coalescer& coalescer, const std::string& id) const {
    add(coalescer, key(id));
    auto turn = take_within(coalescer, kSoon);
    ASSERT_THAT(ids(turn), ElementsAre(id));
    coalescer.end_flush(std::move(turn->keys), {});
  }
  void make_hot(Coalescer& coalescer, const std::string& id) const {
    for (int i = 0; i < RecentWrites::kWarm; ++i) write(coalescer, id);
  }
  /// As if it went on changing for an hour.
  void change_endlessly(Coalescer& coalescer, const std::string& id) const {
    add(coalescer, key(id));
    auto last = key(id);
    last.since += 1h;
    add(coalescer, last);
  }
};

TEST_F(HotKeyTest, RestsAndLetsOthersPass) {
  Coalescer coalescer(resting(1h), ledger_);
  make_hot(coalescer, "hot");
  add(coalescer, key("hot"));
  add(coalescer, key("cold"));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("cold"));
  EXPECT_THAT(ids(take_within(coalescer, kNever)), ElementsAre("no turn"));
  EXPECT_EQ(coalescer.pending(), 2U);
}

TEST_F(HotKeyTest, HoldsItsRecordsWhileItRests) {
  Coalescer coalescer(resting(1h), ledger_);
  make_hot(coalescer, "hot");
  add(coalescer, key("hot", {hold(5)}));
  read_up_to(9);
  EXPECT_THAT(ids(take_within(coalescer, kNever)), ElementsAre("no turn"));
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 5)));
  coalescer.end_rests();
  coalescer.end_flush(std::move(take_within(coalescer, kSoon)->keys), {});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 10)));
}

TEST_F(HotKeyTest, RestsTooIfItChangedWhileItWasWritten) {
  Coalescer coalescer(resting(1h), ledger_);
  add(coalescer, key("hot"));
  for (int i = 0; i < RecentWrites::kWarm; ++i) {
    auto turn = take_within(coalescer, kSoon);
    ASSERT_THAT(ids(turn), ElementsAre("hot"));
    add(coalescer, key("hot"));
    coalescer.end_flush(std::move(turn->keys), {});
  }
  EXPECT_THAT(ids(take_within(coalescer, kNever)), ElementsAre("no turn"));
}

TEST_F(HotKeyTest, IsWrittenOnceItsChangesPause) {
  Coalescer coalescer(resting(8s), ledger_);
  make_hot(coalescer, "hot");
  const auto changed = Clock::now();
  add(coalescer, key("hot"));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("hot"));
  EXPECT_GE(Clock::now() - changed, 1s);
}

TEST_F(HotKeyTest, ALaterChangeLetsItRestOnButNotForEver) {
  Coalescer coalescer(resting(4s), ledger_);
  make_hot(coalescer, "hot");
  const auto written = Clock::now();
  change_endlessly(coalescer, "hot");
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("hot"));
  EXPECT_GE(Clock::now() - written, 3s);  // not after half a second without a change
}

TEST_F(HotKeyTest, StaysHotWhenItHasRestedForAllOfItsTime) {
  Coalescer coalescer(resting(800ms), ledger_);
  make_hot(coalescer, "hot");
  change_endlessly(coalescer, "hot");
  auto turn = take_within(coalescer, kSoon);
  ASSERT_THAT(ids(turn), ElementsAre("hot"));
  const auto written = Clock::now();
  coalescer.end_flush(std::move(turn->keys), {});
  change_endlessly(coalescer, "hot");
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("hot"));
  EXPECT_GE(Clock::now() - written, 800ms);
}

TEST_F(HotKeyTest, DoesNotRestWhenItIsDeleted) {
  Coalescer coalescer(resting(1h), ledger_);
  make_hot(coalescer, "hot");
  add(coalescer, key("hot"));
  add(coalescer, key("hot"), /*urgent=*/true);
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("hot"));
}

TEST_F(HotKeyTest, EndsItsRestLongBeforeItsTransactionsWouldPauseIntake) {
  Coalescer coalescer(resting(1h), ledger_);
  make_hot(coalescer, "hot");
  for (std::int64_t tx_id = 1; tx_id <= 2048; ++tx_id) add(coalescer, key("hot", {}, {tx_id}));
  EXPECT_TRUE(coalescer.has_room(1000));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("hot"));
}

TEST_F(HotKeyTest, EndsItsRestWhenAWalkLeavesItTooManyTransactions) {
  Coalescer coalescer(resting(1h), ledger_);
  make_hot(coalescer, "hot");
  add(coalescer, key("hot"));
  std::vector<std::int64_t> tx_ids(2048);
  std::iota(tx_ids.begin(), tx_ids.end(), 1);
  std::vector<Coalescer::Delayed> failed;
  failed.push_back({key("hot", {}, tx_ids), 0s});
  coalescer.add(std::move(failed));
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("hot"));
}

TEST_F(HotKeyTest, DoesNotRestWhereThereIsNoRoomForMore) {
  Coalescer coalescer(resting(1h), ledger_);
  make_hot(coalescer, "hot");
  add(coalescer, key("hot"));
  coalescer.end_rests();
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("hot"));
}

TEST_F(HotKeyTest, DoesNotRestWhenItWasDeletedBeforeOrWhileItWasWritten) {
  Coalescer coalescer(resting(1h), ledger_);
  make_hot(coalescer, "hot");
  add(coalescer, key("hot"), /*urgent=*/true);
  auto turn = take_within(coalescer, kSoon);
  ASSERT_THAT(ids(turn), ElementsAre("hot"));
  add(coalescer, key("hot"), /*urgent=*/true);
  coalescer.end_flush(std::move(turn->keys), {});
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("hot"));
}

TEST_F(HotKeyTest, DoesNotRestInADrain) {
  Coalescer coalescer(resting(1h), ledger_);
  make_hot(coalescer, "hot");
  add(coalescer, key("hot"));
  coalescer.drain();
  EXPECT_THAT(ids(take_within(coalescer, kSoon)), ElementsAre("hot"));
}

TEST_F(HotKeyTest, DoesNotRestWithoutAPause) {
  Coalescer coalescer(resting(0ms), ledger_);
  make_hot(coalescer, "hot");
  write(coalescer, "hot");
}

// Records of a few hot keys come in while several writers take, fail some and settle the rest.
// `current` is the database, `seen` what was read last for each key.
TEST(CoalescerPropertyTest, EveryChangeIsSeenByALaterReadBeforeItsOffsetIsGiven) {
  constexpr std::size_t kKeys = 25;
  constexpr std::int64_t kRecords = 20000;
  const auto seed = test::random_seed();
  SLUICE_TRACE_SEED(seed);

  OffsetLedger ledger;
  ledger.assign({kP0});
  Coalescer coalescer({8, 1ms, 10, 3, 16ms}, ledger);
  std::array<std::atomic<int>, kKeys> current{};
  std::array<std::atomic<int>, kKeys> seen{};
  std::array<std::atomic<bool>, kKeys> in_use{};
  std::atomic<int> given_twice{0};
  struct Record {
    std::size_t key = 0;
    int change = 0;
  };
  std::vector<Record> records(kRecords);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kKeys; ++i) names.push_back(std::to_string(i));

  const auto write = [&](unsigned number) {
    std::mt19937 random(seed + number);
    while (auto turn = coalescer.take({})) {
      if (turn->walk) {
        const bool over = random() % 3 == 0;
        coalescer.end_page(std::move(*turn->walk),
                           over ? std::nullopt : std::optional<Clock::duration>(0ms));
        continue;
      }
      std::vector<KeyWork> settled;
      std::vector<Coalescer::Delayed> retries;
      for (auto& work : turn->keys) {
        const auto index = std::stoul(work.id);
        if (in_use[index].exchange(true)) ++given_twice;
        const bool fails = random() % 4 == 0;
        if (!fails) seen[index] = current[index].load();
        in_use[index] = false;
        if (fails) {
          retries.push_back({std::move(work), std::chrono::microseconds(random() % 500)});
        } else {
          settled.push_back(std::move(work));
        }
      }
      coalescer.end_flush(std::move(settled), std::move(retries));
    }
  };
  std::int64_t committed = 0;
  const auto collect = [&] {
    for (const auto& [partition, offset] : ledger.collect()) {
      EXPECT_GE(offset, committed);
      for (; committed < offset; ++committed) {
        const auto& record = records[static_cast<std::size_t>(committed)];
        ASSERT_GE(seen[record.key], record.change) << "offset " << committed;
      }
    }
  };

  {
    std::vector<std::jthread> writers;
    for (unsigned i = 0; i < 3; ++i) writers.emplace_back(write, i);
    std::mt19937 random(seed);
    const auto partition = ledger.find(kP0);
    for (std::int64_t offset = 0; offset < kRecords;) {
      std::vector<Coalescer::Touch> touches;
      const auto end = std::min<std::int64_t>(kRecords, offset + 1 + random() % 20);
      for (; offset < end; ++offset) {
        const auto index = random() % kKeys;
        records[static_cast<std::size_t>(offset)] = {index, ++current[index]};
        touches.push_back(
            {names[index], 0, {partition, offset}, nullptr, Clock::now(), random() % 10 == 0});
      }
      coalescer.add(touches);
      ledger.advance(partition, offset - 1);
      if (random() % 16 == 0) collect();
    }
    coalescer.drain();
  }
  collect();
  EXPECT_EQ(given_twice, 0);
  EXPECT_EQ(committed, kRecords);
  EXPECT_EQ(coalescer.pending(), 0U);
  for (std::size_t i = 0; i < kKeys; ++i) EXPECT_EQ(seen[i], current[i]) << "key " << i;
}

}  // namespace
}  // namespace sluice
