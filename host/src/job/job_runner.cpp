#include "job/job_runner.hpp"

#include <spdlog/spdlog.h>

#include <sluice/json.hpp>
#include <sluice/sdk.hpp>

#include "base/wait.hpp"
#include "job/bootstrap.hpp"

namespace sluice {

using WallClock = std::chrono::system_clock;
using SteadyClock = std::chrono::steady_clock;

namespace {

// A server that comes back is to be noticed soon.
constexpr std::chrono::milliseconds kFirstQuestion{1000};
constexpr std::chrono::milliseconds kLongestPause{30000};

}  // namespace

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
    : flow_(flow),
      spec_(std::move(spec)),
      metrics_(metrics),
      between_questions_(std::min(spec_.retry_initial, kFirstQuestion),
                         std::min(spec_.retry_max, kLongestPause)),
      between_fillings_(spec_.retry_initial, spec_.retry_max) {
  status_.is_due_at_start = spec_.bootstrap;
}

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
  auto ask_at = spec_.bootstrap ? std::optional(WallClock::now()) : std::nullopt;
  auto due = next_due();
  while (true) {
    const auto turn = wait_for_turn(stop, due, ask_at);
    if (turn == Turn::kStop) return;
    if (turn == Turn::kRun) {
      run_now(stop);
      due = next_due();
      continue;
    }
    const auto pause = fill_if_needed(stop);
    ask_at = pause ? std::optional(WallClock::now() + *pause) : std::nullopt;
  }
}

std::optional<WallClock::time_point> JobRunner::next_due() const {
  if (!spec_.schedule) return std::nullopt;
  return spec_.schedule->next(WallClock::now());
}

// The wall clock is asked anew every so often: it may be set, or the machine may have slept.
JobRunner::Turn JobRunner::wait_for_turn(const std::stop_token& stop,
                                         std::optional<WallClock::time_point> due,
                                         std::optional<WallClock::time_point> ask_at) {
  const auto has_come = [](const auto& time) { return time && WallClock::now() >= *time; };
  std::unique_lock lock(mutex_);
  status_.next = due;
  while (!stop.stop_requested()) {
    if (std::exchange(triggered_, false) || has_come(due)) return Turn::kRun;
    if (has_come(ask_at)) return Turn::kAsk;
    const auto until = std::min(ask_at.value_or(WallClock::time_point::max()),
                                due.value_or(WallClock::time_point::max()));
    const auto longest = WallClock::now() + std::chrono::seconds(10);
    wake_.wait_until(lock, stop, std::min(until, longest), [&] { return triggered_; });
  }
  return Turn::kStop;
}

// How long to wait before asking again; nullopt once the index is filled.
std::optional<std::chrono::milliseconds> JobRunner::fill_if_needed(const std::stop_token& stop) {
  try {
    if (!needs_filling(flow_, metrics_, stop)) {
      spdlog::info("{}: the index in use is filled", flow_.name);
      update([](JobStatus& status) {
        status.is_due_at_start = false;
        if (status.state == JobState::kScheduled) status.trace.clear();
      });
      return std::nullopt;
    }
  } catch (const std::exception& e) {
    const auto pause = between_questions_.next();
    update([&](JobStatus& status) {  // why a run has failed says more
      if (status.state == JobState::kScheduled) status.trace = e.what();
    });
    spdlog::warn(
        "{}: job {}: whether the index in use is filled is not known: {} (asked again in {} ms)",
        flow_.name, spec_.name, e.what(), pause.count());
    return pause;
  }
  if (SteadyClock::now() < next_filling_) return between_questions_.next();
  spdlog::info("{}: job {} is to fill the index in use", flow_.name, spec_.name);
  run(Purpose::kFill, stop);
  between_questions_.reset();
  next_filling_ = SteadyClock::now() + between_fillings_.next();
  return std::chrono::milliseconds(0);
}

bool JobRunner::run_now(const std::stop_token& stop) {
  return run(Purpose::kOnce, stop);
}

bool JobRunner::run(Purpose purpose, const std::stop_token& stop) {
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
      const auto waited = wait_for_next_try(purpose, delay, stop);
      if (waited == Waited::kToTheEnd) continue;
      if (waited == Waited::kFilled) {
        update([](JobStatus& status) {
          status.state = JobState::kScheduled;
          status.trace.clear();
          status.ended = WallClock::now();
        });
        return true;
      }
    }
    give_up(failed);
    return false;
  }
}

// Another host, or an operator's run, may fill the index meanwhile.
JobRunner::Waited JobRunner::wait_for_next_try(Purpose purpose, std::chrono::milliseconds delay,
                                               const std::stop_token& stop) {
  if (purpose == Purpose::kOnce) return wait(stop, delay) ? Waited::kToTheEnd : Waited::kStopped;
  between_questions_.reset();
  for (auto left = delay; left.count() > 0;) {
    const auto pause = std::min(left, between_questions_.next());
    if (!wait(stop, pause)) return Waited::kStopped;
    if (is_filled(stop)) return Waited::kFilled;
    left -= pause;
  }
  return Waited::kToTheEnd;
}

// False, too, if it is not known: the next try will tell.
bool JobRunner::is_filled(const std::stop_token& stop) const {
  try {
    return !needs_filling(flow_, metrics_, stop);
  } catch (const std::exception&) {
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
