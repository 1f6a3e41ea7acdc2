#include "job/suspects.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <spdlog/spdlog.h>
#include <utility>

#include "job/group_position.hpp"
#include "job/retried.hpp"
#include "pipeline/topic_offsets.hpp"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kFirstPause{250};
constexpr std::chrono::milliseconds kLongestPause{2000};

bool has_passed(const std::vector<PartitionOffset>& position,
                const std::vector<PartitionOffset>& ends) {
  const std::map<TopicPartition, std::int64_t> reached(position.begin(), position.end());
  return std::all_of(ends.begin(), ends.end(), [&](const auto& end) {
    const auto at = reached.find(end.first);
    return at == reached.end() || at->second >= end.second;
  });
}

}  // namespace

Suspects::Suspects(const Flow& flow, const WritingStages& stages, std::string target, Grace grace,
                   std::stop_token stop)
    : flow_(flow),
      stages_(stages),
      target_(std::move(target)),
      grace_(grace),
      stop_(std::move(stop)) {}

void Suspects::add(Difference difference) {
  suspects_.push_back({std::move(difference), Clock::now(), nullptr});
}

Suspects::Verdict Suspects::judge(const std::function<void(std::size_t)>& on_look) {
  Verdict verdict;
  if (suspects_.empty()) return verdict;
  const auto ends = ask_kafka(end_offsets);
  for (auto& suspect : suspects_) suspect.ends = ends;
  const auto deadline = Clock::now() + grace_.grace + grace_.patience;
  const auto longest_pause = std::clamp(grace_.grace, kFirstPause, kLongestPause);
  auto pause = std::min(kFirstPause, grace_.grace);
  while (!suspects_.empty()) {
    if (!wait(stop_, pause)) throw RetryError("stopped");
    pause = std::min(pause * 2, longest_pause);
    look_again(verdict);
    on_look(suspects_.size());
    if (Clock::now() < deadline) continue;
    for (auto& suspect : suspects_) verdict.changing.push_back(std::move(suspect.difference));
    suspects_.clear();
  }
  return verdict;
}

// What can make a difference count is asked before the look, so that the look comes after it.
void Suspects::look_again(Verdict& verdict) {
  const auto now = Clock::now();
  const bool any_due = std::any_of(suspects_.begin(), suspects_.end(), [&](const auto& suspect) {
    return now - suspect.since >= grace_.grace;
  });
  const auto position = any_due ? ask_kafka(group_position) : nullptr;
  auto found = compare_all();
  std::shared_ptr<const Offsets> ends;
  std::vector<Suspect> rest;
  for (auto& suspect : suspects_) {
    const auto still = found.find(suspect.difference.id);
    if (still == found.end()) continue;  // the pipeline has brought it
    const bool has_changed = still->second.source != suspect.difference.source;
    suspect.difference = std::move(still->second);
    if (has_changed) {
      if (!ends) ends = ask_kafka(end_offsets);
      suspect.since = Clock::now();
      suspect.ends = ends;
    } else if (counts(suspect, now, position.get())) {
      verdict.drift.push_back(std::move(suspect.difference));
      continue;
    }
    rest.push_back(std::move(suspect));
  }
  suspects_ = std::move(rest);
}

bool Suspects::counts(const Suspect& suspect, Clock::time_point now,
                      const Offsets* position) const {
  const auto age = now - suspect.since;
  if (age < grace_.grace) return false;
  if (age >= grace_.patience || suspect.ends == nullptr || position == nullptr) return true;
  return has_passed(*position, *suspect.ends);
}

std::unordered_map<std::string, Difference> Suspects::compare_all() const {
  std::vector<std::string> ids;
  for (const auto& suspect : suspects_) ids.push_back(suspect.difference.id);
  std::unordered_map<std::string, Difference> found;
  for (std::span<const std::string> rest(ids); !rest.empty();) {
    const auto page = rest.first(std::min(grace_.page, rest.size()));
    rest = rest.subspan(page.size());
    auto differences = retried(flow_, stop_, [&] { return compare_ids(stages_, target_, page); });
    for (auto& each : differences) found.emplace(each.id, std::move(each));
  }
  return found;
}

// Without an answer the time alone decides. Kafka may be away for longer: it is not asked again.
std::shared_ptr<const Suspects::Offsets> Suspects::ask_kafka(
    Offsets (*question)(const SourceConfig&)) {
  if (!kafka_answers_) return nullptr;
  try {
    return std::make_shared<const Offsets>(question(flow_.config.source));
  } catch (const RetryError& e) {
    spdlog::warn("{}: how far the pipeline has come is not known, so only time tells drift: {}",
                 flow_.name, e.what());
    kafka_answers_ = false;
    return nullptr;
  }
}

}  // namespace sluice
