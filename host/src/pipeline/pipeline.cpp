#include "pipeline/pipeline.hpp"

#include <spdlog/spdlog.h>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/coalescer.hpp"
#include "pipeline/pipeline_metrics.hpp"
#include "pipeline/task.hpp"

namespace sluice {
namespace {

// A task that has run for so long before it failed starts its back-off anew.
constexpr std::chrono::minutes kHealthy{1};

}  // namespace

const char* to_string(TaskState state) {
  switch (state) {
    case TaskState::kRunning:
      return "RUNNING";
    case TaskState::kFailed:
      return "FAILED";
    case TaskState::kRestarting:
      return "RESTARTING";
    default:
      return "UNASSIGNED";
  }
}

Pipeline::Pipeline(Flow flow, Metrics& metrics) : flow_(std::move(flow)), metrics_(metrics) {
  for (std::size_t i = 0; i < flow_.config.tasks; ++i) {
    status_.push_back({static_cast<int>(i), TaskState::kUnassigned, {}, 0, false});
    troubles_.emplace_back();
  }
}

void Pipeline::start() {
  for (std::size_t i = 0; i < flow_.config.tasks; ++i) {
    threads_.emplace_back(
        [this, i](const std::stop_token& stop) { supervise(static_cast<int>(i), stop); });
  }
}

void Pipeline::request_stop() {
  for (auto& thread : threads_) thread.request_stop();
}

void Pipeline::stop() {
  request_stop();
  threads_.clear();
}

std::vector<TaskStatus> Pipeline::tasks() const {
  const std::lock_guard lock(mutex_);
  auto tasks = status_;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto& task = tasks[i];
    if (task.state == TaskState::kFailed) continue;
    auto trouble = troubles_[i].text();
    task.gets_on = task.state == TaskState::kRunning && trouble.empty();
    if (!trouble.empty()) task.trace = std::move(trouble);
  }
  return tasks;
}

void Pipeline::supervise(int number, const std::stop_token& stop) {
  Backoff backoff(std::chrono::seconds(1), std::chrono::minutes(1));
  while (!stop.stop_requested()) {
    const auto began = Clock::now();
    try {
      run_once(number, stop);
    } catch (const std::exception& e) {
      if (stop.stop_requested()) return;
      set_failed(number, e.what());
    }
    if (stop.stop_requested()) return;
    if (Clock::now() - began > kHealthy) backoff.reset();
    const auto delay = backoff.next();
    spdlog::info("{}: task {} starts again in {} ms", flow_.name, number, delay.count());
    wait(stop, delay);
    if (!stop.stop_requested()) set_state(number, TaskState::kRestarting);
  }
}

void Pipeline::run_once(int number, const std::stop_token& stop) {
  PipelineMetrics metrics(metrics_, {{"pipeline", flow_.name}, {"task", std::to_string(number)}});
  Task task(flow_, number, metrics, troubles_[static_cast<std::size_t>(number)]);
  task.run(stop, [&] {
    spdlog::info("{}: task {} is running", flow_.name, number);
    set_state(number, TaskState::kRunning);
  });
}

void Pipeline::set_state(int number, TaskState state) {
  const std::lock_guard lock(mutex_);
  auto& status = status_[static_cast<std::size_t>(number)];
  if (state == TaskState::kRestarting) ++status.restarts;
  status.state = state;
}

void Pipeline::set_failed(int number, const std::string& trace) {
  spdlog::error("{}: task {} failed: {}", flow_.name, number, trace);
  const std::lock_guard lock(mutex_);
  troubles_[static_cast<std::size_t>(number)].clear();
  auto& status = status_[static_cast<std::size_t>(number)];
  status.state = TaskState::kFailed;
  status.trace = trace;
}

}  // namespace sluice
