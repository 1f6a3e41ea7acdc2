#include "service/service_runner.hpp"

#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"

namespace sluice {
namespace {

constexpr std::chrono::seconds kHealthPeriod{2};

}  // namespace

ServiceRunner::ServiceRunner(std::string pipeline, ServiceSpec spec, Metrics& metrics)
    : pipeline_(std::move(pipeline)), spec_(std::move(spec)), metrics_(metrics) {}

void ServiceRunner::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { keep_running(stop); });
}

void ServiceRunner::stop(std::chrono::milliseconds timeout) {
  {
    const std::lock_guard lock(mutex_);
    stop_timeout_ = timeout;
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

ServiceStatus ServiceRunner::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void ServiceRunner::set_status(bool running, const std::string& trace) {
  const std::lock_guard lock(mutex_);
  if (trace != status_.trace && !trace.empty()) {
    spdlog::error("{}: service {}: {}", pipeline_, spec_.name, trace);
  }
  status_ = {running, trace};
}

void ServiceRunner::keep_running(const std::stop_token& stop) {
  Backoff backoff(std::chrono::milliseconds(500), std::chrono::seconds(30));
  while (!stop.stop_requested()) {
    try {
      const PluginInstance instance(spec_.plugin, pipeline_, &metrics_, stop);
      instance.call([&](void* self, sluice_error* error) {
        return instance.plugin().service->start(self, error);
      });
      spdlog::info("{}: service {} is running", pipeline_, spec_.name);
      set_status(true, {});
      watch(instance, stop);
      instance.plugin().service->stop(instance.self(), stop_timeout_.count());
      return;
    } catch (const std::exception& e) {
      set_status(false, e.what());
      wait(stop, backoff.next());
    }
  }
}

void ServiceRunner::watch(const PluginInstance& instance, const std::stop_token& stop) {
  do {
    try {
      instance.call([&](void* self, sluice_error* error) {
        return instance.plugin().service->health(self, error);
      });
      set_status(true, {});
    } catch (const std::exception& e) {
      set_status(true, e.what());
    }
  } while (wait(stop, kHealthPeriod));
}

}  // namespace sluice
