#include "pipeline/kafka_watch.hpp"

#include <chrono>

#include "base/wait.hpp"
#include "pipeline/kafka_consumer.hpp"
#include "pipeline/kafka_failures.hpp"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kPeriod{2000};
constexpr int kTimeoutMs = 2000;

// Why a topic cannot be read, although it is there; empty if it can.
std::string fault_of(const rd_kafka_metadata_topic_t& topic) {
  const auto fault = [&](rd_kafka_resp_err_t error, const std::string& where) {
    return "Kafka: " + where + ": " + rd_kafka_err2str(error);
  };
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return fault(topic.err, topic.topic);
  for (int i = 0; i < topic.partition_cnt; ++i) {
    const auto& partition = topic.partitions[i];
    // A replica that is down is nobody's trouble while there is a leader.
    if (partition.leader >= 0 || partition.err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return fault(partition.err,
                 std::string(topic.topic) + "[" + std::to_string(partition.id) + "]");
  }
  return {};
}

}  // namespace

KafkaWatch::KafkaWatch(rd_kafka_t* client, Trouble& trouble)
    : client_(client),
      trouble_(trouble),
      thread_([this](const std::stop_token& stop) { keep_asking(stop); }) {}

void KafkaWatch::note_missing(const std::string& topic) {
  // Of what a pattern matches by now, this client knows only what it reads itself.
  if (topic.starts_with('^')) return;
  const std::lock_guard lock(mutex_);
  missing_.insert(topic);
  warn_of_missing();
}

void KafkaWatch::keep_asking(const std::stop_token& stop) {
  while (wait(stop, kPeriod)) ask();
}

// Of the topics that the client knows: of all, it would also weigh its subscription anew.
void KafkaWatch::ask() {
  const auto asked = Trouble::Clock::now();
  const rd_kafka_metadata_t* answer = nullptr;
  const auto error = rd_kafka_metadata(client_, 0, nullptr, &answer, kTimeoutMs);
  const KafkaMetadataPtr metadata(answer);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return look_at(*metadata, asked);
  const auto failure = last_failure(client_, answered_);
  trouble_.note(Trouble::kKafka,
                "Kafka does not answer: " + (failure.empty() ? rd_kafka_err2str(error) : failure),
                asked);
}

void KafkaWatch::look_at(const rd_kafka_metadata_t& metadata, Trouble::Clock::time_point asked) {
  answered_ = asked;
  const std::lock_guard lock(mutex_);
  std::string fault;
  for (int i = 0; i < metadata.topic_cnt; ++i) {
    const auto& topic = metadata.topics[i];
    if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) continue;
    missing_.erase(topic.topic);
    if (fault.empty()) fault = fault_of(topic);
  }
  warn_of_missing();
  if (fault.empty()) {
    trouble_.clear(Trouble::kKafka);
  } else {
    trouble_.note(Trouble::kKafka, fault, asked);
  }
}

void KafkaWatch::warn_of_missing() {
  std::string topics;
  for (const auto& topic : missing_) topics += (topics.empty() ? "" : ", ") + topic;
  trouble_.set_warning(topics.empty() ? topics
                                      : "Kafka has no topic " + topics +
                                            ": it comes with its table's first change. If there "
                                            "were some, compare source.topics with the "
                                            "connector's, and see whether it was deleted");
}

}  // namespace sluice
