// A test kit: drives a plugin without a host. Link the plugin's objects (or dlopen the .so), pass
// its entry.
//
//   sluice::TestHost host;
//   auto decoder = host.create(sluice_plugin_entry, SLUICE_KIND_DECODER, R"({})"_json);
//   sluice_output out;
//   EXPECT_EQ(decoder.plugin().decoder->decode(decoder.self(), records, 1, &out, &decoder.error()),
//   SLUICE_OK);
//
// The configuration is passed as it is: the kit fills in no defaults.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sluice/host_side.hpp>
#include <sluice/json.hpp>

// What the kit records about one instance.
struct sluice_context {
  std::mutex mutex;
  std::vector<std::pair<std::int32_t, std::string>> log;
  std::map<std::string, double> counters;
  std::map<std::string, double> gauges;
  std::atomic<bool> stopping{false};
};

namespace sluice {

class TestHost {
 public:
  // Holds one instance and destroys it.
  class Instance {
   public:
    Instance(const sluice_plugin* plugin, std::uint32_t kind, const nlohmann::json& config)
        : plugin_(plugin), kind_(kind), context_(std::make_unique<sluice_context>()) {
      Arena arena;
      const sluice_value value = to_value(config, arena);
      if (plugin_->create(kind, &value, context_.get(), &self_, &error_) != SLUICE_OK) {
        throw std::runtime_error(error_.message);
      }
    }
    Instance(Instance&& other) noexcept
        : plugin_(other.plugin_),
          kind_(other.kind_),
          context_(std::move(other.context_)),
          self_(std::exchange(other.self_, nullptr)) {}
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
    Instance& operator=(Instance&&) = delete;
    ~Instance() {
      if (self_ != nullptr) plugin_->destroy(kind_, self_);
    }

    const sluice_plugin& plugin() const { return *plugin_; }
    void* self() const { return self_; }
    sluice_error& error() { return error_; }
    sluice_context& context() { return *context_; }

   private:
    const sluice_plugin* plugin_;
    std::uint32_t kind_;
    std::unique_ptr<sluice_context> context_;
    sluice_error error_;
    void* self_ = nullptr;
  };

  TestHost() {
    fill_output_functions(table_);
    table_.log = [](sluice_context* context, std::int32_t level, sluice_view message) {
      const std::lock_guard lock(context->mutex);
      context->log.emplace_back(level, to_string_view(message));
    };
    table_.stopping = [](sluice_context* context) { return context->stopping ? 1 : 0; };
    table_.counter_add = [](sluice_context* context, sluice_view name, double value) {
      const std::lock_guard lock(context->mutex);
      context->counters[std::string(to_string_view(name))] += value;
    };
    table_.gauge_set = [](sluice_context* context, sluice_view name, double value) {
      const std::lock_guard lock(context->mutex);
      context->gauges[std::string(to_string_view(name))] = value;
    };
    table_.histogram_observe = [](sluice_context*, sluice_view, double) {};
  }

  // The plugin's descriptor; throws if the plugin and this kit don't fit. The host must outlive all
  // use of it.
  const sluice_plugin* load(sluice_plugin_entry_fn entry) const {
    const sluice_plugin* const plugin = entry(&table_);
    const std::string problem = incompatibility(plugin);
    if (!problem.empty()) throw std::runtime_error(problem);
    return plugin;
  }

  Instance create(sluice_plugin_entry_fn entry, std::uint32_t kind,
                  const nlohmann::json& config) const {
    return Instance(load(entry), kind, config);
  }

  const sluice_host* table() const { return &table_; }

 private:
  sluice_host table_{};
};

}  // namespace sluice

// Defined by each plugin; for tests that link a plugin's objects.
extern "C" const sluice_plugin* sluice_plugin_entry(const sluice_host* host) noexcept;
