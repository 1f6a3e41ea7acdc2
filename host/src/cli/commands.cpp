#include "cli/commands.hpp"

#include <httplib.h>
#include <iostream>
#include <optional>
#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/json.hpp>
#include <sluice/sdk.hpp>

#include "app/host.hpp"
#include "app/loaded_pipeline.hpp"
#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "cli/load.hpp"
#include "cli/signals.hpp"
#include "config/option_docs.hpp"
#include "config/pipeline_schema.hpp"

namespace sluice {
namespace {

/// A mistake in a file keeps the host from starting; a plugin that cannot be used fails its
/// pipeline alone.
bool add_pipeline(const std::filesystem::path& file, PluginRegistry& registry, Host& host) {
  auto result = load_pipeline(file, registry, process_environment());
  std::cerr << render(result.problems) << render(result.plugin_problems);
  if (has_errors(result.problems)) return false;
  if (host.has(result.name)) {
    std::cerr << file.string() << ": error: there is another pipeline named \"" << result.name
              << "\"\n";
    return false;
  }
  if (result.pipeline) {
    host.add(std::move(*result.pipeline));
  } else {
    host.add_failed(result.name, render(result.plugin_problems.front()));
  }
  return true;
}

}  // namespace

int run_pipelines(const std::vector<std::string>& paths, const AdminAddress& admin,
                  PluginRegistry& registry) {
  SignalWatcher signals;  // before any other thread, so that they all inherit the mask
  auto token = AdminToken::from(process_environment());
  std::optional<ShutdownWatchdog> watchdog;  // before all whose end it watches
  Host host;
  for (const auto& file : find_pipeline_files(paths)) {
    if (!add_pipeline(file, registry, host)) return 1;
  }
  if (host.is_empty()) return 1;
  const AdminServer admin_server(admin, std::move(token), host);
  host.start();
  const int signal = signals.wait();
  spdlog::info("signal {}: draining", signal);
  watchdog.emplace(std::chrono::milliseconds(9500));
  host.stop();
  spdlog::info("stopped");
  return 0;
}

int validate_pipelines(const std::vector<std::string>& paths, bool connect,
                       PluginRegistry& registry) {
  bool valid = true;
  for (const auto& file : find_pipeline_files(paths)) {
    const auto loaded = load(file, registry);
    if (loaded && (!connect || fits_its_source(*loaded))) {
      std::cout << file.string() << ": valid\n";
    } else {
      valid = false;
    }
  }
  return valid ? 0 : 1;
}

int run_job(const std::string& file, const std::string& job, PluginRegistry& registry) {
  SignalWatcher signals;
  auto loaded = load_with_flow(file, registry);
  if (!loaded) return 1;
  for (auto& spec : loaded->jobs) {
    if (spec.name != job) continue;
    Metrics metrics;
    JobRunner runner(*loaded->flow, std::move(spec), metrics);
    std::stop_source stop;
    signals.on_signal([&stop] { stop.request_stop(); });
    return runner.run_now(stop.get_token()) ? 0 : 1;
  }
  std::cerr << file << ": error: no job \"" << job << "\"; jobs:";
  for (const auto& spec : loaded->jobs) std::cerr << ' ' << spec.name;
  std::cerr << '\n';
  return 1;
}

int print_mapping(const std::string& file, PluginRegistry& registry) {
  const auto loaded = load_with_flow(file, registry);
  if (!loaded) return 1;
  const PluginInstance sink(loaded->flow->plugins.sink, loaded->name, nullptr, {});
  sluice_output output;
  sink.call([&](void* self, sluice_error* error) {
    return sink.plugin().sink->describe(self, &output, error);
  });
  for (const auto& value : output.values) std::cout << to_json(Value(value)).dump(2) << '\n';
  return 0;
}

int init_index(const std::string& file, PluginRegistry& registry) {
  const auto loaded = load_with_flow(file, registry);
  if (!loaded) return 1;
  const PluginInstance sink(loaded->flow->plugins.sink, loaded->name, nullptr, {});
  Backoff backoff(std::chrono::milliseconds(200), std::chrono::seconds(2));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (true) {
    try {
      sink.call([&](void* self, sluice_error* error) {
        return sink.plugin().sink->prepare(self, error);
      });
      spdlog::info("{}: the index is ready", loaded->name);
      return 0;
    } catch (const RetryError& e) {
      if (std::chrono::steady_clock::now() > deadline) throw;
      spdlog::warn("{}", e.what());
      wait({}, backoff.next());
    }
  }
}

int list_plugins(PluginRegistry& registry) {
  bool sound = true;
  for (const auto& name : registry.names()) {
    try {
      const auto& library = registry.find(name);
      std::string kinds;
      for (const auto& kind : library.kinds()) kinds += (kinds.empty() ? "" : ",") + kind;
      std::cout << name << '\t' << library.descriptor().version << '\t' << kinds << '\t'
                << library.descriptor().summary << '\n';
    } catch (const PluginError& e) {
      std::cerr << "error: " << e.what() << '\n';
      sound = false;
    }
  }
  return sound ? 0 : 1;
}

int describe_plugin(const std::string& name, bool as_markdown, PluginRegistry& registry) {
  const auto& library = registry.find(name);
  if (as_markdown) {
    std::cout << render_option_table(library.schema());
    return 0;
  }
  const auto& plugin = library.descriptor();
  std::cout << plugin.name << ' ' << plugin.version << ": " << plugin.summary << "\nkinds:";
  for (const auto& kind : library.kinds()) std::cout << ' ' << kind;
  std::cout << "\nfile: " << library.file().string() << "\n\noptions:\n"
            << render_option_help(library.schema());
  return 0;
}

int print_options(bool as_schema, bool as_markdown) {
  std::cout << (as_schema     ? published_pipeline_schema()
                : as_markdown ? render_option_table(pipeline_schema())
                              : render_option_help(pipeline_schema()));
  return 0;
}

int check_health(const AdminAddress& admin) {
  httplib::Client client(admin.host, admin.port);
  client.set_connection_timeout(2);
  client.set_read_timeout(3);
  httplib::Headers headers;
  if (const auto token = AdminToken::from(process_environment())) {
    headers.emplace("Authorization", token->authorization());
  }
  const auto answer = client.Get("/ready", headers);
  if (!answer) {
    std::cerr << "no answer from http://" << admin.host << ':' << admin.port
              << "/ready: " << httplib::to_string(answer.error()) << '\n';
    return 1;
  }
  (answer->status == 200 ? std::cout : std::cerr) << answer->body;
  return answer->status == 200 ? 0 : 1;
}

}  // namespace sluice
