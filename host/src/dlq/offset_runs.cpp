#include "dlq/offset_runs.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>

namespace sluice {
namespace {

constexpr std::size_t kMaxRuns = 1000;

// The number that the text begins with, 0 to `max`, which it is then without, and without the space
// after it.
std::optional<std::int64_t> take_number(std::string_view& text, std::int64_t max) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || number > max) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return number;
}

}  // namespace

void OffsetRuns::add(std::int64_t begin, std::int64_t end) {
  if (begin >= end) return;
  auto next = runs_.upper_bound(begin);
  if (next != runs_.begin() && std::prev(next)->second >= begin) {
    --next;
    begin = next->first;
  }
  while (next != runs_.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = runs_.erase(next);
  }
  if (runs_.size() < kMaxRuns) runs_.emplace_hint(next, begin, end);
}

bool OffsetRuns::contains(std::int64_t offset) const {
  return first_missing(offset) != offset;
}

std::int64_t OffsetRuns::first_missing(std::int64_t begin) const {
  const auto next = runs_.upper_bound(begin);
  return next == runs_.begin() ? begin : std::max(begin, std::prev(next)->second);
}

std::string OffsetRuns::encode(std::int64_t begin, std::size_t size) const {
  std::string text;
  for (const auto& [from, to] : runs_) {
    if (to <= begin) continue;
    const auto first = std::max(from, begin);
    const auto run = (text.empty() ? "" : " ") + std::to_string(first - begin) + ' ' +
                     std::to_string(to - first);
    if (text.size() + run.size() > size) break;
    text += run;
    begin = to;
  }
  return text;
}

void OffsetRuns::decode(std::int64_t begin, std::string_view text) {
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  while (!text.empty()) {
    const auto gap = take_number(text, kLast - begin);
    if (!gap) return;
    begin += *gap;
    const auto size = take_number(text, kLast - begin);
    if (!size) return;
    add(begin, begin + *size);
    begin += *size;
  }
}

}  // namespace sluice
