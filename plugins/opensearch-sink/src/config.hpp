#pragma once

#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <sluice-opensearch/client.hpp>
#include <string>

namespace sluice::opensearch {

struct SinkConfig {
  ConnectionOptions connection;
  std::string index;        ///< the alias that readers and writers use
  nlohmann::json settings;  ///< index settings, named without "index.", gc_deletes included
  nlohmann::json mappings;
  std::size_t max_request_bytes = 0;
  std::string refresh;  ///< "auto", or "false", "wait_for" or "true", as the bulk API has it
};

/// The JSON Schema of the plugin's configuration; lives as long as the process.
const char* config_schema();

/// Reads a configuration that was checked against the schema, and the mapping file that it names.
/// Throws std::invalid_argument.
SinkConfig read_config(const nlohmann::json& config);

/// The longest time that a write may still be under way after the client has given up on it: its
/// way to the server, then the server's work, which is bounded by the same time-out.
std::chrono::milliseconds max_in_flight(const ConnectionOptions& connection);

}  // namespace sluice::opensearch
