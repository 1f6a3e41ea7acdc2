#pragma once

#include <librdkafka/rdkafka.h>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <sluice/plugin_abi.h>

#include "pipeline/kafka_consumer.hpp"

namespace sluice {

/// A record to be sent. Views; what is absent (null) is sent as absent.
struct OutgoingRecord {
  std::string topic;
  std::int32_t partition = RD_KAFKA_PARTITION_UA;  ///< by default the client's choice, by key
  sluice_view key{};
  sluice_view value{};
  std::vector<sluice_header> headers;
};

/// Sends records, and knows what became of each. One thread at a time.
class RecordProducer {
 public:
  /// Throws FatalError, beginning with `what`, if the properties are refused.
  RecordProducer(const KafkaProperties& properties, const std::string& what);

  /// For each record whether the brokers have it (no error), once that is known of all. Stopped
  /// before, what is not known to have arrived has an error. Holds no more than about 16 MB, and
  /// one record, at a time.
  std::vector<rd_kafka_resp_err_t> send(std::span<const OutgoingRecord> records,
                                        const std::stop_token& stop);

 private:
  void produce(const OutgoingRecord& record, rd_kafka_resp_err_t& outcome,
               const std::stop_token& stop);
  void purge();
  void wait_for_room(std::size_t size, const std::stop_token& stop);
  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* self);

  KafkaClientPtr client_;
  std::size_t in_flight_ = 0;  ///< bytes of keys and values
};

}  // namespace sluice
