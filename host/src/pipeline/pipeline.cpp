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
// For so long it has yet to show that what made it fail is over.
constexpr std::chrono::seconds kProbation{10};

std::string probation_text(const TaskStatus& task, std::chrono::steady_clock::duration runs) {
  if (task.state != TaskState::kRunning || task.restarts == 0 || runs > kProbation) return "";
  return "started again " + std::to_string(std::chrono::floor<std::chrono::seconds>(runs).count()) +
         " s ago, after: " + task.trace;
}

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
    status_.push_back({static_cast<int>(i), TaskState::kUnassigned, {}, 0, false, {}});
    running_since_.emplace_back();
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
    task.warning = troubles_[i].warning();
    if (task.state == TaskState::kFailed) continue;
    auto trouble = troubles_[i].text();
    if (trouble.empty()) trouble = probation_text(task, Clock::now() - running_since_[i]);
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
    if (!stop.stop_requested()) set_restarting(number);
  }
}

void Pipeline::run_once(int number, const std::stop_token& stop) {
  PipelineMetrics metrics(metrics_, {{"pipeline", flow_.name}, {"task", std::to_string(number)}});
  const TaskListener listener{[this, number] { set_running(number); },
                              [this, number](const std::string& why) { set_failed(number, why); }};
  Task(flow_, number, metrics, troubles_[static_cast<std::size_t>(number)], listener).run(stop);
}

void Pipeline::set_running(int number) {
  const std::lock_guard lock(mutex_);
  auto& status = status_[static_cast<std::size_t>(number)];
  if (status.state == TaskState::kFailed) return;  // by a writer, meanwhile
  spdlog::info("{}: task {} is running", flow_.name, number);
  status.state = TaskState::kRunning;
  running_since_[static_cast<std::size_t>(number)] = Clock::now();
}

void Pipeline::set_restarting(int number) {
  const std::lock_guard lock(mutex_);
  auto& status = status_[static_cast<std::size_t>(number)];
  troubles_[static_cast<std::size_t>(number)].clear();
  ++status.restarts;
  status.state = TaskState::kRestarting;
}

// The first reason counts: what follows from it is no news.
void Pipeline::set_failed(int number, const std::string& trace) {
  const std::lock_guard lock(mutex_);
  auto& status = status_[static_cast<std::size_t>(number)];
  if (status.state == TaskState::kFailed) return;
  spdlog::error("{}: task {} failed: {}", flow_.name, number, trace);
  troubles_[static_cast<std::size_t>(number)].clear();
  status.state = TaskState::kFailed;
  status.trace = trace;
}

}  // namespace sluice
