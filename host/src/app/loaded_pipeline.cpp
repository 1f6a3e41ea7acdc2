#include "app/loaded_pipeline.hpp"

#include <algorithm>
#include <stdexcept>

#include <sluice/sdk.hpp>

#include "plugin/plugin_instance.hpp"

namespace sluice {
namespace {

class Loader {
 public:
  Loader(PluginRegistry& registry, LoadResult& result) : registry_(registry), result_(result) {}

  LoadedPipeline load(PipelineConfig config) {
    LoadedPipeline loaded;
    loaded.file = config.file;
    loaded.name = config.name;
    loaded.shutdown_timeout = config.shutdown_timeout;
    if (config.flow) loaded.flow = load_flow(config);
    for (const auto& job : config.jobs) load_job(job, loaded);
    for (const auto& [name, plugin] : config.services) {
      loaded.services.push_back({name, load_plugin(plugin, SLUICE_KIND_SERVICE)});
    }
    return loaded;
  }

 private:
  Flow load_flow(const PipelineConfig& config) {
    Flow flow{config.name, *config.flow, {}, config.shutdown_timeout};
    flow.plugins.decoder = load_plugin(flow.config.decode, SLUICE_KIND_DECODER);
    for (const auto& transform : flow.config.transforms) {
      flow.plugins.transforms.push_back(load_plugin(transform, SLUICE_KIND_TRANSFORM));
    }
    flow.plugins.denormalizer = load_plugin(flow.config.denormalize, SLUICE_KIND_DENORMALIZER);
    flow.plugins.sink = load_plugin(flow.config.sink, SLUICE_KIND_SINK);
    return flow;
  }

  void load_job(const JobConfig& job, LoadedPipeline& loaded) {
    JobSpec spec;
    spec.name = job.name;
    spec.bootstrap = job.bootstrap;
    spec.plugin = load_plugin(job.plugin, SLUICE_KIND_JOB);
    spec.retry_initial = job.retry.initial;
    spec.retry_max = job.retry.max;
    spec.max_attempts = static_cast<int>(job.max_attempts);
    const bool has_default =
        spec.plugin.library != nullptr && spec.plugin.library->descriptor().schedule != nullptr;
    const std::string schedule =
        job.schedule.value_or(has_default ? spec.plugin.library->descriptor().schedule : "never");
    if (schedule != "never") {
      try {
        spec.schedule.emplace(schedule, job.time_zone);
        // One that never comes (30 February) is told here, not by the thread that waits for it.
        spec.schedule->next(std::chrono::system_clock::now());
      } catch (const TimeZoneError& e) {
        result_.problems.push_back(job.time_zone_problem(e.what()));
      } catch (const CronError& e) {
        result_.problems.push_back(job.schedule_problem(e.what()));
      }
    }
    loaded.jobs.push_back(std::move(spec));
  }

  PluginSpec load_plugin(const PluginConfig& config, std::uint32_t kind) {
    PluginSpec spec;
    spec.kind = kind;
    try {
      spec.library = &registry_.find(config.plugin, kind);
    } catch (const PluginError& e) {
      result_.plugin_problems.push_back(config.problem(e.what()));
      return spec;
    }
    Validated options = validate_plugin_config(config, spec.library->schema());
    result_.problems.insert(result_.problems.end(), options.problems.begin(),
                            options.problems.end());
    if (!options.ok()) return spec;
    spec.config = std::move(options.value);
    spec.source = std::make_shared<const PluginConfig>(config);
    try_options(config, spec);
    return spec;
  }

  // A plugin may find fault with options that its schema allows. Constructors touch no network.
  void try_options(const PluginConfig& config, const PluginSpec& spec) {
    try {
      const PluginInstance instance(spec, "validate", nullptr, {});
    } catch (const OptionsError& e) {
      result_.problems.insert(result_.problems.end(), e.problems().begin(), e.problems().end());
    } catch (const std::exception& e) {
      result_.problems.push_back(config.problem(e.what()));
    }
  }

  PluginRegistry& registry_;
  LoadResult& result_;
};

}  // namespace

LoadResult load_pipeline(const std::filesystem::path& file, PluginRegistry& registry,
                         const Environment& environment) {
  LoadResult result;
  ParsedPipeline parsed = parse_pipeline_file(file, environment);
  result.problems = std::move(parsed.problems);
  if (!parsed.config) return result;
  result.name = parsed.config->name;
  LoadedPipeline loaded = Loader(registry, result).load(std::move(*parsed.config));
  if (!has_errors(result.problems) && result.plugin_problems.empty()) {
    result.pipeline = std::move(loaded);
  }
  return result;
}

std::vector<std::filesystem::path> find_pipeline_files(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const auto& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.emplace_back(path);
      continue;
    }
    std::vector<std::filesystem::path> inside;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      const auto extension = entry.path().extension();
      if (extension == ".yaml" || extension == ".yml") inside.push_back(entry.path());
    }
    if (inside.empty()) throw std::runtime_error(path + ": no *.yaml or *.yml file in this folder");
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

}  // namespace sluice
