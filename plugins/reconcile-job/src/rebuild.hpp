#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sluice/sdk.hpp>

#include "fence.hpp"
#include "options.hpp"
#include "owned_value.hpp"
#include "targets.hpp"

namespace sluice::reconcile {

using Clock = std::function<std::chrono::system_clock::time_point()>;

// One run: builds a new target beside the one in use, catches up, checks, closes the old one for
// writes, comes level, swaps, catches up with what was on its way meanwhile, removes what is old.
//
// Until the swap a failure leaves the old target in use. If it may pass, the new one stays, and the
// next run goes on with it; if it lies in the new one, or is for good, the new one is dropped.
// After the swap nothing drops it, and a failure is a RetryError, so that another run brings what
// this one left out. What a later run needs for either is in a note that the target carries from
// its creation until it is settled.
class Rebuild {
 public:
  Rebuild(JobHost& host, const Options& options, Context context, Clock now)
      : host_(host), options_(options), context_(context), now_(std::move(now)) {}

  // Returns a summary, an object. Use once.
  OwnedValue run();

 private:
  void rebuild(const std::vector<Target>& targets);
  bool settle_last(const std::vector<Target>& targets);
  void resume_or_remove_half_built(const std::vector<Target>& targets);
  bool take_over(const std::string& name);
  void keep_note();
  void build();
  void begin();
  void copy();
  void catch_up();
  sluice_replay_result follow();
  void verify();
  void come_level();
  void wait_for_delivery();
  void leave_to_next_run(const std::exception& error);
  void give_up(const std::exception& error);
  void swap();
  bool is_in_use() const;
  void settle();
  std::string may_lack_changes(const std::exception& error) const;
  void remove_expired();
  void drop(const std::string& name);
  OwnedValue summary(std::chrono::milliseconds duration) const;

  std::chrono::milliseconds since_epoch() const;
  std::chrono::milliseconds time(const std::function<void()>& work) const;

  JobHost& host_;
  const Options& options_;
  Context context_;
  Clock now_;
  std::string target_;
  bool is_resumed_ = false;
  OwnedValue position_;  // offsets up to which Kafka is in the new target
  std::int64_t copied_ = 0;
  std::int64_t replayed_ = 0;
  std::vector<std::string> dropped_;
  std::optional<Fence> fence_;  // around the target that the swap replaces
};

}  // namespace sluice::reconcile
