#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace sluice {

/// Exponential back-off with jitter: each delay is drawn from the upper half of a range that
/// doubles from `initial` up to `max`. Not thread-safe.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds initial, std::chrono::milliseconds max)
      : initial_(std::max(initial, std::chrono::milliseconds(1))), max_(std::max(max, initial_)) {}

  std::chrono::milliseconds next() {
    const auto delay = delay_after(attempts_);
    ++attempts_;
    return delay;
  }
  /// The delay before try number `attempts` + 1, for those who count themselves.
  std::chrono::milliseconds delay_after(int attempts) {
    const auto ceiling = std::min(max_.count(), initial_.count() << std::min(attempts, 20));
    return std::chrono::milliseconds(std::uniform_int_distribution<std::chrono::milliseconds::rep>(
        ceiling / 2, ceiling)(random_));
  }
  void reset() { attempts_ = 0; }
  int attempts() const { return attempts_; }

 private:
  std::chrono::milliseconds initial_;
  std::chrono::milliseconds max_;
  int attempts_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace sluice
