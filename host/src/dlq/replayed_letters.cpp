#include "dlq/replayed_letters.hpp"

#include <cstring>

#include <sluice/sdk.hpp>

#include "pipeline/kafka_properties.hpp"

namespace sluice {
namespace {

constexpr int kTimeoutMs = 10'000;
constexpr std::size_t kMaxMetadata = 4000;  // the broker's offset.metadata.max.bytes is 4096

KafkaProperties group_properties(const SourceConfig& source) {
  auto properties = lone_consumer_properties(source, "sluice-dlq");
  properties["group.id"] = source.group_id + ".dlq";
  return properties;
}

// librdkafka frees it.
void set_metadata(rd_kafka_topic_partition_t& partition, const std::string& text) {
  if (text.empty()) return;
  partition.metadata = ::strdup(text.c_str());
  partition.metadata_size = text.size();
}

}  // namespace

ReplayedLetters::ReplayedLetters(const SourceConfig& source,
                                 const std::vector<PartitionExtent>& extents)
    : client_(make_kafka_client(RD_KAFKA_CONSUMER, make_kafka_conf(group_properties(source)),
                                "kafka consumer")) {
  for (const auto& extent : extents) {
    partitions_.emplace(extent.partition.partition, Partition{extent, {}});
  }
  if (!partitions_.empty()) read_committed();
}

void ReplayedLetters::read_committed() {
  const KafkaListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  for (const auto& [number, partition] : partitions_) {
    rd_kafka_topic_partition_list_add(list.get(), partition.extent.partition.topic.c_str(), number);
  }
  check_kafka("read committed offsets", rd_kafka_committed(client_.get(), list.get(), kTimeoutMs));
  for (int i = 0; i < list->cnt; ++i) {
    const auto& committed = list->elems[i];
    check_kafka("read committed offsets", committed.err);
    auto& [extent, runs, changed] = partitions_.at(committed.partition);
    // A topic that was made anew has offsets of its own.
    if (committed.offset < 0 || committed.offset > extent.end) continue;
    runs.add(0, committed.offset);
    if (committed.metadata == nullptr) continue;
    runs.decode(committed.offset,
                {static_cast<const char*>(committed.metadata), committed.metadata_size});
  }
}

bool ReplayedLetters::contains(LetterId id) const {
  const auto partition = partitions_.find(id.partition);
  return partition != partitions_.end() && partition->second.runs.contains(id.offset);
}

std::vector<PartitionOffset> ReplayedLetters::positions() const {
  std::vector<PartitionOffset> positions;
  for (const auto& [number, partition] : partitions_) {
    const auto& [extent, runs, changed] = partition;
    positions.emplace_back(extent.partition, runs.first_missing(extent.begin));
  }
  return positions;
}

void ReplayedLetters::add(std::int32_t partition, std::int64_t begin, std::int64_t end) {
  auto& [extent, runs, changed] = partitions_.at(partition);
  runs.add(begin, end);
  changed = changed || begin < end;
}

void ReplayedLetters::commit() {
  const KafkaListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  for (auto& [number, partition] : partitions_) {
    auto& [extent, runs, changed] = partition;
    if (!std::exchange(changed, false)) continue;
    auto* const entry =
        rd_kafka_topic_partition_list_add(list.get(), extent.partition.topic.c_str(), number);
    entry->offset = runs.first_missing(extent.begin);
    set_metadata(*entry, runs.encode(entry->offset, kMaxMetadata));
  }
  if (list->cnt == 0) return;
  check_kafka("commit what was replayed", rd_kafka_commit(client_.get(), list.get(), 0));
}

}  // namespace sluice
