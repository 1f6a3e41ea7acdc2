#include "plugin/plugin_instance.hpp"

#include <sluice/json.hpp>

namespace sluice {

PluginInstance::PluginInstance(const PluginSpec& spec, const std::string& pipeline,
                               Metrics* metrics, std::stop_token stop)
    : plugin_(&spec.library->descriptor()),
      kind_(spec.kind),
      source_(spec.source),
      context_(new sluice_context{pipeline, plugin_->name, metrics, std::move(stop)}) {
  Arena arena;
  const sluice_value config = to_value(spec.config, arena);
  sluice_error error;
  check(plugin_->create(kind_, &config, context_.get(), &self_, &error), error);
}

PluginInstance::~PluginInstance() {
  if (self_ != nullptr) plugin_->destroy(kind_, self_);
}

void PluginInstance::check(sluice_status status, const sluice_error& error) const {
  if (status == SLUICE_OK) return;
  if (status == SLUICE_FATAL && source_ != nullptr) {
    Problems problems = problems_of_options(*source_, error.message);
    if (!problems.empty()) throw OptionsError(std::move(problems));
  }
  const std::string message = context_->plugin + ": " + error.message;
  if (status == SLUICE_RETRY) throw RetryError(message);
  if (status == SLUICE_RECORD_ERROR) throw RecordError(message);
  throw FatalError(message);
}

}  // namespace sluice
