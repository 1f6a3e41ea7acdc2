#include "pipeline/topic_offsets.hpp"

#include <regex>

#include <sluice/sdk.hpp>

#include "pipeline/kafka_properties.hpp"

namespace sluice {
namespace {

constexpr int kTimeoutMs = 10000;

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};

void check(const char* what, rd_kafka_resp_err_t error) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw RetryError(std::string("kafka: ") + what + ": " + rd_kafka_err2str(error));
  }
}

KafkaClientPtr make_client(const SourceConfig& source) {
  return make_kafka_client(RD_KAFKA_CONSUMER,
                           make_kafka_conf(lone_consumer_properties(source, "sluice-offsets")),
                           "kafka consumer");
}

bool is_subscribed(const SourceConfig& source, const std::string& topic) {
  for (const auto& pattern : source.topics) {
    if (pattern == topic) return true;
    if (pattern.front() == '^' &&
        std::regex_search(topic, std::regex(pattern, std::regex::extended))) {
      return true;
    }
  }
  return false;
}

std::vector<TopicPartition> partitions_of(rd_kafka_t* client, const SourceConfig& source) {
  const rd_kafka_metadata_t* raw = nullptr;
  check("list topics", rd_kafka_metadata(client, 1, nullptr, &raw, kTimeoutMs));
  const std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter> metadata(raw);
  std::vector<TopicPartition> partitions;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& topic = metadata->topics[i];
    if (!is_subscribed(source, topic.topic)) continue;
    for (int p = 0; p < topic.partition_cnt; ++p) {
      partitions.push_back({topic.topic, topic.partitions[p].id});
    }
  }
  return partitions;
}

std::int64_t end_of(rd_kafka_t* client, const TopicPartition& partition) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  check("query offsets",
        rd_kafka_query_watermark_offsets(client, partition.topic.c_str(), partition.partition, &low,
                                         &high, kTimeoutMs));
  return high;
}

}  // namespace

std::vector<PartitionOffset> end_offsets(const SourceConfig& source) {
  const auto client = make_client(source);
  std::vector<PartitionOffset> offsets;
  for (auto& partition : partitions_of(client.get(), source)) {
    const auto end = end_of(client.get(), partition);
    offsets.emplace_back(std::move(partition), end);
  }
  return offsets;
}

std::vector<PartitionOffset> offsets_at(const SourceConfig& source,
                                        std::chrono::milliseconds since_epoch) {
  const auto client = make_client(source);
  const auto partitions = partitions_of(client.get(), source);
  if (partitions.empty()) return {};
  const KafkaListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
        ->offset = since_epoch.count();
  }
  check("find offsets by time", rd_kafka_offsets_for_times(client.get(), list.get(), kTimeoutMs));
  std::vector<PartitionOffset> offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& found = list->elems[i];
    check("find offsets by time", found.err);
    TopicPartition partition{found.topic, found.partition};
    const auto offset = found.offset >= 0 ? found.offset : end_of(client.get(), partition);
    offsets.emplace_back(std::move(partition), offset);
  }
  return offsets;
}

}  // namespace sluice
