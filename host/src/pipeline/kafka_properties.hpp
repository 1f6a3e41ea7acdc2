#pragma once

#include <string>

#include "config/pipeline_config.hpp"
#include "pipeline/kafka_consumer.hpp"

namespace sluice {

/// What the clients of a pipeline's task are called in Kafka.
std::string client_id(const std::string& pipeline, int task);

/// librdkafka's properties for a member of the pipeline's group: the user's over our defaults.
/// Those that the promises rest on are fixed; the configuration does not let the user set them.
KafkaProperties group_consumer_properties(const SourceConfig& source, const std::string& client_id);

/// … for a consumer outside the group, that commits nothing.
KafkaProperties lone_consumer_properties(const SourceConfig& source, const std::string& client_id);

/// … for the dead-letter producer.
KafkaProperties producer_properties(const SourceConfig& source, const std::string& client_id);

}  // namespace sluice
