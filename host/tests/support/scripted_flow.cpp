#include "support/scripted_flow.hpp"

#include "plugin/context.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// The hooks of a script run in the test's own code, which emits through this.
const bool kLinked = [] {
  detail::host = &host_table();
  return true;
}();

PluginRegistry& registry() {
  static PluginRegistry plugins({SLUICE_TEST_PLUGINS});
  return plugins;
}

}  // namespace

PluginSpec scripted(std::uint32_t kind, Script& script) {
  return {&registry().find("scripted", kind), kind,
          Json{{"script", reinterpret_cast<std::int64_t>(&script)}}};
}

PipelinePlugins scripted_plugins(Script& script) {
  return {scripted(SLUICE_KIND_DECODER, script),
          {},
          scripted(SLUICE_KIND_DENORMALIZER, script),
          scripted(SLUICE_KIND_SINK, script)};
}

Flow scripted_flow(Script& script, const std::string& brokers) {
  Flow flow;
  flow.name = "flow";
  flow.shutdown_timeout = 5s;
  flow.plugins = scripted_plugins(script);
  auto& config = flow.config;
  config.source.brokers = brokers;
  config.source.group_id = "group";
  config.source.topics = {"in"};
  config.source.start = "earliest";
  config.tasks = 1;
  config.coalesce = {.max_keys = 50,
                     .max_delay = 20ms,
                     .hot_pause = 0ms,
                     .bulk_max_keys = 1000,
                     .max_pending_keys = 20000,
                     .max_pending_bytes = 64 << 20,
                     .writers = 2};
  config.errors.tolerance = ErrorTolerance::kAll;
  config.errors.dead_letter_topic = "dlq";
  config.errors.retry = {10ms, 100ms};
  config.errors.visibility_timeout = 10s;
  config.fanout = {10, 4};
  return flow;
}

}  // namespace sluice::test
