#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "metrics/metrics.hpp"
#include "plugin/plugin_instance.hpp"

namespace sluice {

struct ServiceSpec {
  std::string name;
  PluginSpec plugin;
};

struct ServiceStatus {
  bool running = false;
  std::string trace;  ///< why it is not running, or what health says is wrong
};

/// Starts a service, again with back-off if that fails, and asks after its health. Thread-safe.
class ServiceRunner {
 public:
  ServiceRunner(std::string pipeline, ServiceSpec spec, Metrics& metrics);
  ~ServiceRunner() { stop(std::chrono::seconds(5)); }
  ServiceRunner(const ServiceRunner&) = delete;
  ServiceRunner& operator=(const ServiceRunner&) = delete;

  void start();
  /// Lets requests under way end.
  void stop(std::chrono::milliseconds timeout);

  const std::string& name() const { return spec_.name; }
  ServiceStatus status() const;

 private:
  void keep_running(const std::stop_token& stop);
  void watch(const PluginInstance& instance, const std::stop_token& stop);
  void set_status(bool running, const std::string& trace);

  const std::string pipeline_;
  const ServiceSpec spec_;
  Metrics& metrics_;
  mutable std::mutex mutex_;
  ServiceStatus status_{false, "not started"};
  std::chrono::milliseconds stop_timeout_{5000};
  std::jthread thread_;
};

}  // namespace sluice
