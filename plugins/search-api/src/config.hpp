// The configuration of the plugin, as read from a pipeline's YAML.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <sluice-opensearch/client.hpp>
#include <string>
#include <vector>

#include "api_keys.hpp"
#include "cors.hpp"

namespace sluice::search {

/// The name of the sort key that is the relevance of a hit, not a field.
inline constexpr const char* kScore = "_score";

struct PageLimits {
  std::uint64_t default_limit = 20;
  std::uint64_t max_limit = 100;
  std::uint64_t max_offset = 10000;
};

struct SortOptions {
  std::map<std::string, std::string> fields;  ///< value of sort_by -> field; none: no sort_by
  std::string default_by = kScore;            ///< a key of `fields`, `_score`, or a field
  bool descending = true;                     ///< unless sort_order says otherwise
};

enum class RouteKind {
  kSearch,   ///< full text: q, fuzzy, operator, fields
  kByKey,    ///< documents that hold the key in the path: /by-user/:userId
  kByTerms,  ///< documents that hold any or all of the terms in a parameter
};

struct RouteOptions {
  RouteKind kind = RouteKind::kSearch;
  std::string path;  ///< under the base path; `:name` stands for one segment
  PageLimits limits;
  SortOptions sort;
  std::string date_field;  ///< of date_from and date_to; empty: not offered

  // kSearch
  std::map<std::string, std::vector<std::string>> fields;  ///< public name -> fields with boosts
  std::vector<std::string> default_fields;                 ///< public names
  std::vector<std::string> never_fuzzy;                    ///< fields without boosts

  // kByKey, kByTerms
  std::string field;   ///< with the nested path in front: users.id
  std::string nested;  ///< nested path of `field`; empty: not nested

  // kByKey
  bool integer_key = true;

  // kByTerms
  std::string parameter;
  std::uint64_t max_terms = 50;
};

struct Config {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free port
  std::size_t threads = 2;    ///< requests to OpenSearch at a time
  std::size_t max_queued = 128;
  std::size_t max_connections = 4096;
  std::vector<ApiKey> api_keys;  ///< none: open to everybody
  CorsOptions cors;
  std::chrono::milliseconds query_timeout{1500};
  std::uint64_t terminate_after = 0;  ///< documents of each shard; 0: all
  opensearch::ConnectionOptions opensearch;
  std::string index;
  std::string base_path;
  std::string tiebreak;
  std::vector<RouteOptions> routes;
};

/// The JSON Schema of the options above: their only definition.
const std::string& config_schema();

/// Reads a configuration that was checked against `config_schema()`, durations in milliseconds.
/// Throws std::invalid_argument where members contradict each other, naming the route or option.
Config read_config(const nlohmann::json& config);

}  // namespace sluice::search
