#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "metrics/metrics.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/trouble.hpp"

namespace sluice {

/// Kafka Connect's words for it.
enum class TaskState { kUnassigned, kRunning, kFailed, kRestarting };
const char* to_string(TaskState state);

struct TaskStatus {
  int id = 0;
  TaskState state = TaskState::kUnassigned;
  /// What it waits for or retries now, or that it was started again a moment ago, or else why it
  /// failed last.
  std::string trace;
  int restarts = 0;
  bool gets_on = false;  ///< it runs, has done so for 10 s if it had failed, and is not stuck
  std::string warning;   ///< what an operator should look at all the same
};

/// Runs a flow's tasks, and starts failed ones anew with back-off. Other pipelines are not
/// affected. Thread-safe.
class Pipeline {
 public:
  Pipeline(Flow flow, Metrics& metrics);
  ~Pipeline() { stop(); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void start();
  /// Asks all tasks to drain; stop() waits for them.
  void request_stop();
  void stop();

  const Flow& flow() const { return flow_; }
  std::vector<TaskStatus> tasks() const;

 private:
  struct Supervised {
    TaskStatus status;  ///< its trace: why the task failed last
    std::chrono::steady_clock::time_point running_since;
    Trouble trouble;
  };

  void supervise(Supervised& task, const std::stop_token& stop);
  void run_once(Supervised& task, const std::stop_token& stop);
  void set_running(Supervised& task);
  void set_restarting(Supervised& task);
  void set_failed(Supervised& task, const std::string& trace);

  const Flow flow_;
  Metrics& metrics_;
  mutable std::mutex mutex_;
  std::deque<Supervised> tasks_;  ///< their trouble guards itself; the rest is guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace sluice
