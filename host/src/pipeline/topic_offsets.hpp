#pragma once

#include <chrono>
#include <vector>

#include "config/pipeline_config.hpp"
#include "pipeline/kafka_consumer.hpp"

namespace sluice {

/// For each partition of the source's topics (patterns resolved), the offset of the first record at
/// or after that time; the end if there is none. Throws RetryError if the brokers do not answer.
std::vector<PartitionOffset> offsets_at(const SourceConfig& source,
                                        std::chrono::milliseconds since_epoch);

/// For each partition, the offset after its last record.
std::vector<PartitionOffset> end_offsets(const SourceConfig& source);

/// A partition, and the offsets that Kafka holds of it: from `begin` to before `end`.
struct PartitionExtent {
  TopicPartition partition;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
std::vector<PartitionExtent> extents_of(const SourceConfig& source);

}  // namespace sluice
