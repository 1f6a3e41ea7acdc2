#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/interpolate.hpp"
#include "config/json.hpp"
#include "config/node.hpp"
#include "config/problem.hpp"
#include "config/validator.hpp"

namespace sluice {

/// A plugin as a pipeline names it. Its options stay as read until the plugin's schema is known:
/// see validate_plugin_config.
struct PluginConfig {
  std::string plugin;
  Position position;    ///< of the plugin's name
  ConfigNode config;    ///< a map; empty if the file gives none
  ConfigOrigin origin;  ///< of `config`; its path is e.g. `sink.config`

  /// An error of this plugin as a whole (not found, of another kind), at its name.
  Problem problem(std::string message) const;
};

struct SourceConfig {
  std::string brokers;
  std::string group_id;
  std::vector<std::string> topics;  ///< one that begins with `^` is a regular expression
  std::string start;                ///< "earliest" or "latest"
  std::map<std::string, std::string> properties;  ///< of librdkafka
};

/// Limits for each task. See pipeline_schema.cpp for what each option does.
struct CoalesceConfig {
  std::size_t max_keys = 0;
  std::chrono::milliseconds max_delay{};
  std::chrono::milliseconds hot_pause{};
  std::size_t bulk_max_keys = 0;
  std::size_t max_pending_keys = 0;
  std::size_t max_pending_bytes = 0;
  std::size_t writers = 0;
};

struct RetryConfig {
  std::chrono::milliseconds initial{};
  std::chrono::milliseconds max{};
};

enum class ErrorTolerance { kNone, kAll };

struct ErrorsConfig {
  ErrorTolerance tolerance = ErrorTolerance::kAll;
  std::string dead_letter_topic;  ///< empty: none
  RetryConfig retry;
  std::chrono::milliseconds visibility_timeout{};
};

struct FanoutConfig {
  std::size_t page = 0;
  std::size_t share = 0;
};

/// What moves changes from Kafka to a sink.
struct FlowConfig {
  SourceConfig source;
  PluginConfig decode;
  std::vector<PluginConfig> transforms;
  PluginConfig denormalize;
  PluginConfig sink;
  std::size_t tasks = 0;
  CoalesceConfig coalesce;
  ErrorsConfig errors;
  FanoutConfig fanout;
};

/// A job and when it runs. The schedule's syntax is checked by whoever keeps it.
struct JobConfig {
  std::string name;
  PluginConfig plugin;
  std::optional<std::string> schedule;  ///< absent: the plugin's default; "never": only on demand
  std::string time_zone;
  Position schedule_position;   ///< of the plugin's name where the file gives no schedule
  Position time_zone_position;  ///< the same
  bool bootstrap = false;       ///< run it too when the index has yet to be filled at start
  RetryConfig retry;
  std::size_t max_attempts = 0;

  /// Errors of these two options.
  Problem schedule_problem(std::string message) const;
  Problem time_zone_problem(std::string message) const;
};

using NamedPlugins = std::vector<std::pair<std::string, PluginConfig>>;  ///< in the file's order

/// One pipeline file, complete with defaults.
struct PipelineConfig {
  std::string file;
  std::string name;
  std::optional<FlowConfig> flow;  ///< absent in a file that holds only services
  std::vector<JobConfig> jobs;     ///< in the file's order
  NamedPlugins services;
  std::chrono::milliseconds shutdown_timeout{};
  Json options;  ///< everything normalised, plugins' configs as read; redact before showing it

  /// Every plugin that the file names, in its order of use.
  std::vector<const PluginConfig*> plugins() const;
};

struct ParsedPipeline {
  std::optional<PipelineConfig> config;  ///< set if there are no errors
  Problems problems;                     ///< errors or warnings, or nothing
};

/// Reads and checks a pipeline file, all but the plugins' options. Never throws on bad input.
ParsedPipeline parse_pipeline(std::string_view yaml, const std::string& file,
                              const Environment& environment);
ParsedPipeline parse_pipeline_file(const std::filesystem::path& file,
                                   const Environment& environment);

/// Checks the options of a plugin against the schema of the plugin and completes them.
/// `schema` must have passed check_schema.
Validated validate_plugin_config(const PluginConfig& plugin, const Json& schema);

}  // namespace sluice
