#include "pipeline/stretch_reader.hpp"

#include <spdlog/spdlog.h>

#include <sluice/sdk.hpp>

#include "pipeline/kafka_properties.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxBatch = 1000;
constexpr std::chrono::milliseconds kPoll{200};

FatalError gone(const TopicPartition& partition, std::int64_t start) {
  return FatalError("Kafka no longer holds " + partition.topic + "[" +
                    std::to_string(partition.partition) + "] from offset " + std::to_string(start) +
                    ": its retention is shorter than this run");
}

}  // namespace

StretchReader::StretchReader(const SourceConfig& source, const std::string& client_id,
                             const std::vector<PartitionOffset>& from,
                             const std::vector<PartitionOffset>& to) {
  client_ = make_kafka_client(RD_KAFKA_CONSUMER,
                              make_kafka_conf(lone_consumer_properties(source, client_id)),
                              "kafka consumer");
  rd_kafka_poll_set_consumer(client_.get());
  queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  assign({from.begin(), from.end()}, to);
}

StretchReader::~StretchReader() {
  rd_kafka_consumer_close(client_.get());
  queue_.reset();
}

std::shared_ptr<const RecordBatch> StretchReader::read() {
  std::vector<MessagePtr> messages;
  for (auto& message : read_messages(queue_.get(), kMaxBatch, kPoll)) {
    if (take(*message)) messages.push_back(std::move(message));
  }
  if (messages.empty()) return nullptr;
  return std::make_shared<const RecordBatch>(std::move(messages), nullptr);
}

void StretchReader::assign(const std::map<TopicPartition, std::int64_t>& from,
                           const std::vector<PartitionOffset>& to) {
  const KafkaListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(to.size())));
  for (const auto& [partition, end] : to) {
    const auto begin = from.find(partition);
    const auto start = begin == from.end() ? RD_KAFKA_OFFSET_BEGINNING : begin->second;
    if (end == 0 || start >= end) continue;
    if (start >= 0) check_still_there(partition, start);
    ends_[partition] = end;
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
        ->offset = start;
  }
  check_kafka("assign", rd_kafka_assign(client_.get(), list.get()));
}

void StretchReader::check_still_there(const TopicPartition& partition, std::int64_t start) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  check_kafka("query offsets",
              rd_kafka_query_watermark_offsets(client_.get(), partition.topic.c_str(),
                                               partition.partition, &low, &high, 10000));
  if (low > start) throw gone(partition, start);
}

// True if the message is a record of a stretch.
bool StretchReader::take(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    const char* const topic = message.rkt == nullptr ? "?" : rd_kafka_topic_name(message.rkt);
    throw gone({topic, message.partition}, message.offset);
  }
  if (message.rkt == nullptr) {
    spdlog::warn("kafka replay: {}", rd_kafka_message_errstr(&message));
    return false;
  }
  const auto end = ends_.find({rd_kafka_topic_name(message.rkt), message.partition});
  if (end == ends_.end()) return false;
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (message.offset >= end->second) ends_.erase(end);
    return false;
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    spdlog::warn("kafka replay: {}", rd_kafka_message_errstr(&message));
    return false;
  }
  const bool inside = message.offset < end->second;
  if (message.offset + 1 >= end->second) ends_.erase(end);
  return inside;
}

}  // namespace sluice
