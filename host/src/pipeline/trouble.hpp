#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <string>

namespace sluice {

/// What keeps a task from getting on although it has not failed: what it waits for before it runs,
/// and what it has been retrying as a whole. Single records and documents that are retried are none
/// of it. Thread-safe.
class Trouble {
 public:
  using Clock = std::chrono::steady_clock;
  /// A retry that helps sooner is nobody's business.
  static constexpr std::chrono::seconds kPatience{5};
  /// What can be stuck while the others get on.
  enum Part { kRoute, kWrite, kWalk };

  /// Until it is called with an empty reason.
  void set_waiting(const std::string& reason);
  /// The part failed, and is tried again until clear() is told of a success.
  void note(Part part, const std::string& reason, Clock::time_point now = Clock::now());
  void clear(Part part);
  void clear();

  /// Empty: nothing that anybody should be told.
  std::string text(Clock::time_point now = Clock::now()) const;

 private:
  struct Retried {
    std::string reason;  ///< of the last failure; empty: the last try was a success
    Clock::time_point since;
  };

  mutable std::mutex mutex_;
  std::string waiting_;
  std::array<Retried, 3> retried_;
};

}  // namespace sluice
