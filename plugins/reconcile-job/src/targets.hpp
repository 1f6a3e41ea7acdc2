#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sluice/value.hpp>

namespace sluice::reconcile {

struct Target {
  std::string name;
  std::int64_t created_ms = 0;  // since the epoch
  bool current = false;         // in use
};

// From what the host's list_targets gives.
std::vector<Target> read_targets(Value list);

// The newest one in use; nullptr if none is.
const Target* find_current(const std::vector<Target>& targets);

// What a run that didn't end left behind: not in use, and newer than the one in use. With none in
// use there is no telling, and the result is empty.
std::vector<std::string> half_built(const std::vector<Target>& targets);

// Those created before `oldest`, without the one in use and the one before it.
std::vector<std::string> expired(const std::vector<Target>& targets,
                                 std::chrono::milliseconds oldest);

}  // namespace sluice::reconcile
