#pragma once

#include <atomic>
#include <cstdint>
#include <librdkafka/rdkafka.h>
#include <memory>
#include <string>
#include <vector>

#include <sluice/plugin_abi.h>

namespace sluice {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;

  auto operator<=>(const TopicPartition&) const = default;
};

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using MessagePtr = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

/// False if one is null.
bool are_of_one_partition(const rd_kafka_message_t* a, const rd_kafka_message_t* b);

/// Records as they were read from Kafka, kept for as long as anything that came from them is
/// unsettled: a dead letter needs the original bytes. Immutable after construction, so thread-safe.
class RecordBatch {
 public:
  /// `memory`, if given, counts the payload bytes of all batches that are alive.
  RecordBatch(std::vector<MessagePtr> messages, std::atomic<std::int64_t>* memory);
  ~RecordBatch();
  RecordBatch(const RecordBatch&) = delete;
  RecordBatch& operator=(const RecordBatch&) = delete;

  std::size_t size() const { return records_.size(); }
  const sluice_record& operator[](std::size_t index) const { return records_[index]; }

  /// Consecutive records of one partition: up to `end`, from where the run before it ends.
  struct Run {
    TopicPartition partition;
    std::size_t end;
  };
  const std::vector<Run>& runs() const { return runs_; }
  /// The run that a record is in.
  std::size_t run_of(std::size_t record) const;

 private:
  std::vector<MessagePtr> messages_;
  std::vector<std::vector<sluice_header>> headers_;
  std::vector<sluice_record> records_;
  std::vector<Run> runs_;
  std::atomic<std::int64_t>* memory_;
  std::int64_t bytes_ = 0;
};

/// One record, kept alive.
using RecordRef = std::shared_ptr<const sluice_record>;

/// With the whole batch that it came in: costs nothing while the batch is there anyway.
RecordRef keep_record(const std::shared_ptr<const RecordBatch>& batch, std::size_t index);
/// By itself, for what outlives its batch by far. `memory` as in RecordBatch.
RecordRef copy_record(const sluice_record& record, std::atomic<std::int64_t>* memory);

}  // namespace sluice
