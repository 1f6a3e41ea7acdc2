#pragma once

#include <cstdint>

#include "pipeline/flow.hpp"
#include "plugin/plugin_registry.hpp"
#include "plugins/script.hpp"

namespace sluice::test {

/// The plugin `scripted` as one of its kinds, bound to a script, which must outlive its instances.
PluginSpec scripted(std::uint32_t kind, Script& script);

/// A pipeline of scripted plugins with short delays, named `flow`: topic `in`, dead letters to
/// `dlq`, group `group`.
Flow scripted_flow(Script& script, const std::string& brokers = "127.0.0.1:1");

/// Its four stages.
PipelinePlugins scripted_plugins(Script& script);

}  // namespace sluice::test
