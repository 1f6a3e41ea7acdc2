#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/pipeline_config.hpp"
#include "pipeline/record_batch.hpp"
#include "pipeline/topic_offsets.hpp"

namespace sluice {

/// Reads stretches of partitions, a batch at a time; `each` must not keep the batch. Arguments and
/// errors as of StretchReader; RetryError also if nothing comes for a minute.
void read_stretches(const SourceConfig& source, const std::vector<PartitionOffset>& from,
                    const std::vector<PartitionOffset>& to,
                    const std::function<void(const RecordBatch&)>& each);

/// The record at that place, which must be within what Kafka holds; null if there is none.
RecordRef fetch_record(const SourceConfig& source, const TopicPartition& partition,
                       std::int64_t offset);

/// The brokers of a pipeline, with its dead-letter topic as what is read.
SourceConfig dead_letter_source(const FlowConfig& flow);

/// The ends of extents, as the end of stretches.
std::vector<PartitionOffset> ends_of(const std::vector<PartitionExtent>& extents);

}  // namespace sluice
