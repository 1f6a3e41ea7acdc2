#include "job/group_position.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <sluice/sdk.hpp>

#include "pipeline/kafka_properties.hpp"
#include "pipeline/topic_offsets.hpp"

namespace sluice {
namespace {

constexpr int kTimeoutMs = 10000;

/// One that may ask for the group's offsets. It subscribes to nothing, so it never joins.
KafkaClientPtr make_client(const SourceConfig& source) {
  auto properties = lone_consumer_properties(source, "sluice-position");
  properties["group.id"] = source.group_id;
  return make_kafka_client(RD_KAFKA_CONSUMER, make_kafka_conf(properties), "kafka consumer");
}

/// Of the partitions of `extents`, in their order.
std::vector<PartitionOffset> group_position(const SourceConfig& source,
                                            const std::vector<PartitionExtent>& extents) {
  std::vector<PartitionOffset> position;
  if (extents.empty()) return position;
  const KafkaListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(extents.size())));
  for (const auto& [partition, begin, end] : extents) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition);
  }
  const auto client = make_client(source);
  check_kafka("read the group's offsets", rd_kafka_committed(client.get(), list.get(), kTimeoutMs));
  for (int i = 0; i < list->cnt; ++i) {
    check_kafka("read the group's offsets", list->elems[i].err);
    const auto& [partition, begin, end] = extents[static_cast<std::size_t>(i)];
    const auto committed = list->elems[i].offset;
    const auto start = source.start == "latest" ? end : begin;
    position.emplace_back(partition, committed >= 0 ? committed : start);
  }
  return position;
}

}  // namespace

std::vector<PartitionOffset> group_position(const SourceConfig& source) {
  return group_position(source, extents_of(source));
}

std::vector<PartitionOffset> settled_position(const SourceConfig& source,
                                              std::chrono::milliseconds since_epoch) {
  const auto extents = extents_of(source);
  const auto group = group_position(source, extents);
  std::map<TopicPartition, std::int64_t> settled;
  for (std::size_t i = 0; i < group.size(); ++i) {
    settled[group[i].first] = std::max(group[i].second, extents[i].begin);
  }
  auto position = offsets_at(source, since_epoch);
  for (auto& [partition, offset] : position) {
    const auto found = settled.find(partition);
    if (found != settled.end()) offset = std::min(offset, found->second);  // else made just now
  }
  return position;
}

}  // namespace sluice
