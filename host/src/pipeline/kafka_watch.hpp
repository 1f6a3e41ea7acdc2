#pragma once

#include <librdkafka/rdkafka.h>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "pipeline/trouble.hpp"

namespace sluice {

/// Asks the brokers every other second, in a thread of its own, whether they answer, and tells a
/// task's trouble, with the reason that `kafka_failures` has. What they hold is not asked for: a
/// consumer that reads nothing cannot tell silence from an end. Thread-safe.
class KafkaWatch {
 public:
  /// `client` and `trouble` must outlive it. Its destructor waits for a call under way, up to 2 s.
  KafkaWatch(rd_kafka_t* client, Trouble& trouble);
  KafkaWatch(const KafkaWatch&) = delete;
  KafkaWatch& operator=(const KafkaWatch&) = delete;

  /// Nobody reads from a topic that is not there. It is a warning until it is. A pattern is none.
  void note_missing(const std::string& topic);

 private:
  void keep_asking(const std::stop_token& stop);
  void ask();
  void look_at(const rd_kafka_metadata_t& metadata, Trouble::Clock::time_point asked);
  void warn_of_missing();

  rd_kafka_t* const client_;
  Trouble& trouble_;
  Trouble::Clock::time_point answered_{};  ///< when they were asked what they answered last
  std::mutex mutex_;
  std::set<std::string> missing_;
  std::jthread thread_;
};

}  // namespace sluice
