#include "offsets.hpp"

#include <map>
#include <string>

namespace sluice::reconcile {

namespace {

using Offsets = std::map<std::pair<std::string, std::int64_t>, std::int64_t>;

Offsets read_offsets(Value list) {
  Offsets offsets;
  for (const auto& item : list.as_array()) {
    const Value entry(item);
    offsets[{std::string(entry["topic"].as_string()), entry["partition"].as_int64()}] =
        entry["offset"].as_int64();
  }
  return offsets;
}

}  // namespace

bool are_within(Value noted, Value first, Value end) {
  Offsets from = read_offsets(noted);
  const Offsets ends = read_offsets(end);
  for (const auto& [partition, offset] : from) {
    if (ends.count(partition) == 0 || offset > ends.at(partition)) return false;
  }
  for (const auto& [partition, offset] : read_offsets(first)) {
    if (offset > from[partition]) return false;
  }
  return true;
}

}  // namespace sluice::reconcile
