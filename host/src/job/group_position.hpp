#pragma once

#include <vector>

#include "config/pipeline_config.hpp"
#include "pipeline/kafka_consumer.hpp"

namespace sluice {

/// For each partition of the source's topics, where the pipeline's group goes on: behind what it
/// has committed, or else where it would start. All before that is in the index, or in the
/// dead-letter topic. Throws RetryError if the brokers do not answer.
std::vector<PartitionOffset> group_position(const SourceConfig& source);

}  // namespace sluice
