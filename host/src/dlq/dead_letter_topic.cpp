#include "dlq/dead_letter_topic.hpp"

#include <chrono>

#include <sluice/sdk.hpp>

#include "pipeline/stretch_reader.hpp"

namespace sluice {
namespace {

constexpr std::chrono::seconds kPatience{60};  // without any answer from Kafka

}  // namespace

void read_stretches(const SourceConfig& source, const std::vector<PartitionOffset>& from,
                    const std::vector<PartitionOffset>& to,
                    const std::function<void(const RecordBatch&)>& each) {
  StretchReader reader(source, "sluice-dlq", from, to);
  auto patience = std::chrono::steady_clock::now() + kPatience;
  while (!reader.at_end()) {
    if (const auto batch = reader.read()) {
      each(*batch);
      patience = std::chrono::steady_clock::now() + kPatience;
    } else if (std::chrono::steady_clock::now() > patience) {
      throw RetryError("Kafka sent nothing for a minute, short of the end of " + source.topics[0]);
    }
  }
}

RecordRef fetch_record(const SourceConfig& source, const TopicPartition& partition,
                       std::int64_t offset) {
  RecordRef found;
  read_stretches(source, {{partition, offset}}, {{partition, offset + 1}},
                 [&](const RecordBatch& batch) {
                   for (std::size_t i = 0; i < batch.size(); ++i) {
                     if (batch[i].offset == offset) found = copy_record(batch[i], nullptr);
                   }
                 });
  return found;
}

SourceConfig dead_letter_source(const FlowConfig& flow) {
  SourceConfig source = flow.source;
  source.topics = {flow.errors.dead_letter_topic};
  return source;
}

std::vector<PartitionOffset> ends_of(const std::vector<PartitionExtent>& extents) {
  std::vector<PartitionOffset> ends;
  for (const auto& extent : extents) ends.emplace_back(extent.partition, extent.end);
  return ends;
}

}  // namespace sluice
