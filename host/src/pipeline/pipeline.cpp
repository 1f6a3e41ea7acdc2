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
    tasks_.emplace_back().status.id = static_cast<int>(i);
  }
}

void Pipeline::start() {
  for (auto& task : tasks_) {
    threads_.emplace_back([this, &task](const std::stop_token& stop) { supervise(task, stop); });
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
  std::vector<TaskStatus> tasks;
  for (const auto& task : tasks_) {
    auto& status = tasks.emplace_back(task.status);
    status.warning = task.trouble.warning();
    if (status.state == TaskState::kFailed) continue;
    auto trouble = task.trouble.text();
    if (trouble.empty()) trouble = probation_text(status, Clock::now() - task.running_since);
    status.gets_on = status.state == TaskState::kRunning && trouble.empty();
    if (!trouble.empty()) status.trace = std::move(trouble);
  }
  return tasks;
}

void Pipeline::supervise(Supervised& task, const std::stop_token& stop) {
  Backoff backoff(std::chrono::seconds(1), std::chrono::minutes(1));
  while (!stop.stop_requested()) {
    const auto began = Clock::now();
    try {
      run_once(task, stop);
    } catch (const std::exception& e) {
      if (stop.stop_requested()) return;
      set_failed(task, e.what());
    }
    if (stop.stop_requested()) return;
    if (Clock::now() - began > kHealthy) backoff.reset();
    const auto delay = backoff.next();
    spdlog::info("{}: task {} starts again in {} ms", flow_.name, task.status.id, delay.count());
    wait(stop, delay);
    if (!stop.stop_requested()) set_restarting(task);
  }
}

void Pipeline::run_once(Supervised& task, const std::stop_token& stop) {
  const int number = task.status.id;
  PipelineMetrics metrics(metrics_, {{"pipeline", flow_.name}, {"task", std::to_string(number)}});
  const TaskListener listener{[&] { set_running(task); },
                              [&](const std::string& why) { set_failed(task, why); }};
  Task(flow_, number, metrics, task.trouble, listener).run(stop);
}

void Pipeline::set_running(Supervised& task) {
  const std::lock_guard lock(mutex_);
  if (task.status.state == TaskState::kFailed) return;  // by a writer, meanwhile
  spdlog::info("{}: task {} is running", flow_.name, task.status.id);
  task.status.state = TaskState::kRunning;
  task.running_since = Clock::now();
}

void Pipeline::set_restarting(Supervised& task) {
  const std::lock_guard lock(mutex_);
  task.trouble.clear();
  ++task.status.restarts;
  task.status.state = TaskState::kRestarting;
}

// The first reason counts: what follows from it is no news.
void Pipeline::set_failed(Supervised& task, const std::string& trace) {
  const std::lock_guard lock(mutex_);
  if (task.status.state == TaskState::kFailed) return;
  spdlog::error("{}: task {} failed: {}", flow_.name, task.status.id, trace);
  task.trouble.clear();
  task.status.state = TaskState::kFailed;
  task.status.trace = trace;
}

}  // namespace sluice
