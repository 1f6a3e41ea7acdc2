#include "snapshot.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice::denorm {
namespace {

// Takes the number at the front of `text`, and the character after it if there is one.
std::uint64_t take_number(std::string_view& text, std::string_view whole) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) {
    throw std::invalid_argument("not a PostgreSQL snapshot: \"" + std::string(whole) + "\"");
  }
  const auto used = static_cast<std::size_t>(end - text.data());
  text.remove_prefix(std::min(used + 1, text.size()));
  return number;
}

}  // namespace

Snapshot::Snapshot(std::uint64_t xmax, std::vector<std::uint64_t> in_progress)
    : xmax_(xmax), in_progress_(std::move(in_progress)) {
  std::sort(in_progress_.begin(), in_progress_.end());
}

Snapshot Snapshot::parse(std::string_view text) {
  std::string_view rest = text;
  take_number(rest, text);  // xmin follows from the others
  const std::uint64_t xmax = take_number(rest, text);
  std::vector<std::uint64_t> in_progress;
  while (!rest.empty()) in_progress.push_back(take_number(rest, text));
  return {xmax, std::move(in_progress)};
}

std::uint64_t Snapshot::full_xid(std::uint64_t xid) const {
  if (xid >> 32 != 0) return xid;
  // Ids wrap at 2^32, and PostgreSQL keeps all that matter within 2^31 of each other.
  const auto distance = static_cast<std::int32_t>(static_cast<std::uint32_t>(xid) -
                                                  static_cast<std::uint32_t>(xmax_));
  if (distance < 0 && xmax_ < static_cast<std::uint64_t>(-std::int64_t{distance})) return xid;
  return xmax_ + static_cast<std::uint64_t>(std::int64_t{distance});
}

Snapshot::Visibility Snapshot::visibility(std::uint64_t xid) const {
  const std::uint64_t full = full_xid(xid);
  if (full >= xmax_) return Visibility::kAhead;
  const bool running = std::binary_search(in_progress_.begin(), in_progress_.end(), full);
  return running ? Visibility::kInProgress : Visibility::kVisible;
}

std::int64_t version_of(const Snapshot& snapshot, std::int64_t epoch) {
  return (epoch << kVersionCountBits) + static_cast<std::int64_t>(snapshot.visible_count());
}

}  // namespace sluice::denorm
