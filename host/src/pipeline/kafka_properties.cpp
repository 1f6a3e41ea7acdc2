#include "pipeline/kafka_properties.hpp"

#include <array>
#include <string_view>

namespace sluice {
namespace {

bool is_only_for_consumers(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kPrefixes{"auto.",      "fetch.",     "session.",
                                                             "heartbeat.", "max.poll.",  "queued.",
                                                             "group.",     "isolation.", "check."};
  for (const auto prefix : kPrefixes) {
    if (name.substr(0, prefix.size()) == prefix) return true;
  }
  return false;
}

void overlay(KafkaProperties& properties, const SourceConfig& source) {
  for (const auto& [name, value] : source.properties) properties[name] = value;
}

KafkaProperties common(const SourceConfig& source, const std::string& client_id) {
  return {{"bootstrap.servers", source.brokers},
          {"client.id", client_id},
          // A table's topic appears with its first event, which should not wait long to be seen. No
          // divisor of the 3 s after which a new group forms: a leader that gets metadata in the
          // moment in which it is to make the assignment joins anew instead (librdkafka 2.0).
          {"topic.metadata.refresh.interval.ms", "1100"},
          {"reconnect.backoff.max.ms", "2000"},
          {"log.connection.close", "false"}};
}

void add_consumer_defaults(KafkaProperties& properties) {
  properties["queued.max.messages.kbytes"] = "16384";
  properties["fetch.message.max.bytes"] = "1048576";
  properties["fetch.wait.max.ms"] = "100";
  properties["fetch.error.backoff.ms"] = "100";
  properties["allow.auto.create.topics"] = "false";
}

}  // namespace

std::string client_id(const std::string& pipeline, int task) {
  return "sluice-" + pipeline + "-" + std::to_string(task);
}

KafkaProperties group_consumer_properties(const SourceConfig& source,
                                          const std::string& client_id) {
  KafkaProperties properties = common(source, client_id);
  add_consumer_defaults(properties);
  // A host that was killed is missed after 10 s instead of librdkafka's 45.
  properties["session.timeout.ms"] = "10000";
  properties["heartbeat.interval.ms"] = "2000";
  properties["auto.commit.interval.ms"] = "1000";
  overlay(properties, source);
  properties["group.id"] = source.group_id;
  properties["partition.assignment.strategy"] = "cooperative-sticky";
  properties["enable.auto.offset.store"] = "false";
  properties["enable.auto.commit"] = "true";
  properties["auto.offset.reset"] = source.start;
  return properties;
}

KafkaProperties lone_consumer_properties(const SourceConfig& source, const std::string& client_id) {
  KafkaProperties properties = common(source, client_id);
  add_consumer_defaults(properties);
  overlay(properties, source);
  properties["group.id"] =
      source.group_id + "-unused";  // librdkafka wants one; nothing is committed
  properties["enable.auto.commit"] = "false";
  properties["enable.auto.offset.store"] = "false";
  properties["auto.offset.reset"] = "error";
  properties["enable.partition.eof"] = "true";
  return properties;
}

KafkaProperties producer_properties(const SourceConfig& source, const std::string& client_id) {
  KafkaProperties properties = common(source, client_id);
  overlay(properties, source);
  std::erase_if(properties,
                [](const auto& property) { return is_only_for_consumers(property.first); });
  properties["enable.idempotence"] = "true";
  properties["linger.ms"] = "0";
  properties["message.timeout.ms"] = "10000";
  properties["message.max.bytes"] =
      "20000000";  // a dead letter is as large as any record, and has more headers
  return properties;
}

}  // namespace sluice
