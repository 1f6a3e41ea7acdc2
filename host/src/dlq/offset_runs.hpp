#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sluice {

/// A set of a partition's offsets, as runs: from each key to before its value. Holds at most 1000
/// runs; what would be one more is forgotten.
class OffsetRuns {
 public:
  void add(std::int64_t begin, std::int64_t end);
  bool contains(std::int64_t offset) const;
  /// The first offset from `begin` on that is not in it.
  std::int64_t first_missing(std::int64_t begin) const;

  /// What is in it from `begin` on, as text of at most `size` bytes: pairs of numbers, how many
  /// offsets are not in it, and how many then are. Of more than fits, the first.
  std::string encode(std::int64_t begin, std::size_t size) const;
  /// Adds what was encoded from `begin`, 0 or more, on; of text that is no such code nothing, or
  /// what comes before the error.
  void decode(std::int64_t begin, std::string_view text);

 private:
  std::map<std::int64_t, std::int64_t> runs_;
};

}  // namespace sluice
