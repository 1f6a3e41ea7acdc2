#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include <sluice/host_side.hpp>
#include <sluice/plugin_abi.h>
#include <sluice/sdk.hpp>

#include "config/json.hpp"
#include "config/plugin_problems.hpp"
#include "metrics/metrics.hpp"
#include "plugin/context.hpp"
#include "plugin/plugin_library.hpp"

namespace sluice {

/// A plugin as a pipeline configures it: which one, of which kind, with which (complete) options.
struct PluginSpec {
  const PluginLibrary* library = nullptr;
  std::uint32_t kind = 0;
  Json config;
  /// As the file has it, for the places of what the plugin finds fault with; null: unknown.
  std::shared_ptr<const PluginConfig> source = nullptr;
};

/// A plugin's complaint about options of its own. what() has a line for each, with its place.
class OptionsError : public FatalError {
 public:
  explicit OptionsError(Problems problems)
      : FatalError(brief(problems)), problems_(std::move(problems)) {}

  const Problems& problems() const { return problems_; }

 private:
  Problems problems_;
};

/// One instance. Calls are made by one thread at a time.
class PluginInstance {
 public:
  /// Throws what the plugin's constructor threw: RetryError, RecordError, FatalError, or, of
  /// these, OptionsError.
  PluginInstance(const PluginSpec& spec, const std::string& pipeline, Metrics* metrics,
                 std::stop_token stop);
  ~PluginInstance();
  PluginInstance(const PluginInstance&) = delete;
  PluginInstance& operator=(const PluginInstance&) = delete;

  const sluice_plugin& plugin() const { return *plugin_; }
  const std::string& name() const { return context_->plugin; }

  /// Calls `function(self, arguments..., error)`; anything but OK is thrown as RetryError,
  /// RecordError or FatalError (OptionsError) with the plugin's message.
  template <typename Function, typename... Arguments>
  void call(Function function, Arguments... arguments) const {
    sluice_error error;
    check(function(self_, arguments..., &error), error);
  }

  void* self() const { return self_; }

 private:
  void check(sluice_status status, const sluice_error& error) const;

  const sluice_plugin* plugin_;
  std::uint32_t kind_;
  std::shared_ptr<const PluginConfig> source_;
  std::unique_ptr<sluice_context> context_;
  void* self_ = nullptr;
};

}  // namespace sluice
