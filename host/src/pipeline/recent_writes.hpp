#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice {

/// Lets a map with keys of std::string be asked by std::string_view.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

/// Tells the keys that are written again and again. Not thread-safe.
///
/// A key becomes hot by kWarm writes in quick succession, each within an eighth of `pause` of the
/// one before. It stays hot for as long as each comes within twice the `pause`, so that one which
/// has rested for all of it is still known.
///
/// Memory is bounded by the number of keys, not by time: of very many that are written once, some
/// are forgotten early, which costs a hot one among them a few writes more.
class RecentWrites {
 public:
  using Clock = std::chrono::steady_clock;

  /// Zero: no key is ever hot.
  explicit RecentWrites(Clock::duration pause) : pause_(pause) {}

  void note(std::string_view id, Clock::time_point now);
  /// When a hot key was last written; nothing for any other.
  std::optional<Clock::time_point> last_of_hot(std::string_view id) const;

  static constexpr int kWarm = 4;
  static constexpr std::size_t kGeneration = 32768;  ///< keys; twice as many are known at most

 private:
  struct Writes {
    Clock::time_point last;
    int in_a_row = 0;
  };
  using Generation = std::unordered_map<std::string, Writes, StringHash, std::equal_to<>>;

  int row_after(const Writes& before, Clock::time_point now) const;
  void start_generation(Clock::time_point now);

  const Clock::duration pause_;
  Generation young_;
  Generation old_;  ///< what was written before the young one began, and not since
  Clock::time_point young_since_{};
};

}  // namespace sluice
