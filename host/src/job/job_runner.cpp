#include "job/job_runner.hpp"

#include <spdlog/spdlog.h>

#include <sluice/json.hpp>
#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"

namespace sluice {

using WallClock = std::chrono::system_clock;

const char* to_string(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return "RUNNING";
    case JobState::kRetrying:
      return "RETRYING";
    case JobState::kSucceeded:
      return "SUCCEEDED";
    case JobState::kFailed:
      return "FAILED";
    default:
      return "SCHEDULED";
  }
}

JobRunner::JobRunner(const Flow& flow, JobSpec spec, Metrics& metrics)
    : flow_(flow), spec_(std::move(spec)), metrics_(metrics) {}

template <typename Change>
void JobRunner::update(Change change) {
  const std::lock_guard lock(mutex_);
  change(status_);
}

JobStatus JobRunner::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void JobRunner::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { keep_schedule(stop); });
}

void JobRunner::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool JobRunner::trigger() {
  const std::lock_guard lock(mutex_);
  if (status_.state == JobState::kRunning || status_.state == JobState::kRetrying) return false;
  triggered_ = true;
  wake_.notify_all();
  return true;
}

void JobRunner::keep_schedule(const std::stop_token& stop) {
  while (wait_until_due(stop)) run_now(stop);
}

// The wall clock is asked anew every so often: it may be set, or the machine may have slept.
bool JobRunner::wait_until_due(const std::stop_token& stop) {
  const auto due =
      spec_.schedule ? std::optional(spec_.schedule->next(WallClock::now())) : std::nullopt;
  std::unique_lock lock(mutex_);
  status_.next = due;
  while (!stop.stop_requested()) {
    if (std::exchange(triggered_, false)) return true;
    if (due && WallClock::now() >= *due) return true;
    wake_.wait_for(lock, stop, std::chrono::seconds(10),
                   [&] { return triggered_ || (due && WallClock::now() >= *due); });
  }
  return false;
}

bool JobRunner::run_now(const std::stop_token& stop) {
  Backoff backoff(spec_.retry_initial, spec_.retry_max);
  update([](JobStatus& status) {
    status.started = WallClock::now();
    status.ended.reset();
    status.attempts = 0;
  });
  while (true) {
    bool retry = true;
    try {
      update([](JobStatus& status) {
        status.state = JobState::kRunning;
        ++status.attempts;
      });
      run_once(stop);
      return true;
    } catch (const RetryError& e) {
      update([&](JobStatus& status) { status.trace = e.what(); });
    } catch (const std::exception& e) {
      update([&](JobStatus& status) { status.trace = e.what(); });
      retry = false;
    }
    const auto failed = status();
    if (retry && failed.attempts < spec_.max_attempts) {
      const auto delay = backoff.next();
      spdlog::warn("{}: job {}: {} (tried again in {} ms)", flow_.name, spec_.name, failed.trace,
                   delay.count());
      update([](JobStatus& status) { status.state = JobState::kRetrying; });
      if (wait(stop, delay)) continue;
    }
    give_up(failed);
    return false;
  }
}

void JobRunner::give_up(const JobStatus& failed) {
  spdlog::error("{}: job {} failed after {} attempts: {}", flow_.name, spec_.name, failed.attempts,
                failed.trace);
  metrics_
      .counter("sluice_job_failures_total", "Runs of a job that failed, retries included",
               {{"pipeline", flow_.name}, {"job", spec_.name}})
      .Increment();
  update([](JobStatus& status) {
    status.state = JobState::kFailed;
    status.ended = WallClock::now();
  });
}

void JobRunner::run_once(const std::stop_token& stop) {
  spdlog::info("{}: job {} starts", flow_.name, spec_.name);
  const auto began = std::chrono::steady_clock::now();
  const PluginInstance job(spec_.plugin, flow_.name, &metrics_, stop);
  sluice_job_host host(flow_, metrics_, stop,
                       [this](const JobProgress& progress) { report(progress); });
  const sluice_value* result = nullptr;
  job.call([&](void* self, sluice_error* error) {
    return job.plugin().job->run(self, &job_api(), &host, &result, error);
  });
  const Json summary = result == nullptr ? Json() : Json(to_json(Value(result)));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  spdlog::info("{}: job {} is done in {:.1f} s: {}", flow_.name, spec_.name, took.count(),
               summary.dump());
  metrics_
      .gauge("sluice_job_last_success_timestamp_seconds", "When a job last succeeded",
             {{"pipeline", flow_.name}, {"job", spec_.name}})
      .SetToCurrentTime();
  update([&](JobStatus& status) {
    status.state = JobState::kSucceeded;
    status.result = summary;
    status.trace.clear();
    status.ended = WallClock::now();
  });
}

void JobRunner::report(const JobProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  bool is_news = false;
  update([&](JobStatus& status) {
    is_news = status.progress.step != progress.step || now - last_log_ > std::chrono::seconds(5);
    if (is_news) last_log_ = now;
    status.progress = progress;
  });
  if (!is_news) return;
  spdlog::info("{}: job {}: {} {}{}", flow_.name, spec_.name, progress.step, progress.done,
               progress.total > 0 ? "/" + std::to_string(progress.total) : "");
}

}  // namespace sluice
