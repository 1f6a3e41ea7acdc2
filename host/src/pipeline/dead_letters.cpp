#include "pipeline/dead_letters.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"

namespace sluice {
namespace {

using HeadersPtr = std::unique_ptr<rd_kafka_headers_t, decltype(&rd_kafka_headers_destroy)>;

void add(rd_kafka_headers_t* headers, const char* name, const std::string& value) {
  rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
}

}  // namespace

DeadLetters::DeadLetters(const KafkaProperties& properties, std::string topic, std::string pipeline,
                         int task)
    : topic_(std::move(topic)), pipeline_(std::move(pipeline)), task_(task) {
  auto conf = make_kafka_conf(properties);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  client_ = make_kafka_client(RD_KAFKA_PRODUCER, std::move(conf), "dead-letter producer");
}

DeadLetters::~DeadLetters() {
  if (client_) rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

bool DeadLetters::send(std::span<const DeadLetter> letters, const std::stop_token& stop) {
  if (letters.empty()) return true;
  std::unique_lock lock(mutex_, std::defer_lock);
  while (!lock.try_lock_for(std::chrono::milliseconds(100))) {
    if (stop.stop_requested()) return false;
  }
  states_.assign(letters.size(), State::kUndelivered);
  Backoff backoff(std::chrono::milliseconds(200), std::chrono::seconds(10));
  while (!stop.stop_requested()) {
    if (try_send(letters, stop)) return true;
    spdlog::warn("{}: dead letters could not be delivered to {}: {}", pipeline_, topic_,
                 last_error_);
    if (!wait(stop, backoff.next())) break;
  }
  return false;
}

bool DeadLetters::try_send(std::span<const DeadLetter> letters, const std::stop_token& stop) {
  last_error_ = "no answer in time";
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (states_[i] != State::kDelivered) produce(letters[i], i);
  }
  while (rd_kafka_outq_len(client_.get()) > 0 && !stop.stop_requested()) {
    rd_kafka_poll(client_.get(), 100);
  }
  return std::all_of(states_.begin(), states_.end(),
                     [](State state) { return state == State::kDelivered; });
}

void DeadLetters::produce(const DeadLetter& letter, std::size_t place) {
  const sluice_record& record = *letter.record;
  HeadersPtr headers(rd_kafka_headers_new(record.header_count + 10), rd_kafka_headers_destroy);
  for (std::size_t i = 0; i < record.header_count; ++i) {
    const auto& header = record.headers[i];
    rd_kafka_header_add(headers.get(), header.name.data, static_cast<ssize_t>(header.name.size),
                        header.value.data, static_cast<ssize_t>(header.value.size));
  }
  add(headers.get(), "__connect.errors.topic", std::string(to_string_view(record.topic)));
  add(headers.get(), "__connect.errors.partition", std::to_string(record.partition));
  add(headers.get(), "__connect.errors.offset", std::to_string(record.offset));
  add(headers.get(), "__connect.errors.connector.name", pipeline_);
  add(headers.get(), "__connect.errors.task.id", std::to_string(task_));
  add(headers.get(), "__connect.errors.stage", letter.stage);
  add(headers.get(), "__connect.errors.class.name", letter.plugin);
  add(headers.get(), "__connect.errors.exception.class.name", "RecordError");
  add(headers.get(), "__connect.errors.exception.message", letter.reason);

  // Better without its value, which is still where the headers say, than not at all.
  const bool whole = states_[place] != State::kTooLarge;
  const auto error =
      rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK),
                        RD_KAFKA_V_KEY(record.key.data, record.key.size),
                        RD_KAFKA_V_VALUE(whole ? const_cast<char*>(record.value.data) : nullptr,
                                         (whole ? record.value.size : 0)),
                        RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(place)),
                        RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_END);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    static_cast<void>(headers.release());  // the message owns them now
  } else {
    note_failure(place, error);
  }
}

void DeadLetters::note_failure(std::size_t place, rd_kafka_resp_err_t error) {
  last_error_ = rd_kafka_err2str(error);
  if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) states_[place] = State::kTooLarge;
}

void DeadLetters::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& self = *static_cast<DeadLetters*>(opaque);
  const auto place = reinterpret_cast<std::size_t>(message->_private);
  if (place >= self.states_.size()) return;  // of a send that was stopped
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    self.states_[place] = State::kDelivered;
  } else {
    self.note_failure(place, message->err);
  }
}

}  // namespace sluice
