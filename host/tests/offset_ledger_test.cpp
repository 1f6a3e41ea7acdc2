#include "pipeline/offset_ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <set>

#include "support/random.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

const TopicPartition kP0{"t", 0};
const TopicPartition kP1{"t", 1};

class OffsetLedgerTest : public testing::Test {
 protected:
  OffsetLedgerTest() { ledger_.assign({kP0, kP1}); }

  /// A record that something came from: unsettled until it is released.
  Hold read(const TopicPartition& partition, std::int64_t offset) {
    Hold hold{ledger_.find(partition), offset};
    ledger_.hold(hold);
    ledger_.advance(hold.ledger, offset);
    return hold;
  }

  OffsetLedger ledger_;
};

TEST_F(OffsetLedgerTest, NothingIsCollectedBeforeAnythingIsRead) {
  EXPECT_THAT(ledger_.collect(), IsEmpty());
}

TEST_F(OffsetLedgerTest, ARecordThatNothingCameFromIsSettledAtOnce) {
  ledger_.advance(ledger_.find(kP0), 41);
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 42)));
}

TEST_F(OffsetLedgerTest, CollectGivesAnOffsetOnlyOnce) {
  ledger_.advance(ledger_.find(kP0), 7);
  ledger_.collect();
  EXPECT_THAT(ledger_.collect(), IsEmpty());
}

TEST_F(OffsetLedgerTest, RecordsReleasedOutOfOrderAreCommittedUpToTheFirstThatIsNot) {
  const auto first = read(kP0, 10);
  const auto second = read(kP0, 11);
  const auto third = read(kP0, 12);
  ledger_.release({third});
  ledger_.release({second});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 10)));
  ledger_.release({first});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 13)));
}

TEST_F(OffsetLedgerTest, ARecordHeldTwiceIsSettledAfterBothReleases) {
  const auto hold = read(kP0, 5);
  ledger_.hold(hold);
  ledger_.release({hold});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 5)));
  ledger_.release({hold});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 6)));
}

TEST_F(OffsetLedgerTest, PartitionsDoNotWaitForEachOther) {
  const auto stuck = read(kP0, 100);
  const auto done = read(kP1, 3);
  ledger_.release({done});
  EXPECT_THAT(ledger_.collect(), UnorderedElementsAre(Pair(kP0, 100), Pair(kP1, 4)));
  ledger_.release({stuck});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 101)));
}

TEST_F(OffsetLedgerTest, OffsetsMayHaveGaps) {
  const auto before = read(kP0, 10);
  const auto after = read(kP0, 1000);
  ledger_.release({before});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 1000)));
  ledger_.release({after});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 1001)));
}

TEST_F(OffsetLedgerTest, ARevokedPartitionIsNotCollectedAndHasNoLedger) {
  const auto hold = read(kP0, 1);
  ledger_.revoke({kP0});
  ledger_.release({hold});
  EXPECT_THAT(ledger_.collect(), IsEmpty());
  EXPECT_EQ(ledger_.find(kP0), nullptr);
}

TEST_F(OffsetLedgerTest, LateReleasesDoNotCountForAReassignedPartition) {
  const auto old = read(kP0, 7);
  ledger_.revoke({kP0});
  ledger_.assign({kP0});
  const auto same_record_again = read(kP0, 7);
  ledger_.release({old});
  ledger_.release({old});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 7)));
  ledger_.release({same_record_again});
  EXPECT_THAT(ledger_.collect(), ElementsAre(Pair(kP0, 8)));
}

TEST_F(OffsetLedgerTest, LateAdvancesDoNotCountForAReassignedPartition) {
  const auto old = ledger_.find(kP0);
  ledger_.revoke({kP0});
  ledger_.assign({kP0});
  ledger_.advance(old, 99);
  EXPECT_THAT(ledger_.collect(), IsEmpty());
}

/// The rule itself, without any cleverness: every hold in a list.
class NaiveLedger {
 public:
  struct Partition {
    std::multiset<std::int64_t> held;
    std::int64_t next = 0;
    std::int64_t collected = -1;
  };

  std::optional<std::int64_t> collect(Partition& partition) const {
    if (partition.next == 0) return std::nullopt;
    const auto settled = partition.held.empty() ? partition.next : *partition.held.begin();
    if (settled <= partition.collected) return std::nullopt;
    partition.collected = settled;
    return settled;
  }
};

TEST(OffsetLedgerPropertyTest, AgreesWithTheNaiveModelUnderRandomSteps) {
  const auto seed = test::random_seed();
  SLUICE_TRACE_SEED(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return random() % n; };

  const std::vector<TopicPartition> partitions{{"a", 0}, {"a", 1}, {"b", 0}};
  OffsetLedger ledger;
  NaiveLedger naive;
  std::map<TopicPartition, NaiveLedger::Partition> model;
  struct Open {
    Hold hold;
    TopicPartition partition;
  };
  std::vector<Open> open;
  std::vector<Hold> late;  // of partitions that were taken away
  ledger.assign(partitions);
  for (const auto& partition : partitions) model[partition];

  for (int step = 0; step < 20000; ++step) {
    const auto& partition = partitions[below(partitions.size())];
    auto& expected = model[partition];
    switch (below(8)) {
      case 0:
      case 1:
      case 2: {  // a record with 0 to 2 holds
        const auto offset = expected.next + static_cast<std::int64_t>(below(3));
        const auto found = ledger.find(partition);
        for (std::size_t i = below(3); i > 0; --i) {
          ledger.hold({found, offset});
          expected.held.insert(offset);
          open.push_back({{found, offset}, partition});
        }
        ledger.advance(found, offset);
        expected.next = offset + 1;
        break;
      }
      case 3:
      case 4:
      case 5: {  // a release, in any order
        if (open.empty()) break;
        std::swap(open[below(open.size())], open.back());
        const auto done = open.back();
        open.pop_back();
        ledger.release({done.hold});
        auto& held = model[done.partition].held;
        held.erase(held.find(done.hold.offset));
        break;
      }
      case 6: {
        std::map<TopicPartition, std::int64_t> moved;
        for (const auto& [name, offset] : ledger.collect()) moved[name] = offset;
        for (auto& [name, state] : model) {
          const auto want = naive.collect(state);
          const auto got = moved.find(name);
          ASSERT_EQ(got == moved.end(), !want.has_value()) << name.topic << name.partition;
          if (want) {
            ASSERT_EQ(got->second, *want);
          }
        }
        break;
      }
      default: {  // seldom: taken away and given back; what was open comes late
        if (below(20) != 0) {
          if (!late.empty()) ledger.release({late[below(late.size())]});
          break;
        }
        for (auto i = open.begin(); i != open.end();) {
          if (i->partition == partition) {
            late.push_back(i->hold);
            i = open.erase(i);
          } else {
            ++i;
          }
        }
        ledger.revoke({partition});
        ledger.assign({partition});
        // A new owner begins at the committed offset, so it may read records again.
        const auto again = std::max<std::int64_t>(expected.collected, 0);
        expected = {};
        expected.next = again;
        if (again > 0) {
          ledger.advance(ledger.find(partition), again - 1);
        }
      }
    }
    for (const auto& [name, state] : model) {
      ASSERT_EQ(ledger.find(name)->held.empty(), state.held.empty()) << name.topic;
    }
  }
}

}  // namespace
}  // namespace sluice
