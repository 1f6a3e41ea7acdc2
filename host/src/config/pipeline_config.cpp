#include "config/pipeline_config.hpp"

#include <array>
#include <regex>

#include "config/pipeline_schema.hpp"
#include "config/topic_pattern.hpp"
#include "config/yaml_loader.hpp"

namespace sluice {

namespace {

struct ReservedProperty {
  std::string_view name;
  std::string_view reason;
};

/// Properties of librdkafka that would break what the host promises about offsets and groups.
constexpr std::array<ReservedProperty, 7> kReservedProperties{
    {{"bootstrap.servers", "set source.brokers"},
     {"metadata.broker.list", "set source.brokers"},
     {"group.id", "set source.group_id"},
     {"auto.offset.reset", "set source.start"},
     {"enable.auto.commit", "the host commits what is settled"},
     {"enable.auto.offset.store", "the host stores the offsets of what is settled"},
     {"partition.assignment.strategy", "the host needs cooperative-sticky"}}};

std::chrono::milliseconds duration(const Json& value) {
  return std::chrono::milliseconds(value.get<std::int64_t>());
}

/// Turns a valid, normalised document into structs.
class Reader {
 public:
  Reader(const ConfigDocument& document, Json options)
      : document_(document), options_(std::move(options)) {}

  PipelineConfig read() {
    PipelineConfig config;
    config.file = document_.file;
    config.name = options_["name"];
    if (options_.contains("source")) config.flow = read_flow(config.name);
    config.jobs = read_jobs();
    config.services = read_named("services");
    config.shutdown_timeout = duration(options_["shutdown_timeout"]);
    config.options = std::move(options_);
    return config;
  }

 private:
  FlowConfig read_flow(const std::string& name) {
    FlowConfig flow;
    flow.source = read_source(name);
    flow.decode = read_plugin(document_.root, "decode", "");
    flow.transforms = read_transforms();
    flow.denormalize = read_plugin(document_.root, "denormalize", "");
    flow.sink = read_plugin(document_.root, "sink", "");
    flow.tasks = options_["tasks"];
    flow.coalesce = read_coalesce();
    flow.errors = read_errors(name);
    flow.fanout = {.page = options_["fanout"]["page"], .share = options_["fanout"]["share"]};
    return flow;
  }

  SourceConfig read_source(const std::string& name) {
    Json& source = options_["source"];
    if (!source.contains("group_id")) source["group_id"] = "sluice-" + name;
    SourceConfig config;
    config.brokers = source["brokers"];
    config.group_id = source["group_id"];
    config.topics = source["topics"].get<std::vector<std::string>>();
    config.start = source["start"];
    for (const auto& [key, value] : source["properties"].items()) config.properties[key] = value;
    return config;
  }

  CoalesceConfig read_coalesce() const {
    const Json& coalesce = options_["coalesce"];
    return {.max_keys = coalesce["max_keys"],
            .max_delay = duration(coalesce["max_delay"]),
            .hot_pause = duration(coalesce["hot_pause"]),
            .bulk_max_keys = coalesce["bulk_max_keys"],
            .max_pending_keys = coalesce["max_pending_keys"],
            .max_pending_bytes = coalesce["max_pending_bytes"],
            .writers = coalesce["writers"]};
  }

  ErrorsConfig read_errors(const std::string& name) {
    Json& errors = options_["errors"];
    if (!errors.contains("dead_letter_topic")) {
      errors["dead_letter_topic"] = "sluice." + name + ".dlq";
    }
    const bool all = errors["tolerance"] == "all";
    return {.tolerance = all ? ErrorTolerance::kAll : ErrorTolerance::kNone,
            .dead_letter_topic = errors["dead_letter_topic"],
            .retry = {.initial = duration(errors["retry"]["initial"]),
                      .max = duration(errors["retry"]["max"])},
            .visibility_timeout = duration(errors["visibility_timeout"])};
  }

