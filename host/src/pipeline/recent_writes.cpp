#include "pipeline/recent_writes.hpp"

#include <utility>

namespace sluice {

void RecentWrites::note(std::string_view id, Clock::time_point now) {
  if (pause_ == Clock::duration::zero()) return;
  if (young_.size() >= kGeneration || now - young_since_ >= 2 * pause_) start_generation(now);
  if (const auto known = young_.find(id); known != young_.end()) {
    known->second = {now, row_after(known->second, now)};
    return;
  }
  const auto old = old_.find(id);
  young_.emplace(id, Writes{now, old == old_.end() ? 1 : row_after(old->second, now)});
}

// How many writes in a row there are with one that is made now.
int RecentWrites::row_after(const Writes& before, Clock::time_point now) const {
  const auto longest = before.in_a_row >= kWarm ? 2 * pause_ : pause_ / 8;
  return now - before.last < longest ? before.in_a_row + 1 : 1;
}

void RecentWrites::start_generation(Clock::time_point now) {
  std::swap(old_, young_);
  young_.clear();
  young_since_ = now;
}

std::optional<RecentWrites::Clock::time_point> RecentWrites::last_of_hot(
    std::string_view id) const {
  for (const auto* generation : {&young_, &old_}) {
    const auto known = generation->find(id);
    if (known == generation->end()) continue;
    if (known->second.in_a_row < kWarm) return std::nullopt;
    return known->second.last;
  }
  return std::nullopt;
}

}  // namespace sluice
