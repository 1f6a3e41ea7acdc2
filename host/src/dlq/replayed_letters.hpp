#pragma once

#include <map>
#include <string>
#include <vector>

#include "dlq/letter.hpp"
#include "dlq/offset_runs.hpp"
#include "pipeline/kafka_consumer.hpp"
#include "pipeline/topic_offsets.hpp"

namespace sluice {

/// Which letters of a dead-letter topic were replayed already. Kafka remembers it: as the offset
/// that the consumer group `GROUP_ID.dlq` has committed, before which all are, and for those after
/// it as that commit's metadata. (The metadata holds 4096 bytes: of very many single letters that
/// were replayed the last may be forgotten.)
class ReplayedLetters {
 public:
  /// Throws RetryError if the brokers do not answer. `extents`: of the dead-letter topic.
  ReplayedLetters(const SourceConfig& source, const std::vector<PartitionExtent>& extents);

  bool contains(LetterId id) const;
  /// For each partition, where the first is that was not replayed.
  std::vector<PartitionOffset> positions() const;

  /// From `begin` to before `end` there is nothing left to replay. Held until commit().
  void add(std::int32_t partition, std::int64_t begin, std::int64_t end);
  /// Throws RetryError if Kafka does not take it.
  void commit();

 private:
  struct Partition {
    PartitionExtent extent;
    OffsetRuns runs;
    bool changed = false;
  };
  void read_committed();

  KafkaClientPtr client_;
  std::map<std::int32_t, Partition> partitions_;
};

}  // namespace sluice