  PluginConfig read_plugin(const ConfigNode& node, const std::string& path) const {
    PluginConfig plugin;
    const ConfigNode& name = *node.find("plugin");
    plugin.plugin = name.text;
    plugin.position = name.position;
    plugin.origin = {document_.file, document_.base_dir, child_path(path, "config")};
    const ConfigNode* config = node.find("config");
    if (config != nullptr && config->kind == ConfigNode::Kind::kMap) {
      plugin.config = *config;
    } else {
      plugin.config = node_from_json(Json::object(), config ? config->position : node.position);
    }
    return plugin;
  }

  PluginConfig read_plugin(const ConfigNode& parent, const std::string& key,
                           const std::string& path) const {
    return read_plugin(*parent.find(key), child_path(path, key));
  }

  std::vector<PluginConfig> read_transforms() const {
    std::vector<PluginConfig> plugins;
    const ConfigNode* transforms = document_.root.find("transforms");
    if (transforms == nullptr) return plugins;
    for (std::size_t i = 0; i < transforms->items.size(); ++i) {
      plugins.push_back(read_plugin(transforms->items[i], item_path("transforms", i)));
    }
    return plugins;
  }

  std::vector<JobConfig> read_jobs() const {
    std::vector<JobConfig> jobs;
    const ConfigNode* named = document_.root.find("jobs");
    for (auto& [name, plugin] : read_named("jobs")) {
      const Json& options = options_["jobs"][name];
      const ConfigNode& node = *named->find(name);
      JobConfig job;
      job.name = name;
      job.plugin = std::move(plugin);
      if (options.contains("schedule")) job.schedule = options["schedule"];
      job.time_zone = options["time_zone"];
      job.schedule_position = position_of(node, "schedule");
      job.time_zone_position = position_of(node, "time_zone");
      job.bootstrap = options["bootstrap"];
      job.retry = {duration(options["retry"]["initial"]), duration(options["retry"]["max"])};
      job.max_attempts = options["retry"]["max_attempts"];
      jobs.push_back(std::move(job));
    }
    return jobs;
  }

  static Position position_of(const ConfigNode& job, std::string_view option) {
    const ConfigNode* const value = job.find(option);
    return value == nullptr ? job.find("plugin")->position : value->position;
  }

  NamedPlugins read_named(const std::string& key) const {
    NamedPlugins plugins;
    const ConfigNode* named = document_.root.find(key);
    if (named == nullptr) return plugins;
    for (const ConfigNode::Entry& entry : named->entries) {
      plugins.emplace_back(entry.key, read_plugin(entry.value, child_path(key, entry.key)));
    }
    return plugins;
  }

  const ConfigDocument& document_;
  Json options_;
};

/// What a schema cannot say.
class CrossCheck {
 public:
  CrossCheck(const ConfigDocument& document, Problems& problems)
      : document_(document), problems_(problems) {}

  /// Limits that must not exceed each other; for options that are valid one by one.
  void check_orders(const Json& options) {
    check_order("coalesce", "max_keys", options["coalesce"], "bulk_max_keys");
    check_order("coalesce", "bulk_max_keys", options["coalesce"], "max_pending_keys");
    check_order("errors.retry", "initial", options["errors"]["retry"], "max");
    for (const auto& [name, job] : options["jobs"].items()) {
      check_order("jobs." + name + ".retry", "initial", job["retry"], "max");
    }
  }

  /// A pipeline that reads its own dead letters makes a new one of each, without end.
  void check_topics(const PipelineConfig& config) {
    if (!config.flow) return;
    const auto& letters = config.flow->errors.dead_letter_topic;
    for (const auto& topic : config.flow->source.topics) {
      if (letters.empty() || !reads(topic, letters)) continue;
      add(locate("source.topics"), "source.topics",
          "\"" + topic + "\" also reads the pipeline's own dead letters, in \"" + letters +
              "\": each would become a new one, without end; narrow it, or set "
              "errors.dead_letter_topic");
    }
  }

  /// Properties of librdkafka that are not the user's to set.
  void check_properties() {
    const ConfigNode* source = document_.root.find("source");
    const ConfigNode* properties = source == nullptr ? nullptr : source->find("properties");
    if (properties == nullptr) return;
    for (const ConfigNode::Entry& entry : properties->entries) {
      for (const ReservedProperty& reserved : kReservedProperties) {
        if (reserved.name != entry.key) continue;
        add(entry.position, child_path("source.properties", entry.key),
            "cannot be set here: " + std::string(reserved.reason));
      }
    }
  }

