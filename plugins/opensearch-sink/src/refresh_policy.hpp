#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace sluice::opensearch {

/// Says for each write what `refresh` its bulk requests ask for. Not thread-safe.
///
/// By "auto", a little is shown to readers at once and a backlog is not slowed down: a refresh
/// costs the server several times as much as a lone document. What is left out shows with the next
/// one, or after the index's refresh_interval.
class RefreshPolicy {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kLittle = 100;  ///< documents
  static constexpr std::chrono::milliseconds kPause{100};
  /// A refreshing request is followed by at least this many times its own time without another.
  static constexpr int kShare = 4;
  static constexpr std::chrono::seconds kAfterFailure{5};

  /// `option` outlives this: "auto", or a value of the bulk API's parameter.
  explicit RefreshPolicy(std::string_view option) : option_(option) {}

  /// For a write of so many documents; `live`: to the index that readers see.
  std::string_view choose(std::size_t documents, bool live, Clock::time_point now) const;

  /// Around each request that asks for the chosen. One without an answer counts as failed: the
  /// refresh may have been why, so the next try does without.
  void asked(std::string_view chosen, Clock::time_point now);
  void answered(std::string_view chosen, Clock::time_point now);

 private:
  bool is_own(std::string_view chosen) const { return option_ == "auto" && chosen == "true"; }

  std::string_view option_;
  Clock::time_point asked_{};
  Clock::time_point next_{};
};

}  // namespace sluice::opensearch
