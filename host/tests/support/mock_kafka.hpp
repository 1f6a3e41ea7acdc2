#pragma once

#include <cstdint>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/kafka_consumer.hpp"

namespace sluice::test {

/// One broker in this process: librdkafka's mock cluster. A new consumer group gets its partitions
/// after about three seconds.
class MockKafka {
 public:
  /// With the topics `in` (that many partitions) and `dlq` (one).
  explicit MockKafka(int partitions = 1);

  std::string brokers() const;
  void create_topic(const std::string& topic, int partitions);

  struct Record {
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers;
  };
  /// Returns when the broker has them.
  void produce(const std::string& topic, int partition, const std::vector<Record>& records);
  /// The same for values alone, into partition 0 of `in`.
  void produce(const std::vector<std::string>& values);

  /// What the group has committed; -1: nothing.
  std::int64_t committed(int partition = 0, const std::string& topic = "in") const;
  /// All that a partition of a topic holds now.
  std::vector<Record> read_all(const std::string& topic, int partition = 0) const;

  /// The first `count` records of `in`, partition 0, as the pipeline's stages get them. Must be
  /// gone before this is.
  std::shared_ptr<const RecordBatch> read_batch(std::size_t count);

  rd_kafka_mock_cluster_t* cluster() const { return cluster_; }

 private:
  KafkaClientPtr consumer() const;

  KafkaClientPtr client_;
  KafkaClientPtr observer_;  ///< asks for committed offsets
  std::vector<KafkaClientPtr> batch_readers_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;  ///< belongs to client_
};

}  // namespace sluice::test
