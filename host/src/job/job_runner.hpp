#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/backoff.hpp"
#include "config/json.hpp"
#include "job/cron.hpp"
#include "job/job_host.hpp"
#include "metrics/metrics.hpp"
#include "pipeline/flow.hpp"
#include "plugin/plugin_instance.hpp"

namespace sluice {

/// A job as a pipeline configures it.
struct JobSpec {
  std::string name;
  PluginSpec plugin;
  std::optional<Cron> schedule;  ///< absent: only on demand
  std::chrono::milliseconds retry_initial{};
  std::chrono::milliseconds retry_max{};
  int max_attempts = 0;
  bool bootstrap = false;  ///< also run it when the index in use is yet to be filled
};

enum class JobState { kScheduled, kRunning, kRetrying, kSucceeded, kFailed };
const char* to_string(JobState state);

struct JobStatus {
  JobState state = JobState::kScheduled;
  JobProgress progress;
  std::string trace;             ///< why the last try failed
  int attempts = 0;              ///< of the present or last run
  Json result;                   ///< summary of the last run that succeeded
  bool is_due_at_start = false;  ///< bootstrap: the index in use is not known to be filled
  std::optional<std::chrono::system_clock::time_point> started;
  std::optional<std::chrono::system_clock::time_point> ended;
  std::optional<std::chrono::system_clock::time_point> next;
};

/// Runs a job when it is due or asked for, and retries a failed run with back-off. One with
/// `bootstrap` runs at the start too, if and until the index in use is filled. Thread-safe.
class JobRunner {
 public:
  /// `flow` must outlive this.
  JobRunner(const Flow& flow, JobSpec spec, Metrics& metrics);
  ~JobRunner() { stop(); }
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  /// Starts to keep the schedule.
  void start();
  void request_stop() { thread_.request_stop(); }
  void stop();

  /// Asks for a run now. False if one is under way.
  bool trigger();

  /// One run, retries included, in the calling thread. True if it succeeded.
  bool run_now(const std::stop_token& stop);

  const std::string& name() const { return spec_.name; }
  JobStatus status() const;

 private:
  void keep_schedule(const std::stop_token& stop);
  enum class Turn { kStop, kRun, kAsk };
  std::optional<std::chrono::system_clock::time_point> next_due() const;
  Turn wait_for_turn(const std::stop_token& stop,
                     std::optional<std::chrono::system_clock::time_point> due,
                     std::optional<std::chrono::system_clock::time_point> ask_at);
  std::optional<std::chrono::milliseconds> fill_if_needed(const std::stop_token& stop);
  enum class Purpose { kOnce, kFill };
  bool run(Purpose purpose, const std::stop_token& stop);
  enum class Waited { kToTheEnd, kStopped, kFilled };
  Waited wait_for_next_try(Purpose purpose, std::chrono::milliseconds delay,
                           const std::stop_token& stop);
  bool is_filled(const std::stop_token& stop) const;
  void run_once(const std::stop_token& stop);
  void give_up(const JobStatus& failed);
  void report(const JobProgress& progress);
  template <typename Change>
  void update(Change change);

  const Flow& flow_;
  const JobSpec spec_;
  Metrics& metrics_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  bool triggered_ = false;
  JobStatus status_;
  Backoff between_questions_;  ///< whether the index is filled, or someone else has filled it
  Backoff between_fillings_;   ///< runs that were to fill it, while it is not
  std::chrono::steady_clock::time_point next_filling_{};
  std::chrono::steady_clock::time_point last_log_{};
  std::jthread thread_;
};

}  // namespace sluice
