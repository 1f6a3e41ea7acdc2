#include "snapshot.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice::denorm {
namespace {

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument("not a PostgreSQL snapshot: \"" + std::string(text) + "\"");
}

// Takes the number at the front of `text`, and the character after it if there is one.
std::uint64_t take_number(std::string_view& text, std::string_view whole) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) refuse(whole);
  const auto used = static_cast<std::size_t>(end - text.data());
  text.remove_prefix(std::min(used + 1, text.size()));
  return number;
}

std::int32_t take_distance(std::string_view text, std::string_view whole) {
  std::int32_t distance = 0;
  const auto* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, distance);
  if (error != std::errc{} || last != end) refuse(whole);
  return distance;
}

}  // namespace

Snapshot::Snapshot(std::uint64_t xmax, std::vector<std::uint64_t> in_progress)
    : xmax_(xmax), next_(xmax), in_progress_(std::move(in_progress)) {
  std::sort(in_progress_.begin(), in_progress_.end());
}

Snapshot Snapshot::parse(std::string_view text) {
  std::string_view rest = text;
  take_number(rest, text);  // xmin follows from the others
  const std::uint64_t xmax = take_number(rest, text);
  std::string_view running = rest.substr(0, rest.find(':'));
  rest.remove_prefix(running.size());
  std::vector<std::uint64_t> in_progress;
  while (!running.empty()) in_progress.push_back(take_number(running, text));
  Snapshot snapshot(xmax, std::move(in_progress));
  if (!rest.empty()) snapshot.set_next(take_distance(rest.substr(1), text));
  return snapshot;
}

// The distance is that of the low 32 bits, as a signed number of so many.
void Snapshot::set_next(std::int32_t distance) {
  constexpr std::uint32_t kFirst = 3;
  next_ = std::max(xmax_, full_xid(static_cast<std::uint32_t>(distance) + kFirst));
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
  if (full >= next_) return Visibility::kAhead;
  if (full >= xmax_) return Visibility::kInProgress;
  const bool running = std::binary_search(in_progress_.begin(), in_progress_.end(), full);
  return running ? Visibility::kInProgress : Visibility::kVisible;
}

std::int64_t version_of(const Snapshot& snapshot, std::int64_t epoch) {
  return (epoch << kVersionCountBits) + static_cast<std::int64_t>(snapshot.visible_count());
}

}  // namespace sluice::denorm
