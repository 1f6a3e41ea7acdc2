#include "app/source_watch.hpp"

#include <algorithm>
#include <optional>
#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/sdk.hpp>

#include "base/wait.hpp"
#include "plugin/ordered_json.hpp"

namespace sluice {
namespace {

bool is_metric_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<double> number(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_number()) return value.get<double>();
  return std::nullopt;
}

SourceState read_state(const Json& said) {
  SourceState state;
  if (!said.is_object()) return state;
  const auto values = said.find("values");
  if (values != said.end() && values->is_object()) state.values = *values;
  const auto warnings = said.find("warnings");
  if (warnings == said.end()) return state;
  for (const auto& warning : *warnings) {
    if (warning.is_string()) state.warnings.push_back(warning.get<std::string>());
  }
  return state;
}

}  // namespace

bool tells_its_state(const sluice_plugin& plugin) {
  return plugin.denormalizer->struct_size >= SLUICE_SIZE_WITH(sluice_denormalizer, source_state);
}

SourceWatch::SourceWatch(std::string pipeline, PluginSpec denormalizer, Metrics& metrics,
                         Times times)
    : pipeline_(std::move(pipeline)),
      denormalizer_(std::move(denormalizer)),
      times_(times),
      metrics_(metrics) {}

void SourceWatch::start() {
  if (!tells_its_state(denormalizer_.library->descriptor())) return;
  {
    const std::lock_guard lock(mutex_);
    answered_ = Clock::now();
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { keep_asking(stop); });
}

void SourceWatch::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

void SourceWatch::keep_asking(const std::stop_token& stop) {
  std::optional<PluginInstance> instance;
  do {
    try {
      if (!instance) instance.emplace(denormalizer_, pipeline_, &metrics_, stop);
      show(ask(*instance));
    } catch (const std::exception& e) {
      show({Json::object(), {std::string("the state of the source is not known: ") + e.what()}});
    }
  } while (wait(stop, times_.period));
}

SourceState SourceWatch::ask(const PluginInstance& instance) const {
  sluice_output output;
  instance.call([&](void* self, sluice_error* error) {
    return instance.plugin().denormalizer->source_state(self, &output, error);
  });
  if (output.values.empty()) return {};
  return read_state(ordered_json(Value(output.values.front())));
}

void SourceWatch::show(SourceState state) {
  const std::lock_guard lock(mutex_);
  for (const auto& warning : state.warnings) {
    const auto& known = state_.warnings;
    if (std::find(known.begin(), known.end(), warning) == known.end()) {
      spdlog::warn("{}: {}", pipeline_, warning);
    }
  }
  state_ = std::move(state);
  answered_ = Clock::now();
  set_gauges(state_.values);
}

SourceState SourceWatch::state() {
  const std::lock_guard lock(mutex_);
  if (!answered_) return {};
  const auto age = Clock::now() - *answered_;
  if (age <= times_.patience) return state_;
  set_gauges(Json::object());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  return {
      Json::object(),
      {"the state of the source is not known: no answer for " + std::to_string(seconds) + " s"}};
}

void SourceWatch::set_gauges(const Json& values) {
  for (auto gauge = gauges_.begin(); gauge != gauges_.end();) {
    const auto value = values.find(gauge->first);
    const bool gone = value == values.end() || !number(*value);
    if (gone) metrics_.remove_gauge("sluice_source_" + gauge->first, *gauge->second);
    gauge = gone ? gauges_.erase(gauge) : std::next(gauge);
  }
  for (const auto& [name, value] : values.items()) {
    const auto measured = number(value);
    if (!measured || !is_metric_name(name)) continue;
    auto& gauge = metrics_.gauge("sluice_source_" + name, "Of the source, as its plugin says",
                                 {{"pipeline", pipeline_}});
    gauge.Set(*measured);
    gauges_[name] = &gauge;
  }
}

}  // namespace sluice
