#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "pipeline/record_batch.hpp"

namespace sluice {

/// What one partition still waits for: the offsets of records that something unsettled came from.
/// Everything below the lowest of them is settled. Guarded by the OffsetLedger that it belongs to.
struct PartitionLedger {
  TopicPartition partition;
  std::map<std::int64_t, int> held;
  std::int64_t next = -1;    ///< offset after the last record that was read
  std::int64_t stored = -1;  ///< what collect() gave last
};

/// Keeps one offset from being committed until it is released.
struct Hold {
  std::shared_ptr<PartitionLedger> ledger;
  std::int64_t offset = 0;
};

/// Offsets that may be committed: never beyond a record that is not settled (promise 3).
/// Thread-safe.
///
/// A partition that is taken away and given back gets a new PartitionLedger, so that late releases
/// of the old one change nothing.
class OffsetLedger {
 public:
  void assign(const std::vector<TopicPartition>& partitions);
  void revoke(const std::vector<TopicPartition>& partitions);

  /// The ledger of a partition, or null if it is not (or no longer) ours.
  std::shared_ptr<PartitionLedger> find(const TopicPartition& partition) const;

  void hold(const Hold& hold);
  void release(const std::vector<Hold>& holds);
  /// The record at `offset` was read, and whatever it holds is held.
  void advance(const std::shared_ptr<PartitionLedger>& ledger, std::int64_t offset);

  /// The offsets to commit (the next one to read) of partitions where they moved since the last
  /// call.
  std::vector<std::pair<TopicPartition, std::int64_t>> collect();

 private:
  mutable std::mutex mutex_;
  std::map<TopicPartition, std::shared_ptr<PartitionLedger>> ledgers_;
};

}  // namespace sluice
