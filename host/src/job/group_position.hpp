#pragma once

#include <chrono>
#include <vector>

#include "config/pipeline_config.hpp"
#include "pipeline/kafka_consumer.hpp"

namespace sluice {

/// For each partition of the source's topics, where the pipeline's group goes on: behind what it
/// has committed, or else where it would start. All before that is in the index, or in the
/// dead-letter topic. Throws RetryError if the brokers do not answer.
std::vector<PartitionOffset> group_position(const SourceConfig& source);

/// offsets_at, or the group's position where that is earlier: what is before has been in Kafka
/// since before that time, and is settled. Never before what Kafka still holds.
std::vector<PartitionOffset> settled_position(const SourceConfig& source,
                                              std::chrono::milliseconds since_epoch);

}  // namespace sluice
