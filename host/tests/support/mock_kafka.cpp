#include "support/mock_kafka.hpp"

#include <array>
#include <stdexcept>

namespace sluice::test {
namespace {

void check(rd_kafka_resp_err_t error, const char* what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error(std::string(what) + ": " + rd_kafka_err2str(error));
  }
}

KafkaClientPtr make_client(rd_kafka_type_t type, const KafkaProperties& properties) {
  auto conf = make_kafka_conf(properties);
  std::array<char, 512> reason{};
  KafkaClientPtr client(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  if (!client) throw std::runtime_error(reason.data());
  static_cast<void>(conf.release());
  return client;
}

std::optional<std::string> text(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

MockKafka::Record record_of(const rd_kafka_message_t& message) {
  MockKafka::Record record{
      text(message.key, message.key_len), text(message.payload, message.len), {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i) {
    record.headers.emplace_back(name, text(value, size).value_or(""));
  }
  return record;
}

void read_from_start(rd_kafka_t* client, const std::string& topic, int partition) {
  const KafkaListPtr list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset =
      RD_KAFKA_OFFSET_BEGINNING;
  check(rd_kafka_assign(client, list.get()), "assign");
}

}  // namespace

MockKafka::MockKafka(int partitions)
    : client_(make_client(RD_KAFKA_PRODUCER, {{"test.mock.num.brokers", "1"}, {"linger.ms", "0"}})),
      cluster_(rd_kafka_handle_mock_cluster(client_.get())) {
  create_topic("in", partitions);
  create_topic("dlq", 1);
  observer_ = consumer();
}

std::string MockKafka::brokers() const {
  return rd_kafka_mock_cluster_bootstraps(cluster_);
}

void MockKafka::create_topic(const std::string& topic, int partitions) {
  check(rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1), "create topic");
}

void MockKafka::produce(const std::string& topic, int partition,
                        const std::vector<Record>& records) {
  for (const auto& record : records) {
    rd_kafka_headers_t* const headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers, name.c_str(), -1, value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    const char* const key = record.key ? record.key->data() : nullptr;
    char* const value = record.value ? const_cast<char*>(record.value->data()) : nullptr;
    check(
        rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                          RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(key, (record.key ? record.key->size() : 0)),
                          RD_KAFKA_V_VALUE(value, (record.value ? record.value->size() : 0)),
                          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
        "produce");
  }
  check(rd_kafka_flush(client_.get(), 30000), "flush");
}

void MockKafka::produce(const std::vector<std::string>& values) {
  std::vector<Record> records;
  for (const auto& value : values) records.push_back({std::nullopt, value, {}});
  produce("in", 0, records);
}

KafkaClientPtr MockKafka::consumer() const {
  return make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers()},
                                         {"group.id", "group"},
                                         {"enable.auto.commit", "false"},
                                         {"enable.partition.eof", "true"}});
}

std::int64_t MockKafka::committed(int partition, const std::string& topic) const {
  const KafkaListPtr list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  check(rd_kafka_committed(observer_.get(), list.get(), 30000), "committed");
  return list->elems[0].offset < 0 ? -1 : list->elems[0].offset;
}

std::vector<MockKafka::Record> MockKafka::read_all(const std::string& topic, int partition) const {
  const auto client = consumer();
  read_from_start(client.get(), topic, partition);
  std::vector<Record> records;
  while (true) {
    const MessagePtr message(rd_kafka_consumer_poll(client.get(), 30000));
    if (!message) throw std::runtime_error("no end of " + topic + " within 30 s");
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) break;
    check(message->err, "read");
    records.push_back(record_of(*message));
  }
  rd_kafka_consumer_close(client.get());
  return records;
}

std::shared_ptr<const RecordBatch> MockKafka::read_batch(std::size_t count) {
  batch_readers_.push_back(consumer());
  auto* const client = batch_readers_.back().get();
  read_from_start(client, "in", 0);
  std::vector<MessagePtr> messages;
  while (messages.size() < count) {
    MessagePtr message(rd_kafka_consumer_poll(client, 30000));
    if (!message) throw std::runtime_error("no records within 30 s");
    check(message->err, "read");
    messages.push_back(std::move(message));
  }
  return std::make_shared<const RecordBatch>(std::move(messages), nullptr);
}

}  // namespace sluice::test
