#include "pipeline/record_batch.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include <sluice/sdk.hpp>

namespace sluice {
namespace {

std::vector<sluice_header> headers_of(const rd_kafka_message_t& message) {
  std::vector<sluice_header> headers;
  rd_kafka_headers_t* list = nullptr;
  if (rd_kafka_message_headers(&message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(list, i, &name, &value, &size) == 0; ++i) {
    headers.push_back(
        {{name, std::char_traits<char>::length(name)}, {static_cast<const char*>(value), size}});
  }
  return headers;
}

sluice_record record_of(const rd_kafka_message_t& message,
                        const std::vector<sluice_header>& headers) {
  const char* const topic = rd_kafka_topic_name(message.rkt);
  sluice_record record{};
  record.topic = {topic, std::char_traits<char>::length(topic)};
  record.partition = message.partition;
  record.offset = message.offset;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  record.key = {static_cast<const char*>(message.key), message.key_len};
  record.value = {static_cast<const char*>(message.payload), message.len};
  record.headers = headers.data();
  record.header_count = headers.size();
  return record;
}

/// A record with bytes of its own.
class RecordCopy {
 public:
  RecordCopy(const sluice_record& original, std::atomic<std::int64_t>* memory)
      : record_(original), memory_(memory) {
    record_.topic = keep(original.topic);
    record_.key = keep(original.key);
    record_.value = keep(original.value);
    for (std::size_t i = 0; i < original.header_count; ++i) {
      headers_.push_back({keep(original.headers[i].name), keep(original.headers[i].value)});
    }
    record_.headers = headers_.data();
    if (memory_ != nullptr) *memory_ += bytes_;
  }
  ~RecordCopy() {
    if (memory_ != nullptr) *memory_ -= bytes_;
  }
  RecordCopy(const RecordCopy&) = delete;
  RecordCopy& operator=(const RecordCopy&) = delete;

  const sluice_record& record() const { return record_; }

 private:
  // What is absent (null) stays absent.
  sluice_view keep(sluice_view original) {
    if (original.data == nullptr) return original;
    bytes_ += static_cast<std::int64_t>(original.size);
    return to_view(texts_.emplace_back(original.data, original.size));
  }

  std::deque<std::string> texts_;
  std::vector<sluice_header> headers_;
  sluice_record record_;
  std::atomic<std::int64_t>* memory_;
  std::int64_t bytes_ = 0;
};

}  // namespace

RecordRef keep_record(const std::shared_ptr<const RecordBatch>& batch, std::size_t index) {
  return {batch, &(*batch)[index]};
}

RecordRef copy_record(const sluice_record& record, std::atomic<std::int64_t>* memory) {
  const auto copy = std::make_shared<const RecordCopy>(record, memory);
  return {copy, &copy->record()};
}

bool are_of_one_partition(const rd_kafka_message_t* a, const rd_kafka_message_t* b) {
  return a != nullptr && b != nullptr && a->rkt == b->rkt && a->partition == b->partition;
}

RecordBatch::RecordBatch(std::vector<MessagePtr> messages, std::atomic<std::int64_t>* memory)
    : messages_(std::move(messages)), memory_(memory) {
  headers_.reserve(messages_.size());
  records_.reserve(messages_.size());
  const rd_kafka_message_t* last = nullptr;
  for (const auto& message : messages_) {
    headers_.push_back(headers_of(*message));
    records_.push_back(record_of(*message, headers_.back()));
    bytes_ += static_cast<std::int64_t>(message->len + message->key_len);
    if (!are_of_one_partition(std::exchange(last, message.get()), message.get())) {
      runs_.push_back({{rd_kafka_topic_name(message->rkt), message->partition}, 0});
    }
    runs_.back().end = records_.size();
  }
  if (memory_ != nullptr) *memory_ += bytes_;
}

RecordBatch::~RecordBatch() {
  if (memory_ != nullptr) *memory_ -= bytes_;
}

std::size_t RecordBatch::run_of(std::size_t record) const {
  const auto run = std::upper_bound(runs_.begin(), runs_.end(), record,
                                    [](std::size_t at, const Run& each) { return at < each.end; });
  return static_cast<std::size_t>(run - runs_.begin());
}

}  // namespace sluice
