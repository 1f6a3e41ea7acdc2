#include "plugin/context.hpp"

#include <spdlog/spdlog.h>

#include <sluice/host_side.hpp>

namespace sluice {
namespace {

void log(sluice_context* context, std::int32_t level, sluice_view message) {
  static constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                          spdlog::level::warn, spdlog::level::err};
  const auto at = level >= 0 && level < 4 ? kLevels[level] : spdlog::level::err;
  spdlog::log(at, "{}/{}: {}", context->pipeline, context->plugin, to_string_view(message));
}

Labels labels_of(const sluice_context& context) {
  return {{"pipeline", context.pipeline}, {"plugin", context.plugin}};
}

std::string metric_name(sluice_view name) {
  return "sluice_plugin_" + std::string(to_string_view(name));
}

// The plugin side cannot take an exception, and a metric is never worth a crash.
template <typename Record>
void record(sluice_context* context, Record record) noexcept {
  try {
    if (context->metrics != nullptr) record(*context->metrics);
  } catch (const std::exception& e) {
    spdlog::warn("{}/{}: a metric could not be recorded: {}", context->pipeline, context->plugin,
                 e.what());
  }
}

sluice_host make_table() {
  sluice_host host{};
  fill_output_functions(host);
  host.log = log;
  host.stopping = [](sluice_context* context) { return context->stop.stop_requested() ? 1 : 0; };
  host.counter_add = [](sluice_context* context, sluice_view name, double value) {
    record(context, [&](Metrics& metrics) {
      metrics.counter(metric_name(name), "A plugin's counter", labels_of(*context))
          .Increment(value);
    });
  };
  host.gauge_set = [](sluice_context* context, sluice_view name, double value) {
    record(context, [&](Metrics& metrics) {
      metrics.gauge(metric_name(name), "A plugin's gauge", labels_of(*context)).Set(value);
    });
  };
  host.histogram_observe = [](sluice_context* context, sluice_view name, double seconds) {
    record(context, [&](Metrics& metrics) {
      metrics.histogram(metric_name(name), "A plugin's times", labels_of(*context))
          .Observe(seconds);
    });
  };
  return host;
}

}  // namespace

const sluice_host& host_table() {
  static const sluice_host table = make_table();
  return table;
}

}  // namespace sluice
