#include "job/verify.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/workers.hpp"
#include "job/id_sums.hpp"
#include "job/retried.hpp"
#include "job/suspects.hpp"
#include "pipeline/settler.hpp"
#include "pipeline/stages.hpp"

namespace sluice {
namespace {

constexpr std::size_t kKeysPage = 10'000;
constexpr std::chrono::seconds kTick{1};

using Example = VerifyReport::Example;

std::string why_not_repaired(const Difference& difference) {
  if (difference.kind == DriftKind::kUnreadable) return difference.detail;
  if (difference.index_version > difference.source_version) {
    return "not repaired: the index holds version " + std::to_string(difference.index_version) +
           ", above " + std::to_string(difference.source_version) +
           " of the source: raise version_epoch or rebuild the index";
  }
  return "not repaired: the write was refused (see the log)";
}

class Verification {
 public:
  Verification(const Flow& flow, WritingStages& stages, const VerifyOptions& options,
               const std::stop_token& stop,
               const std::function<void(const JobProgress&)>& on_progress)
      : flow_(flow),
        options_(options),
        stop_(stop),
        on_progress_(on_progress),
        stages_(stages),
        suspects_(flow, stages_, options.target, {options.grace, options.patience, options.page},
                  stop) {}

  VerifyReport run() {
    compare_source();
    find_extra();
    return report();
  }

 private:
  // In rounds: so many suspects are judged together, and then forgotten.
  void compare_source() {
    for (auto& range : stages_.ranges(options_.readers * kPartsForEachWorker)) {
      ranges_.push_back(std::move(range));
    }
    do {
      run_workers(
          options_.readers, stop_, [this](const auto& stop) { compare_ranges(stop); }, kTick,
          [this] { show_compared(); });
      show_compared();
      judge();
    } while (!ranges_.empty());
  }

  void compare_ranges(const std::stop_token& stop) {
    const WritingStages stages(flow_.plugins, flow_.name, nullptr, stop);
    while (auto cursor = next_cursor()) {
      auto page = retried(flow_, stop, [&] {
        return compare_page(stages, options_.target, *cursor, options_.page);
      });
      take(std::move(page));
    }
  }

  std::optional<std::string> next_cursor() {
    const std::lock_guard lock(mutex_);
    if (ranges_.empty() || suspects_.size() >= options_.max_suspects) return std::nullopt;
    auto cursor = std::move(ranges_.front());
    ranges_.pop_front();
    return cursor;
  }

  void take(ComparedPage page) {
    const std::lock_guard lock(mutex_);
    report_.compared += page.compared;
    for (const auto& id : page.present) present_->add(id);
    for (auto& difference : page.differences) {
      if (difference.kind == DriftKind::kUnreadable) {
        count(difference.kind);
        add_example(left_, difference);
      } else {
        suspects_.add(std::move(difference));
      }
    }
    if (page.next) ranges_.push_front(std::move(*page.next));
  }

  // What the index has beyond the source. The sums tell in which buckets of ids there is something,
  // so that only their documents are read, beside those that came or went since.
  void find_extra() {
    const auto listed = std::make_unique<IdSums>();
    for_each_key([&](const std::string& id) { listed->add(id); });
    if (*listed == *present_) return;
    std::vector<std::string> ids;
    for_each_key([&](const std::string& id) {
      if (listed->is_alike(*present_, id)) return;
      ids.push_back(id);
      if (ids.size() >= options_.page) suspect_extra(std::exchange(ids, {}));
    });
    suspect_extra(std::move(ids));
    judge();
  }

  void for_each_key(const std::function<void(const std::string&)>& take_id) {
    std::optional<std::string> cursor("");
    for (std::int64_t listed = 0; cursor;) {
      auto page =
          retried(flow_, stop_, [&] { return stages_.sweep(options_.target, *cursor, kKeysPage); });
      for (const auto& id : page.ids) take_id(id);
      listed += static_cast<std::int64_t>(page.ids.size());
      on_progress_({"list", listed, 0});
      cursor = std::move(page.next);
    }
  }

  void suspect_extra(std::vector<std::string> ids) {
    auto differences =
        retried(flow_, stop_, [&] { return compare_ids(stages_, options_.target, ids); });
    for (auto& difference : differences) {
      if (difference.kind == DriftKind::kExtra) suspects_.add(std::move(difference));
    }
    if (suspects_.size() >= options_.max_suspects) judge();
  }

  void judge() {
    auto [drift, changing] = verdict_of_suspects();
    for (const auto& difference : drift) count(difference.kind);
    if (options_.repair) drift = repair(without_unreadable(std::move(drift)));
    for (const auto& difference : drift) add_example(left_, difference);
  }

