#include "rebuild.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>

#include "offsets.hpp"
#include "skipped_run.hpp"
#include "verification.hpp"

namespace sluice::reconcile {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{500};
constexpr milliseconds kLongestPause{8000};

// For which the index in use stays closed before the swap.
constexpr milliseconds kLevelPause{100};
constexpr milliseconds kSilence{1000};  // with nothing from Kafka: nothing is on its way
constexpr milliseconds kLevelLimit{20000};

// The target itself is at fault: another try needs a new one.
class BadTarget : public RetryError {
 public:
  using RetryError::RetryError;
};

std::string utc_date(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, sizeof "YYYY-MM-DD"> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

}  // namespace

OwnedValue Rebuild::run() {
  if (!host_.lock("reconcile")) return skipped_run(context_);
  const milliseconds duration = time([this] {
    const auto targets = read_targets(host_.list_targets());
    if (!settle_last(targets)) rebuild(targets);
    remove_expired();
  });
  context_.observe("rebuild_seconds", duration);
  return summary(duration);
}

void Rebuild::rebuild(const std::vector<Target>& targets) {
  resume_or_remove_half_built(targets);
  build();
  swap();
  fence_.reset();
  settle();
}

// A run that ended after its swap left an index in use that may lack some changes. Only where they
// can't be brought any more is all built anew.
bool Rebuild::settle_last(const std::vector<Target>& targets) {
  const Target* const current = find_current(targets);
  if (current == nullptr || !take_over(current->name)) return false;
  context_.info(target_ + " is in use, but not settled: the last run is brought to its end");
  try {
    settle();
    is_resumed_ = true;
    return true;
  } catch (const BadTarget& error) {
    context_.warn(std::string(error.what()) + "; so all is built anew");
    target_.clear();
    return false;
  }
}

void Rebuild::resume_or_remove_half_built(const std::vector<Target>& targets) {
  host_.progress("clean up");
  for (const auto& name : half_built(targets)) {
    if (!target_.empty() || !take_over(name)) {
      drop(name);
      continue;
    }
    is_resumed_ = true;
    context_.info(name + " was half built: the last run goes on");
  }
}

// True if the target carries a note by which a run can go on.
bool Rebuild::take_over(const std::string& name) {
  OwnedValue note(host_.note(name));
  const Value offsets = note.get()["offsets"];
  if (!offsets.is_array()) return false;
  const OwnedValue first(host_.offsets_at(milliseconds(0)));
  if (!are_within(offsets, first.get(), host_.end_offsets())) {
    context_.warn(name + " can't be gone on with: Kafka no longer holds the changes since then");
    return false;
  }
  target_ = name;
  position_ = OwnedValue(offsets);
  return true;
}

void Rebuild::keep_note() {
  const std::array fields{make_field("offsets", *position_.get().raw())};
  const sluice_value note = make_object(fields);
  host_.set_note(target_, Value(note));
}

// Everything up to the point where the new target may be swapped in.
void Rebuild::build() {
  if (!is_resumed_) begin();
  try {
    if (!is_resumed_) keep_note();
    copy();
    catch_up();
    host_.progress("finish");
    host_.finish_target(target_);
    verify();
    catch_up();
    come_level();
    keep_note();
  } catch (const BadTarget& error) {
    give_up(error);
    throw;
  } catch (const RetryError& error) {
    leave_to_next_run(error);
    throw;
  } catch (const std::exception& error) {
    give_up(error);
    // Begun anew, it may well succeed.
    if (is_resumed_) throw RetryError(error.what());
    throw;
  }
}

void Rebuild::begin() {
  position_ = OwnedValue(host_.offsets_at(since_epoch() - options_.lead));
  target_ = host_.create_target(utc_date(now_()));
}

void Rebuild::copy() {
  host_.progress("copy", 0, host_.count_source());
  copied_ = host_.copy(target_, options_.readers, options_.page);
}

// Ends when a round is so short that hardly anything can have happened meanwhile.
void Rebuild::catch_up() {
  for (int round = 1; round <= options_.max_rounds; ++round) {
    if (time([this] { follow(); }) <= options_.max_lag) return;
  }
  throw RetryError("changes come faster than they can be written: round " +
                   std::to_string(options_.max_rounds) + " of catching up still took more than " +
                   std::to_string(options_.max_lag.count()) + " ms (max_lag)");
}

// Brings Kafka's records from the position up to the present into the new target.
sluice_replay_result Rebuild::follow() {
  host_.progress("catch up", replayed_);
  OwnedValue end(host_.end_offsets());
  const auto result = host_.replay(position_.get(), end.get(), target_);
  if (result.unresolved > 0) {
    throw BadTarget(std::to_string(result.unresolved) +
                    " records or documents failed for good while catching up; the log and the "
                    "dead-letter topic say which");
  }
  position_ = std::move(end);
  replayed_ += result.records;
  return result;
}

void Rebuild::verify() {
  Verification verification(host_, target_, options_.sample);
  milliseconds pause = kFirstPause;
  for (int check = 1;; ++check) {
    host_.progress("check", check, options_.max_checks);
    const auto caught_up = follow();
    host_.refresh(target_);
    if (verification.check(caught_up.documents)) return;
    if (check == options_.max_checks) {
      throw BadTarget("index and source still differ: " + verification.findings() + "after " +
                      std::to_string(check) + " checks (max_checks)");
    }
    host_.wait(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

// While the target in use takes no writes. So no reader sees a document after the swap that is
// older than what he saw before it.
void Rebuild::come_level() {
  host_.progress("come level");
  const auto targets = read_targets(host_.list_targets());
  const Target* const current = find_current(targets);
  if (current != nullptr) {
    fence_.emplace(host_, context_, current->name);
    wait_for_delivery();
  }
  follow();  // once more, for one partition may be behind another
}

// A write that got in before the fence may have read changes that are not in Kafka yet. Changes
// come in the order of their commits, so one made after the fence tells that all of those have
// come.
void Rebuild::wait_for_delivery() {
  const auto start = now_();
  auto heard = start;
  while (now_() - start < kLevelLimit) {
    if (follow().records > 0) heard = now_();
    if (host_.is_level() || now_() - heard >= kSilence) return;
    host_.wait(kLevelPause);
  }
  context_.warn("changes made " + std::to_string(kLevelLimit.count()) +
                " ms ago are not in Kafka yet: after the swap, readers may see some documents as "
                "they were before those, until they come");
}

void Rebuild::leave_to_next_run(const std::exception& error) {
  context_.warn("the index in use stays, " + target_ + " waits for the next run: " + error.what());
}

void Rebuild::give_up(const std::exception& error) {
  context_.warn("the index in use stays: " + target_ + " failed: " + error.what());
  drop(target_);
}

// A swap whose answer was lost may well have happened.
void Rebuild::swap() {
  host_.progress("swap");
  try {
    host_.swap_target(target_);
  } catch (const RetryError& error) {
    if (!is_in_use()) {
      leave_to_next_run(error);
      throw;
    }
    context_.warn(std::string("the swap was reported as failed, yet is in force: ") + error.what());
  } catch (const std::exception& error) {
    if (!is_in_use()) {
      give_up(error);
      throw;
    }
    context_.warn(std::string("the swap was reported as failed, yet is in force: ") + error.what());
  }
  context_.info(target_ + " is in use now");
}

bool Rebuild::is_in_use() const {
  const auto targets = read_targets(host_.list_targets());
  return std::any_of(targets.begin(), targets.end(), [this](const Target& target) {
    return target.current && target.name == target_;
  });
}

// Where there was no fence, live writes between the last round and the swap went to the old target.
// Their records are in Kafka before the ends noted now; the second round is for writes that were
// still on their way.
// Always a RetryError: another run brings them, or, after a BadTarget, builds all anew.
void Rebuild::settle() {
  try {
    follow();
    host_.progress("settle");
    host_.wait(std::min(options_.settle, host_.max_in_flight()));
    follow();
    host_.set_note(target_, Value());
  } catch (const BadTarget& error) {
    throw BadTarget(may_lack_changes(error));
  } catch (const RetryError& error) {
    throw RetryError(may_lack_changes(error));
  } catch (const std::exception& error) {
    throw BadTarget(may_lack_changes(error));
  }
}

std::string Rebuild::may_lack_changes(const std::exception& error) const {
  return target_ +
         " is in use, but may lack the changes made during the swap, until another run: " +
         error.what();
}

void Rebuild::remove_expired() {
  host_.progress("remove old");
  try {
    const auto targets = read_targets(host_.list_targets());
    for (const auto& name : expired(targets, since_epoch() - options_.retention)) drop(name);
  } catch (const std::exception& error) {
    context_.warn(std::string("old indices stay until the next run: ") + error.what());
  }
}

// Never fails: what stays is removed by a later run.
void Rebuild::drop(const std::string& name) {
  try {
    host_.drop_target(name);
    dropped_.push_back(name);
    context_.info("removed " + name);
  } catch (const std::exception& error) {
    context_.warn(name + " stays until the next run: " + error.what());
  }
}

OwnedValue Rebuild::summary(milliseconds duration) const {
  std::vector<sluice_value> dropped;
  for (const auto& name : dropped_) dropped.push_back(make_string(name));
  const std::array fields{make_field("target", make_string(target_)),
                          make_field("resumed", make_bool(is_resumed_)),
                          make_field("documents", make_int64(copied_)),
                          make_field("replayed", make_int64(replayed_)),
                          make_field("duration_ms", make_int64(duration.count())),
                          make_field("dropped", make_array(dropped))};
  return OwnedValue(Value(make_object(fields)));
}

milliseconds Rebuild::since_epoch() const {
  return std::chrono::duration_cast<milliseconds>(now_().time_since_epoch());
}

milliseconds Rebuild::time(const std::function<void()>& work) const {
  const auto start = now_();
  work();
  return std::chrono::duration_cast<milliseconds>(now_() - start);
}

}  // namespace sluice::reconcile
