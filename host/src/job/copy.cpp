#include "job/copy.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <spdlog/spdlog.h>
#include <thread>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/settler.hpp"
#include "pipeline/stages.hpp"

namespace sluice {
namespace {

// A range that keeps failing fails the run: the job's own back-off is the longer one.
constexpr int kMaxAttempts = 8;

// More ranges than readers, so that none ends up with a long one alone.
constexpr std::size_t kRangesForEachReader = 4;

constexpr std::chrono::seconds kReportEvery{1};
constexpr int kReportsForEachSave = 2;

struct Range {
  std::string cursor;  // all before it is settled
  bool is_done = false;
  bool has_unresolved = false;  // then the cursor stays, so that another run comes by here
};

class Copy {
 public:
  Copy(const Flow& flow, Metrics& metrics, const CopyOptions& options, CopyState state,
       const std::stop_token& stop)
      : flow_(flow),
        metrics_(metrics),
        options_(options),
        snapshot_(std::move(state.snapshot)),
        documents_(state.documents),
        outer_stop_(stop, [this] { stop_.request_stop(); }) {
    for (auto& cursor : state.ranges) ranges_.push_back({std::move(cursor)});
  }

  CopyResult run() {
    options_.save(state());
    {
      std::vector<std::jthread> threads;
      left_ = options_.readers;
      for (std::size_t i = 0; i < options_.readers; ++i) {
        threads.emplace_back([this] { read_ranges(); });
      }
      report_until_done();
    }
    const CopyState end = state();
    options_.save(end);
    if (failure_) std::rethrow_exception(failure_);
    options_.on_progress(end);
    return {documents_, unresolved_};
  }

 private:
  void read_ranges() {
    try {
      WritingStages stages(flow_.plugins, flow_.name, &metrics_, stop_.get_token());
      while (Range* const range = next_range()) read_range(stages, *range);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stop_.request_stop();
    }
    const std::lock_guard lock(mutex_);
    --left_;
    ended_.notify_all();
  }

  Range* next_range() {
    const std::lock_guard lock(mutex_);
    return next_ == ranges_.size() ? nullptr : &ranges_[next_++];
  }

  void read_range(WritingStages& stages, Range& range) {
    std::string cursor = range.cursor;
    Backoff backoff(flow_.config.errors.retry.initial, flow_.config.errors.retry.max);
    while (true) {
      if (stop_.stop_requested()) throw RetryError("stopped");
      try {
        auto page = stages.scan(options_.target, cursor, options_.page);
        const auto settled = settle_rest(stages, std::move(page.unsettled));
        settle_page(range, page.next, page.written + settled.documents, settled.unresolved);
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

  void settle_page(Range& range, const std::optional<std::string>& next, std::int64_t documents,
                   std::int64_t unresolved) {
    const std::lock_guard lock(mutex_);
    unresolved_ += unresolved;
    range.has_unresolved = range.has_unresolved || unresolved > 0;
    if (range.has_unresolved) return;
    documents_ += documents;
    if (next) {
      range.cursor = *next;
    } else {
      range.is_done = true;
    }
  }

  // A document that could not be written is read again by its key, never written again as it was.
  Settled settle_rest(WritingStages& stages,
                      std::vector<std::pair<std::string, KeyResult>> unsettled) {
    std::int64_t failed = 0;
    std::vector<UnsettledKey> keys;
    for (auto& [id, result] : unsettled) {
      if (result.outcome == SLUICE_ITEM_ERROR) {
        spdlog::error("{}: document {}: {}", flow_.name, id, result.reason);
        ++failed;
      } else {
        keys.push_back({std::move(id), {}});
      }
    }
    auto settled = settle(flow_, stages, options_.target, std::move(keys), stop_.get_token());
    settled.unresolved += failed;
    return settled;
  }

  void report_until_done() {
    std::unique_lock lock(mutex_);
    for (int reports = 1; !ended_.wait_for(lock, kReportEvery, [this] { return left_ == 0; });
         ++reports) {
      lock.unlock();
      const CopyState now = state();
      options_.on_progress(now);
      if (reports % kReportsForEachSave == 0) options_.save(now);
      lock.lock();
    }
  }

  CopyState state() const {
    const std::lock_guard lock(mutex_);
    CopyState state{snapshot_, {}, documents_};
    for (const auto& range : ranges_) {
      if (!range.is_done) state.ranges.push_back(range.cursor);
    }
    return state;
  }

  const Flow& flow_;
  Metrics& metrics_;
  const CopyOptions& options_;
  const std::string snapshot_;
  mutable std::mutex mutex_;  // guards what follows, up to the failure
  std::vector<Range> ranges_;
  std::size_t next_ = 0;
  std::int64_t documents_ = 0;
  std::int64_t unresolved_ = 0;
  std::size_t left_ = 0;
  std::exception_ptr failure_;
  std::condition_variable ended_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> outer_stop_;
};

}  // namespace

CopyState new_copy(WritingStages& stages, std::size_t readers) {
  // The snapshot first: what it sees, every page sees.
  CopyState state{stages.snapshot(), {}, 0};
  state.ranges = stages.ranges(readers * kRangesForEachReader);
  return state;
}

CopyResult copy_rest(const Flow& flow, Metrics& metrics, const CopyOptions& options,
                     CopyState state, const std::stop_token& stop) {
  return Copy(flow, metrics, options, std::move(state), stop).run();
}

}  // namespace sluice