  Suspects::Verdict verdict_of_suspects() {
    const auto judged = static_cast<std::int64_t>(suspects_.size());
    auto verdict = suspects_.judge([&](std::size_t left) {
      on_progress_({"give the pipeline time to bring what differs",
                    judged - static_cast<std::int64_t>(left), judged});
    });
    report_.changing += static_cast<std::int64_t>(verdict.changing.size());
    return verdict;
  }

  // A row of which no document can be made can't be repaired: it is left, as it is.
  std::vector<Difference> without_unreadable(std::vector<Difference> drift) {
    const auto readable = std::stable_partition(
        drift.begin(), drift.end(),
        [](const auto& difference) { return difference.kind != DriftKind::kUnreadable; });
    std::for_each(readable, drift.end(), [&](const auto& each) { add_example(left_, each); });
    drift.erase(readable, drift.end());
    return drift;
  }

  // Read again and written as by the pipeline, so what is newer in the index stays. Returns what
  // is not known to be alike now.
  std::vector<Difference> repair(std::vector<Difference> drift) {
    if (drift.empty()) return {};
    std::vector<UnsettledKey> keys;
    for (const auto& difference : drift) keys.push_back({difference.id, {}});
    on_progress_({"repair", 0, static_cast<std::int64_t>(keys.size())});
    settle(flow_, stages_, options_.target, std::move(keys), stop_);

    for (const auto& difference : drift) suspects_.add(difference);
    auto [left, changing] = verdict_of_suspects();
    for (auto& difference : left) difference.detail = why_not_repaired(difference);
    for (auto& difference : changing) {
      difference.detail = "not known to be repaired: it keeps changing";
      left.push_back(std::move(difference));
    }
    std::unordered_set<std::string_view> failed;
    for (const auto& difference : left) failed.insert(difference.id);
    for (const auto& difference : drift) {
      if (!failed.contains(difference.id)) add_example(repaired_, difference);
    }
    report_.repaired += static_cast<std::int64_t>(drift.size() - left.size());
    return left;
  }

  void count(DriftKind kind) {
    switch (kind) {
      case DriftKind::kMissing:
        ++report_.missing;
        break;
      case DriftKind::kExtra:
        ++report_.extra;
        break;
      case DriftKind::kDiffering:
        ++report_.differing;
        break;
      case DriftKind::kUnreadable:
        ++report_.unreadable;
        break;
    }
  }

  void add_example(std::vector<Example>& examples, const Difference& difference) {
    if (examples.size() == options_.max_examples) {
      report_.examples_cut = true;
      return;
    }
    examples.push_back({difference.id, to_string(difference.kind), difference.detail});
  }

  void show_compared() {
    const std::lock_guard lock(mutex_);
    on_progress_({"compare", report_.compared, 0});
  }

  VerifyReport report() const {
    auto report = report_;
    report.examples = left_;
    const auto room = options_.max_examples - left_.size();
    const auto fits = std::min(room, repaired_.size());
    report.examples.insert(report.examples.end(), repaired_.begin(),
                           repaired_.begin() + static_cast<std::ptrdiff_t>(fits));
    report.examples_cut = report.examples_cut || fits < repaired_.size();
    return report;
  }

  const Flow& flow_;
  const VerifyOptions& options_;
  const std::stop_token stop_;
  const std::function<void(const JobProgress&)>& on_progress_;
  WritingStages& stages_;
  std::mutex mutex_;  ///< guards what follows while readers work
  std::deque<std::string> ranges_;
  Suspects suspects_;
  std::unique_ptr<IdSums> present_ = std::make_unique<IdSums>();  ///< ids that both sides have
  VerifyReport report_;                                           ///< without its examples
  std::vector<Example> left_;
  std::vector<Example> repaired_;
};

}  // namespace

nlohmann::json to_json(const VerifyReport& report) {
  auto examples = nlohmann::json::array();
  for (const auto& [id, problem, detail] : report.examples) {
    examples.push_back({{"id", id}, {"problem", problem}});
    if (!detail.empty()) examples.back()["detail"] = detail;
  }
  return {{"compared", report.compared},
          {"missing", report.missing},
          {"extra", report.extra},
          {"differing", report.differing},
          {"unreadable", report.unreadable},
          {"repaired", report.repaired},
          {"changing", report.changing},
          {"examples", examples},
          {"examples_cut", report.examples_cut}};
}

VerifyReport verify(const Flow& flow, WritingStages& stages, const VerifyOptions& options,
                    const std::stop_token& stop,
                    const std::function<void(const JobProgress&)>& on_progress) {
  return Verification(flow, stages, options, stop, on_progress).run();
}

VerifyReport verify(const Flow& flow, WritingStages& stages, std::string_view target, bool repair,
                    const std::stop_token& stop,
                    const std::function<void(const JobProgress&)>& on_progress) {
  VerifyOptions options;
  options.target = target;
  options.repair = repair;
  return verify(flow, stages, options, stop, on_progress);
}

}  // namespace sluice
