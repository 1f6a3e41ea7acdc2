#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "config/json.hpp"
#include "metrics/metrics.hpp"
#include "plugin/plugin_instance.hpp"

namespace sluice {

/// How a pipeline's source is, as its denormalizer says.
struct SourceState {
  Json values = Json::object();       ///< by name; empty if not known
  std::vector<std::string> warnings;  ///< what an operator should do something about
};

/// Whether the plugin's denormalizer has a state to tell: one from before ABI 1.2 has not.
bool tells_its_state(const sluice_plugin& plugin);

/// Asks a denormalizer, of its own, every few seconds for the state of the source, and keeps its
/// numbers as gauges `sluice_source_NAME` (label pipeline). What is not known any more is not
/// shown: it goes when the source does not answer. Thread-safe.
class SourceWatch {
 public:
  struct Times {
    std::chrono::milliseconds period{5000};
    /// An answer that is older is history: the source hangs.
    std::chrono::milliseconds patience{15000};
  };

  SourceWatch(std::string pipeline, PluginSpec denormalizer, Metrics& metrics)
      : SourceWatch(std::move(pipeline), std::move(denormalizer), metrics, Times{}) {}
  SourceWatch(std::string pipeline, PluginSpec denormalizer, Metrics& metrics, Times times);
  SourceWatch(const SourceWatch&) = delete;
  SourceWatch& operator=(const SourceWatch&) = delete;

  void start();
  void request_stop() { thread_.request_stop(); }
  /// Waits for a call under way.
  void stop();

  /// As of the last answer. Takes gauges away that are history.
  SourceState state();

 private:
  using Clock = std::chrono::steady_clock;

  void keep_asking(const std::stop_token& stop);
  SourceState ask(const PluginInstance& instance) const;
  void show(SourceState state);
  void set_gauges(const Json& values);

  const std::string pipeline_;
  const PluginSpec denormalizer_;
  const Times times_;
  Metrics& metrics_;
  std::mutex mutex_;
  SourceState state_;
  std::optional<Clock::time_point> answered_;         ///< or when it was first asked
  std::map<std::string, prometheus::Gauge*> gauges_;  ///< by the value's name
  std::jthread thread_;
};

}  // namespace sluice
