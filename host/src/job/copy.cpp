#include "job/copy.hpp"

#include <mutex>
#include <spdlog/spdlog.h>

#include "base/workers.hpp"
#include "job/retried.hpp"
#include "pipeline/settler.hpp"
#include "pipeline/stages.hpp"

namespace sluice {
namespace {

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
        stop_(stop),
        documents_(state.documents) {
    for (auto& cursor : state.ranges) ranges_.push_back({std::move(cursor)});
  }

  CopyResult run() {
    options_.save(state());
    try {
      run_workers(
          options_.readers, stop_, [this](const auto& stop) { read_ranges(stop); }, kReportEvery,
          [this, reports = 0]() mutable { report(++reports); });
    } catch (...) {
      options_.save(state());
      throw;
    }
    const CopyState end = state();
    options_.save(end);
    options_.on_progress(end);
    return {documents_, unresolved_};
  }

 private:
  void read_ranges(const std::stop_token& stop) {
    WritingStages stages(flow_.plugins, flow_.name, &metrics_, stop);
    while (Range* const range = next_range()) read_range(stages, *range, stop);
  }

  Range* next_range() {
    const std::lock_guard lock(mutex_);
    return next_ == ranges_.size() ? nullptr : &ranges_[next_++];
  }

  void read_range(WritingStages& stages, Range& range, const std::stop_token& stop) {
    std::optional<std::string> cursor = range.cursor;
    while (cursor) {
      cursor = retried(flow_, stop, [&] {
        auto page = stages.scan(options_.target, *cursor, options_.page);
        const auto settled = settle_rest(stages, std::move(page.unsettled), stop);
        settle_page(range, page.next, page.written + settled.documents, settled.unresolved);
        return std::move(page.next);
      });
    }
  }

  void settle_page(Range& range, const std::optional<std::string>& next, std::int64_t documents,
                   const Unresolved& unresolved) {
    const std::lock_guard lock(mutex_);
    unresolved_.add(unresolved);
    range.has_unresolved = range.has_unresolved || unresolved.count() > 0;
    if (range.has_unresolved) return;
    documents_ += documents;
    if (next) {
      range.cursor = *next;
    } else {
      range.is_done = true;
    }
  }

  // A document that could not be written is read again by its key, never written again as it was.
  // One that failed for good, be it that none can be made of its row, must not be missing silently.
  Settled settle_rest(WritingStages& stages,
                      std::vector<std::pair<std::string, KeyResult>> unsettled,
                      const std::stop_token& stop) {
    Unresolved failed;
    std::vector<UnsettledKey> keys;
    for (auto& [id, result] : unsettled) {
      if (result.outcome == SLUICE_ITEM_ERROR) {
        spdlog::error("{}: document {}: {}: {}", flow_.name, id.empty() ? "without a known id" : id,
                      result.plugin, result.reason);
        failed.add(id, result.reason);
      } else {
        keys.push_back({std::move(id), {}});
      }
    }
    auto settled = settle(flow_, stages, options_.target, std::move(keys), stop);
    settled.unresolved.add(failed);
    return settled;
  }

  void report(int reports) {
    const CopyState now = state();
    options_.on_progress(now);
    if (reports % kReportsForEachSave == 0) options_.save(now);
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
  const std::stop_token stop_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Range> ranges_;
  std::size_t next_ = 0;
  std::int64_t documents_ = 0;
  Unresolved unresolved_;
};

}  // namespace

CopyState new_copy(WritingStages& stages, std::size_t readers) {
  // The snapshot first: what it sees, every page sees.
  CopyState state{stages.snapshot(), {}, 0};
  state.ranges = stages.ranges(readers * kPartsForEachWorker);
  return state;
}

CopyResult copy_rest(const Flow& flow, Metrics& metrics, const CopyOptions& options,
                     CopyState state, const std::stop_token& stop) {
  return Copy(flow, metrics, options, std::move(state), stop).run();
}

}  // namespace sluice
