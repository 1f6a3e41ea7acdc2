#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <librdkafka/rdkafka.h>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/record_batch.hpp"

namespace sluice {

using KafkaProperties = std::map<std::string, std::string>;
using PartitionOffset = std::pair<TopicPartition, std::int64_t>;

struct KafkaDeleter {
  void operator()(rd_kafka_t* client) const;
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using KafkaClientPtr = std::unique_ptr<rd_kafka_t, KafkaDeleter>;
using KafkaConfPtr = std::unique_ptr<rd_kafka_conf_t, KafkaDeleter>;
using KafkaListPtr = std::unique_ptr<rd_kafka_topic_partition_list_t, KafkaDeleter>;
using KafkaMetadataPtr = std::unique_ptr<const rd_kafka_metadata_t, KafkaDeleter>;

/// librdkafka's configuration from properties; FatalError names the property that it refuses. Its
/// log goes to ours.
KafkaConfPtr make_kafka_conf(const KafkaProperties& properties);

/// A client with that configuration; FatalError, beginning with `what`, says why there is none.
KafkaClientPtr make_kafka_client(rd_kafka_type_t type, KafkaConfPtr conf, const std::string& what);

/// Throws RetryError, "kafka: WHAT: …", unless a call went well.
void check_kafka(const char* what, rd_kafka_resp_err_t error);

/// Messages and errors of the queue, at most `max`, as soon as there is one; empty after `wait`
/// without any.
std::vector<MessagePtr> read_messages(rd_kafka_queue_t* queue, std::size_t max,
                                      std::chrono::milliseconds wait);

/// Told about partitions that come and go, and about topics that are not there; called from within
/// read(). `assigned` may come with none: the group has no partition left for this member, or a
/// topic does not exist yet.
struct ConsumerListener {
  std::function<void(const std::vector<TopicPartition>&)> assigned;
  std::function<void(const std::vector<TopicPartition>&)> revoked;
  std::function<void(const std::string& topic)> missing;
};

/// A member of a consumer group. One thread at a time. Offsets are stored by hand (store), and what
/// is stored is committed in the background and by close().
class GroupConsumer {
 public:
  /// Throws FatalError if the properties are refused.
  GroupConsumer(const KafkaProperties& properties, const std::vector<std::string>& topics,
                ConsumerListener listener, std::atomic<std::int64_t>* memory);
  ~GroupConsumer();
  GroupConsumer(const GroupConsumer&) = delete;
  GroupConsumer& operator=(const GroupConsumer&) = delete;

  /// Up to `max` records of partitions that are ours, as soon as there is one; null after `wait`
  /// without any. Throws FatalError if the client is broken for good, or may no longer read.
  std::shared_ptr<const RecordBatch> read(std::size_t max, std::chrono::milliseconds wait);

  void store(const std::vector<PartitionOffset>& offsets);
  /// Commits what is stored, and waits for it.
  void commit();

  /// Stops and restarts the flow of records; read() must still be called, for the group's sake.
  void pause();
  void resume();
  bool paused() const { return paused_; }

  /// Records between what is stored (if nothing is yet: what the group has committed, or else where
  /// reading began) and the end, as far as known. Asks the brokers, for a moment each, while it is
  /// paused, and while nothing is known of a partition.
  std::int64_t lag();

  /// Why it may be without partitions: what Kafka refused last, or else which broker could last not
  /// be reached; empty if neither.
  std::string failure() const;

  /// For calls that are made by any thread.
  rd_kafka_t* client() const { return client_.get(); }

  /// Commits what is stored and leaves the group.
  void close();

 private:
  static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                           rd_kafka_topic_partition_list_t* list, void* self);
  KafkaListPtr assignment() const;
  void flow_or_pause(rd_kafka_topic_partition_list_t& partitions);
  void ask_for_committed(const rd_kafka_topic_partition_list_t& partitions);
  KafkaListPtr ends_while_paused(const rd_kafka_topic_partition_list_t& partitions);
  void report(const rd_kafka_message_t& error);
  void leave_undestroyed();

  ConsumerListener listener_;
  std::atomic<std::int64_t>* memory_;
  KafkaClientPtr client_;
  std::unique_ptr<rd_kafka_queue_t, KafkaDeleter> queue_;
  std::map<TopicPartition, std::int64_t>
      settled_;  ///< stored or committed, or else where reading began
  bool paused_ = false;
  bool had_assignment_ = false;
  std::string refusal_;  ///< what Kafka said last instead of giving partitions or records
  bool denied_ = false;  ///< and it will not say so again
  bool closed_ = false;
};

}  // namespace sluice
