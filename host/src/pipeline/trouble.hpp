#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <string>

namespace sluice {

/// What keeps a task from getting on although it has not failed: what it waits for before it runs,
/// and what it has been retrying as a whole. Single documents that are retried while others get on
/// are none of it. Thread-safe.
class Trouble {
 public:
  using Clock = std::chrono::steady_clock;
  /// A retry that helps sooner is nobody's business.
  static constexpr std::chrono::seconds kPatience{5};
  /// A sink that answers may put all documents off for longer: it is busy, or an index that was
  /// rebuilt is swapped in.
  static constexpr std::chrono::seconds kPatienceWithDocuments{30};
  /// What can be stuck while the others get on.
  enum Part { kRoute, kWrite, kDocuments, kWalk, kDeadLetters, kKafka };

  /// Until it is called with an empty reason.
  void set_waiting(const std::string& reason);
  /// A try of the part that began then has failed; it is made again until clear() is told of a
  /// success. A first failure counts from then: one that hangs takes long to fail.
  void note(Part part, const std::string& reason, Clock::time_point began);
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
