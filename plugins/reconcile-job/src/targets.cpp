#include "targets.hpp"

#include <algorithm>
#include <tuple>

namespace sluice::reconcile {

namespace {

bool is_older(const Target& a, const Target& b) {
  return std::tie(a.created_ms, a.name) < std::tie(b.created_ms, b.name);
}

// The one to go back to should the current one turn out bad.
const Target* find_previous(const std::vector<Target>& targets, const Target& current) {
  const Target* previous = nullptr;
  for (const auto& target : targets) {
    if (target.current || !is_older(target, current)) continue;
    if (previous == nullptr || is_older(*previous, target)) previous = &target;
  }
  return previous;
}

}  // namespace

std::vector<Target> read_targets(Value list) {
  std::vector<Target> targets;
  for (const auto& item : list.as_array()) {
    const Value target(item);
    targets.push_back({std::string(target["name"].as_string()), target["created_ms"].as_int64(),
                       target["current"].as_bool()});
  }
  return targets;
}

const Target* find_current(const std::vector<Target>& targets) {
  const Target* current = nullptr;
  for (const auto& target : targets) {
    if (target.current && (current == nullptr || is_older(*current, target))) current = &target;
  }
  return current;
}

std::vector<std::string> half_built(const std::vector<Target>& targets) {
  std::vector<std::string> names;
  const Target* const current = find_current(targets);
  if (current == nullptr) return names;
  for (const auto& target : targets) {
    if (!target.current && is_older(*current, target)) names.push_back(target.name);
  }
  return names;
}

std::vector<std::string> expired(const std::vector<Target>& targets,
                                 std::chrono::milliseconds oldest) {
  std::vector<std::string> names;
  const Target* const current = find_current(targets);
  if (current == nullptr) return names;
  const Target* const previous = find_previous(targets, *current);
  for (const auto& target : targets) {
    const bool kept = target.current || &target == previous;
    if (!kept && target.created_ms < oldest.count()) names.push_back(target.name);
  }
  return names;
}

}  // namespace sluice::reconcile