 private:
  static bool reads(const std::string& entry, const std::string& topic) {
    try {
      return names_topic(entry, topic);
    } catch (const std::regex_error&) {
      return false;  // Kafka's client says what is wrong with it
    }
  }

  void add(Position position, const std::string& path, std::string message) {
    problems_.push_back({Severity::kError, document_.file, position, path, std::move(message)});
  }

  /// The position of the deepest part of a dotted path that the file has.
  Position locate(const std::string& path) const {
    const ConfigNode* node = &document_.root;
    for (std::size_t begin = 0; begin < path.size();) {
      const std::size_t end = std::min(path.find('.', begin), path.size());
      const ConfigNode* next = node->find(path.substr(begin, end - begin));
      if (next == nullptr) break;
      node = next;
      begin = end + 1;
    }
    return node->position;
  }

  void check_order(const std::string& path, const std::string& lower, const Json& options,
                   const std::string& upper) {
    const auto low = options[lower].get<std::int64_t>();
    const auto high = options[upper].get<std::int64_t>();
    if (low <= high) return;
    add(locate(path + '.' + lower), path + '.' + lower,
        "must not exceed " + upper + " (" + std::to_string(low) + " > " + std::to_string(high) +
            ")");
  }

  const ConfigDocument& document_;
  Problems& problems_;
};

/// A problem with an option that stands beside a plugin's `config`.
Problem problem_beside(const PluginConfig& plugin, const std::string& option, Position position,
                       std::string message) {
  const std::string& path = plugin.origin.path;  // ends in ".config"
  const std::string parent = path.substr(0, path.rfind('.'));
  return {Severity::kError, plugin.origin.file, position, child_path(parent, option),
          std::move(message)};
}

ParsedPipeline parse(ConfigDocument document) {
  ParsedPipeline parsed;
  parsed.problems = std::move(document.problems);
  Validated options =
      validate(document.root, pipeline_schema(), {document.file, document.base_dir, ""});
  parsed.problems.insert(parsed.problems.end(), options.problems.begin(), options.problems.end());
  CrossCheck cross_check(document, parsed.problems);
  cross_check.check_properties();
  if (!has_errors(parsed.problems)) cross_check.check_orders(options.value);
  if (has_errors(parsed.problems)) return parsed;
  parsed.config = Reader(document, std::move(options.value)).read();
  cross_check.check_topics(*parsed.config);
  if (has_errors(parsed.problems)) parsed.config.reset();
  return parsed;
}

}  // namespace

Problem PluginConfig::problem(std::string message) const {
  return problem_beside(*this, "plugin", position, std::move(message));
}

Problem JobConfig::schedule_problem(std::string message) const {
  return problem_beside(plugin, "schedule", schedule_position, std::move(message));
}

Problem JobConfig::time_zone_problem(std::string message) const {
  return problem_beside(plugin, "time_zone", time_zone_position, std::move(message));
}

std::vector<const PluginConfig*> PipelineConfig::plugins() const {
  std::vector<const PluginConfig*> all;
  if (flow) {
    all.push_back(&flow->decode);
    for (const PluginConfig& transform : flow->transforms) all.push_back(&transform);
    all.push_back(&flow->denormalize);
    all.push_back(&flow->sink);
  }
  for (const JobConfig& job : jobs) all.push_back(&job.plugin);
  for (const auto& [name, plugin] : services) all.push_back(&plugin);
  return all;
}

ParsedPipeline parse_pipeline(std::string_view yaml, const std::string& file,
                              const Environment& environment) {
  return parse(load_yaml(yaml, file, environment));
}

ParsedPipeline parse_pipeline_file(const std::filesystem::path& file,
                                   const Environment& environment) {
  return parse(load_yaml_file(file, environment));
}

Validated validate_plugin_config(const PluginConfig& plugin, const Json& schema) {
  return validate(plugin.config, schema, plugin.origin);
}

}  // namespace sluice
