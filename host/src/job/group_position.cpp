#include "job/group_position.hpp"

#include <string>

#include <sluice/sdk.hpp>

#include "pipeline/kafka_properties.hpp"
#include "pipeline/topic_offsets.hpp"

namespace sluice {
namespace {

constexpr int kTimeoutMs = 10000;

void check(const char* what, rd_kafka_resp_err_t error) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  throw RetryError(std::string("kafka: ") + what + ": " + rd_kafka_err2str(error));
}

/// One that may ask for the group's offsets. It subscribes to nothing, so it never joins.
KafkaClientPtr make_client(const SourceConfig& source) {
  auto properties = lone_consumer_properties(source, "sluice-position");
  properties["group.id"] = source.group_id;
  return make_kafka_client(RD_KAFKA_CONSUMER, make_kafka_conf(properties), "kafka consumer");
}

std::int64_t first_offset(rd_kafka_t* client, const TopicPartition& partition) {
  std::int64_t first = 0;
  std::int64_t end = 0;
  check("query offsets",
        rd_kafka_query_watermark_offsets(client, partition.topic.c_str(), partition.partition,
                                         &first, &end, kTimeoutMs));
  return first;
}

}  // namespace

std::vector<PartitionOffset> group_position(const SourceConfig& source) {
  auto position = end_offsets(source);
  if (position.empty()) return position;
  const KafkaListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(position.size())));
  for (const auto& [partition, end] : position) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition);
  }
  const auto client = make_client(source);
  check("read the group's offsets", rd_kafka_committed(client.get(), list.get(), kTimeoutMs));
  for (int i = 0; i < list->cnt; ++i) {
    check("read the group's offsets", list->elems[i].err);
    auto& [partition, offset] = position[static_cast<std::size_t>(i)];
    if (list->elems[i].offset >= 0) {
      offset = list->elems[i].offset;
    } else if (source.start != "latest") {
      offset = first_offset(client.get(), partition);
    }
  }
  return position;
}

}  // namespace sluice
