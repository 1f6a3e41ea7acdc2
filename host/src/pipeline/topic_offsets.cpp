#include "pipeline/topic_offsets.hpp"

#include <algorithm>

#include <sluice/sdk.hpp>

#include "config/topic_pattern.hpp"
#include "pipeline/kafka_properties.hpp"

namespace sluice {
namespace {

constexpr int kTimeoutMs = 10000;

KafkaClientPtr make_client(const SourceConfig& source) {
  return make_kafka_client(RD_KAFKA_CONSUMER,
                           make_kafka_conf(lone_consumer_properties(source, "sluice-offsets")),
                           "kafka consumer");
}

bool is_subscribed(const SourceConfig& source, const std::string& topic) {
  return std::any_of(source.topics.begin(), source.topics.end(),
                     [&](const auto& entry) { return names_topic(entry, topic); });
}

std::vector<TopicPartition> partitions_of(rd_kafka_t* client, const SourceConfig& source) {
  const rd_kafka_metadata_t* raw = nullptr;
  check_kafka("list topics", rd_kafka_metadata(client, 1, nullptr, &raw, kTimeoutMs));
  const KafkaMetadataPtr metadata(raw);
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

PartitionExtent extent_of(rd_kafka_t* client, const TopicPartition& partition) {
  PartitionExtent extent{partition};
  check_kafka("query offsets",
              rd_kafka_query_watermark_offsets(client, partition.topic.c_str(), partition.partition,
                                               &extent.begin, &extent.end, kTimeoutMs));
  return extent;
}

}  // namespace

std::vector<PartitionExtent> extents_of(const SourceConfig& source) {
  const auto client = make_client(source);
  std::vector<PartitionExtent> extents;
  for (const auto& partition : partitions_of(client.get(), source)) {
    extents.push_back(extent_of(client.get(), partition));
  }
  return extents;
}

std::vector<PartitionOffset> end_offsets(const SourceConfig& source) {
  std::vector<PartitionOffset> offsets;
  for (auto& extent : extents_of(source)) {
    offsets.emplace_back(std::move(extent.partition), extent.end);
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
  check_kafka("find offsets by time",
              rd_kafka_offsets_for_times(client.get(), list.get(), kTimeoutMs));
  std::vector<PartitionOffset> offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& found = list->elems[i];
    check_kafka("find offsets by time", found.err);
    TopicPartition partition{found.topic, found.partition};
    const auto offset = found.offset >= 0 ? found.offset : extent_of(client.get(), partition).end;
    offsets.emplace_back(std::move(partition), offset);
  }
  return offsets;
}

}  // namespace sluice
