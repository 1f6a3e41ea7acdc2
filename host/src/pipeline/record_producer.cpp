#include "pipeline/record_producer.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxInFlight = 16 << 20;
constexpr int kPollMs = 100;

struct HeadersDeleter {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using HeadersPtr = std::unique_ptr<rd_kafka_headers_t, HeadersDeleter>;

HeadersPtr make_headers(const std::vector<sluice_header>& headers) {
  HeadersPtr made(rd_kafka_headers_new(headers.size()));
  for (const auto& [name, value] : headers) {
    rd_kafka_header_add(made.get(), name.data, static_cast<ssize_t>(name.size), value.data,
                        static_cast<ssize_t>(value.size));
  }
  return made;
}

}  // namespace

RecordProducer::RecordProducer(const KafkaProperties& properties, const std::string& what) {
  auto conf = make_kafka_conf(properties);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  client_ = make_kafka_client(RD_KAFKA_PRODUCER, std::move(conf), what);
}

std::vector<rd_kafka_resp_err_t> RecordProducer::send(std::span<const OutgoingRecord> records,
                                                      const std::stop_token& stop) {
  std::vector<rd_kafka_resp_err_t> outcomes(records.size(), RD_KAFKA_RESP_ERR__IN_PROGRESS);
  for (std::size_t i = 0; i < records.size(); ++i) produce(records[i], outcomes[i], stop);
  while (rd_kafka_outq_len(client_.get()) > 0 && !stop.stop_requested()) {
    rd_kafka_poll(client_.get(), kPollMs);
  }
  if (rd_kafka_outq_len(client_.get()) > 0) purge();
  return outcomes;
}

// Nothing may report to the outcomes of a send that is over.
void RecordProducer::purge() {
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len(client_.get()) > 0) rd_kafka_poll(client_.get(), kPollMs);
}

void RecordProducer::produce(const OutgoingRecord& record, rd_kafka_resp_err_t& outcome,
                             const std::stop_token& stop) {
  const auto size = record.key.size + record.value.size;
  wait_for_room(size, stop);
  if (stop.stop_requested()) return;
  auto headers = make_headers(record.headers);
  const auto try_produce = [&] {
    return rd_kafka_producev(
        client_.get(), RD_KAFKA_V_TOPIC(record.topic.c_str()),
        RD_KAFKA_V_PARTITION(record.partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(record.key.data, record.key.size),
        RD_KAFKA_V_VALUE(const_cast<char*>(record.value.data), record.value.size),
        RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(&outcome), RD_KAFKA_V_END);
  };
  auto error = try_produce();
  while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !stop.stop_requested()) {
    rd_kafka_poll(client_.get(), kPollMs);
    error = try_produce();
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    outcome = error;
    return;
  }
  static_cast<void>(headers.release());  // the message owns them now
  in_flight_ += size;
}

// The client's own bound is a gigabyte.
void RecordProducer::wait_for_room(std::size_t size, const std::stop_token& stop) {
  while (in_flight_ > 0 && in_flight_ + size > kMaxInFlight && !stop.stop_requested()) {
    rd_kafka_poll(client_.get(), kPollMs);
  }
}

void RecordProducer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& self = *static_cast<RecordProducer*>(opaque);
  self.in_flight_ -= message->key_len + message->len;
  *static_cast<rd_kafka_resp_err_t*>(message->_private) = message->err;
}

}  // namespace sluice
