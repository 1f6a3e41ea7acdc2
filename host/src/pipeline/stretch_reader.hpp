#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/pipeline_config.hpp"
#include "pipeline/kafka_consumer.hpp"

namespace sluice {

/// Reads given stretches of partitions, outside any group. One thread at a time.
class StretchReader {
 public:
  /// From the offset in `from` (without one: from the first record that Kafka holds) to before the
  /// one in `to`, of the partitions in `to`. Throws RetryError if the brokers do not answer,
  /// FatalError if Kafka no longer holds a stretch from its beginning.
  StretchReader(const SourceConfig& source, const std::string& client_id,
                const std::vector<PartitionOffset>& from, const std::vector<PartitionOffset>& to);
  ~StretchReader();
  StretchReader(const StretchReader&) = delete;
  StretchReader& operator=(const StretchReader&) = delete;

  bool at_end() const { return ends_.empty(); }

  /// Up to 1000 records of the stretches; null if none came in a while. Throws FatalError if Kafka
  /// has meanwhile deleted what was to be read.
  std::shared_ptr<const RecordBatch> read();

 private:
  void assign(const std::map<TopicPartition, std::int64_t>& from,
              const std::vector<PartitionOffset>& to);
  void check_still_there(const TopicPartition& partition, std::int64_t start);
  bool take(const rd_kafka_message_t& message);

  KafkaClientPtr client_;
  std::unique_ptr<rd_kafka_queue_t, KafkaDeleter> queue_;
  std::map<TopicPartition, std::int64_t>
      ends_;  ///< of partitions that are not read to their end yet
};

}  // namespace sluice
