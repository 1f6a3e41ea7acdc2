#pragma once

#include <librdkafka/rdkafka.h>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "pipeline/kafka_consumer.hpp"
#include "pipeline/record_batch.hpp"

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
  /// Throws FatalError if the properties are refused. `task` is the number of the task.
  DeadLetters(const KafkaProperties& properties, std::string topic, std::string pipeline, int task);
  ~DeadLetters();
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  /// Returns once the broker has all of them. One that is larger than the broker takes goes without
  /// its value. Tries for as long as it takes; false if stopped before.
  bool send(std::span<const DeadLetter> letters, const std::stop_token& stop);

 private:
  enum class State : char { kUndelivered, kTooLarge, kDelivered };

  bool try_send(std::span<const DeadLetter> letters, const std::stop_token& stop);
  void produce(const DeadLetter& letter, std::size_t place);
  void note_failure(std::size_t place, rd_kafka_resp_err_t error);
  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* self);

  const std::string topic_;
  const std::string pipeline_;
  const int task_;
  std::timed_mutex mutex_;  ///< one send at a time, so that the counts below are its own
  KafkaClientPtr client_;
  std::vector<State> states_;  ///< of the letters that are being sent
  std::string last_error_;
};

}  // namespace sluice
