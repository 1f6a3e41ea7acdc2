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
  enum Part { kRoute, kWrite, kWalk, kDeadLetters, kKafka };

  /// Until it is called with an empty reason.
  void set_waiting(const std::string& reason);
  /// The part failed, and is tried again until clear() is told of a success. A first failure
  /// counts from `now`.
  void note(Part part, const std::string& reason, Clock::time_point now = Clock::now());
  void clear(Part part);
  void clear();
  /// What an operator should look at, though the task gets on; until it is called with an empty
  /// one.
  void set_warning(const std::string& warning);

  /// Empty: nothing that anybody should be told.
  std::string text(Clock::time_point now = Clock::now()) const;
  std::string warning() const;

 private:
  struct Retried {
    std::string reason;  ///< of the last failure; empty: the last try was a success
    Clock::time_point since;
  };

  mutable std::mutex mutex_;
  std::string waiting_;
  std::array<Retried, kKafka + 1> retried_;
  std::string warning_;
};

}  // namespace sluice
