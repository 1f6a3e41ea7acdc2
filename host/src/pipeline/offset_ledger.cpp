#include "pipeline/offset_ledger.hpp"

#include <algorithm>

namespace sluice {

void OffsetLedger::assign(const std::vector<TopicPartition>& partitions) {
  const std::lock_guard lock(mutex_);
  for (const auto& partition : partitions) {
    auto ledger = std::make_shared<PartitionLedger>();
    ledger->partition = partition;
    ledgers_[partition] = std::move(ledger);
  }
}

void OffsetLedger::revoke(const std::vector<TopicPartition>& partitions) {
  const std::lock_guard lock(mutex_);
  for (const auto& partition : partitions) ledgers_.erase(partition);
}

std::shared_ptr<PartitionLedger> OffsetLedger::find(const TopicPartition& partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = ledgers_.find(partition);
  return found == ledgers_.end() ? nullptr : found->second;
}

void OffsetLedger::hold(const Hold& hold) {
  const std::lock_guard lock(mutex_);
  ++hold.ledger->held[hold.offset];
}

void OffsetLedger::release(const std::vector<Hold>& holds) {
  const std::lock_guard lock(mutex_);
  for (const auto& hold : holds) {
    const auto found = hold.ledger->held.find(hold.offset);
    if (found != hold.ledger->held.end() && --found->second == 0) hold.ledger->held.erase(found);
  }
}

void OffsetLedger::advance(const std::shared_ptr<PartitionLedger>& ledger, std::int64_t offset) {
  const std::lock_guard lock(mutex_);
  ledger->next = std::max(ledger->next, offset + 1);
}

std::vector<std::pair<TopicPartition, std::int64_t>> OffsetLedger::collect() {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<TopicPartition, std::int64_t>> moved;
  for (const auto& [partition, ledger] : ledgers_) {
    const std::int64_t settled = ledger->held.empty() ? ledger->next : ledger->held.begin()->first;
    if (settled <= ledger->stored) continue;
    ledger->stored = settled;
    moved.emplace_back(partition, settled);
  }
  return moved;
}

}  // namespace sluice
