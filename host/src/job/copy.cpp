#include "job/copy.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <spdlog/spdlog.h>
#include <thread>
#include <vector>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/settler.hpp"
#include "pipeline/stages.hpp"

namespace sluice {
namespace {

// A range that keeps failing fails the run: the job's own back-off is the longer one.
constexpr int kMaxAttempts = 8;

class Copy {
 public:
  Copy(const Flow& flow, Metrics& metrics, std::string_view target, std::size_t page,
       const std::stop_token& stop)
      : flow_(flow), metrics_(metrics), target_(target), page_(page), outer_stop_(stop, [this] {
          stop_.request_stop();
        }) {}

  CopyProgress run(std::size_t readers, const std::function<void(std::int64_t)>& on_progress) {
    WritingStages stages(flow_.plugins, flow_.name, &metrics_, stop_.get_token());
    // More ranges than readers, so that none ends up with a long one alone.
    for (auto& range : stages.ranges(readers * 4)) ranges_.push_back(std::move(range));
    {
      std::vector<std::jthread> threads;
      left_ = static_cast<int>(readers);
      for (std::size_t i = 0; i < readers; ++i) threads.emplace_back([this] { read_ranges(); });
      report_until_done(on_progress);
    }
    if (failure_) std::rethrow_exception(failure_);
    on_progress(documents_);
    return {documents_, unresolved_};
  }

 private:
  void read_ranges() {
    try {
      WritingStages stages(flow_.plugins, flow_.name, &metrics_, stop_.get_token());
      while (auto range = next_range()) read_range(stages, std::move(*range));
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stop_.request_stop();
    }
    const std::lock_guard lock(mutex_);
    --left_;
    ended_.notify_all();
  }

  std::optional<std::string> next_range() {
    const std::lock_guard lock(mutex_);
    if (ranges_.empty()) return std::nullopt;
    auto range = std::move(ranges_.front());
    ranges_.pop_front();
    return range;
  }

  void read_range(WritingStages& stages, std::string cursor) {
    Backoff backoff(flow_.config.errors.retry.initial, flow_.config.errors.retry.max);
    while (true) {
      if (stop_.stop_requested()) throw RetryError("stopped");
      try {
        auto page = stages.scan(target_, cursor, page_);
        documents_ += page.written;
        settle_rest(stages, std::move(page.unsettled));
        backoff.reset();
        if (!page.next) return;
        cursor = std::move(*page.next);
      } catch (const RetryError& e) {
        if (backoff.attempts() >= kMaxAttempts) throw;
        const auto delay = backoff.next();
        spdlog::warn("{}: {} (tried again in {} ms)", flow_.name, e.what(), delay.count());
        if (!wait(stop_.get_token(), delay)) throw;
      }
    }
  }

  // A document that could not be written is read again by its key, never written again as it was.
  void settle_rest(WritingStages& stages,
                   std::vector<std::pair<std::string, KeyResult>> unsettled) {
    std::vector<UnsettledKey> keys;
    for (auto& [id, result] : unsettled) {
      if (result.outcome == SLUICE_ITEM_ERROR) {
        spdlog::error("{}: document {}: {}", flow_.name, id, result.reason);
        ++unresolved_;
      } else {
        keys.push_back({std::move(id), {}});
      }
    }
    const auto settled = settle(flow_, stages, target_, std::move(keys), stop_.get_token());
    documents_ += settled.documents;
    unresolved_ += settled.unresolved;
  }

  void report_until_done(const std::function<void(std::int64_t)>& on_progress) {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, std::chrono::seconds(1), [this] { return left_ == 0; })) {
      lock.unlock();
      on_progress(documents_);
      lock.lock();
    }
  }

  const Flow& flow_;
  Metrics& metrics_;
  const std::string target_;
  const std::size_t page_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> outer_stop_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::deque<std::string> ranges_;
  int left_ = 0;
  std::exception_ptr failure_;
  std::atomic<std::int64_t> documents_{0};
  std::atomic<std::int64_t> unresolved_{0};
};

}  // namespace

CopyProgress copy_all(const Flow& flow, Metrics& metrics, std::string_view target,
                      std::size_t readers, std::size_t page, const std::stop_token& stop,
                      const std::function<void(std::int64_t)>& on_progress) {
  return Copy(flow, metrics, target, page, stop).run(readers, on_progress);
}

}  // namespace sluice
