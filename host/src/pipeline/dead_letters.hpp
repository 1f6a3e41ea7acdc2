#pragma once

#include <mutex>
#include <span>
#include <stop_token>
#include <string>

#include "pipeline/kafka_consumer.hpp"
#include "pipeline/record_batch.hpp"
#include "pipeline/record_producer.hpp"
#include "pipeline/trouble.hpp"

namespace sluice {

struct DeadLetter {
  RecordRef record;
  const char* stage;  ///< as in Kafka Connect: VALUE_CONVERTER, TRANSFORMATION, TASK_PUT
  std::string plugin;
  std::string reason;
};

/// The dead-letter topic: records that can never be processed, with their original key, bytes and
/// headers, and Kafka Connect's `__connect.errors.*` headers on top. Thread-safe.
class DeadLetters {
 public:
  /// Throws FatalError if the properties are refused. `task` is the number of the task; `trouble`
  /// is told while letters cannot be delivered.
  DeadLetters(const KafkaProperties& properties, std::string topic, std::string pipeline, int task,
              Trouble& trouble);

  /// Returns once the broker has all of them. One that is larger than the topic takes goes without
  /// its value, and if need be without its headers and its key. Tries for as long as it takes;
  /// false if stopped before.
  bool send(std::span<const DeadLetter> letters, const std::stop_token& stop);

 private:
  std::vector<rd_kafka_resp_err_t> try_send(std::span<const DeadLetter* const> letters,
                                            std::size_t omitted, const std::stop_token& stop);
  rd_kafka_resp_err_t send_alone(const DeadLetter& letter, const std::stop_token& stop);

  const std::string topic_;
  const std::string pipeline_;
  const int task_;
  Trouble& trouble_;
  std::timed_mutex mutex_;  ///< one send at a time
  RecordProducer producer_;
};

}  // namespace sluice
