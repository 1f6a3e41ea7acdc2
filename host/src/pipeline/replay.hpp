#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metrics.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/kafka_consumer.hpp"

namespace sluice {

struct ReplayResult {
  std::int64_t records = 0;
  std::int64_t documents = 0;
  std::int64_t unresolved = 0;  ///< records or documents that failed for good
  bool is_level = false;        ///< met a change that `Snapshots::fenced` had not seen
};

/// Of the source, as its plugin takes them. Empty: none.
struct Snapshots {
  std::string copied;  ///< what it has seen is skipped
  std::string fenced;  ///< see ReplayResult::is_level
};

/// Reads the records in [from, to) outside the pipeline's group and takes them through the
/// pipeline's stages into the target. Partitions that `from` lacks are read from their start.
/// Throws FatalError if Kafka no longer has records from `from` on, RetryError if stopped or if the
/// brokers stay away.
ReplayResult replay(const Flow& flow, Metrics& metrics, const std::vector<PartitionOffset>& from,
                    const std::vector<PartitionOffset>& to, std::string_view target,
                    const Snapshots& snapshots, const std::stop_token& stop);

}  // namespace sluice
