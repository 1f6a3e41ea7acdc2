#include "pipeline/coalescer.hpp"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

// The bound on what one hot key can gather while its writer is away; intake pauses there.
constexpr std::size_t kMaxTxIds = 4096;

void append_new(std::vector<std::int64_t>& to, std::int64_t tx_id) {
  if (tx_id != 0 && (to.empty() || to.back() != tx_id)) to.push_back(tx_id);
}

void append_new(std::vector<std::int64_t>& to, const std::vector<std::int64_t>& from) {
  for (const auto tx_id : from) append_new(to, tx_id);
}

auto find_partition(std::vector<Hold>& holds, const Hold& like) {
  return std::find_if(holds.begin(), holds.end(),
                      [&](const Hold& hold) { return hold.ledger == like.ledger; });
}

}  // namespace

CoalescerLimits limits_of(const FlowConfig& config) {
  const auto& coalesce = config.coalesce;
  return {.max_keys = coalesce.max_keys,
          .max_delay = coalesce.max_delay,
          .bulk_max_keys = coalesce.bulk_max_keys,
          .walk_share = static_cast<int>(config.fanout.share),
          .hot_pause = coalesce.hot_pause};
}

void Coalescer::changed() {
  ++generation_;
  wake_.notify_all();
}

void Coalescer::add(std::span<const Touch> touches) {
  const std::lock_guard lock(mutex_);
  for (const auto& each : touches) touch(each);
  changed();
}

void Coalescer::add(std::vector<Delayed> failed) {
  const std::lock_guard lock(mutex_);
  for (auto& each : failed) add_failed(std::move(each));
  changed();
}

void Coalescer::add(WalkWork walk) {
  const std::lock_guard lock(mutex_);
  const std::pair start(walk.sweep, walk.cursor);
  const auto same = unbegun_.find(start);
  if (same != unbegun_.end() && same->second->second.tx_ids.size() < kMaxTxIds) {
    WalkWork& waiting = same->second->second;
    for (const auto& hold : walk.holds) merge_hold(waiting.holds, hold);
    append_new(waiting.tx_ids, walk.tx_ids);
    waiting.origin = std::move(walk.origin);
    waiting.latest = walk.latest;
    return;
  }
  for (const auto& hold : walk.holds) ledger_.hold(hold);
  unbegun_.insert_or_assign(start, walks_.emplace(Clock::now(), std::move(walk)));
  changed();
}

Coalescer::Node& Coalescer::node_of(std::string_view id) {
  const auto found = entries_.find(id);
  return found != entries_.end() ? *found : *entries_.try_emplace(std::string(id)).first;
}

void Coalescer::touch(const Touch& touch) {
  Node& node = node_of(touch.id);
  Entry& entry = node.second;
  KeyWork& waiting = entry.waiting;
  if (touch.urgent) make_urgent(entry);
  waiting.latest = touch.since;
  if (!entry.is_waiting) {
    entry.is_waiting = true;
    waiting.id = touch.id;
    waiting.since = touch.since;
    if (!entry.in_flight) schedule(node, touch.since);
  }
  if (touch.hold.ledger != nullptr) merge_hold(waiting.holds, touch.hold);
  append_new(waiting.tx_ids, touch.tx_id);
  waiting.origin = touch.origin;
  update_overfull(entry);
  if (entry.rest && !may_rest(entry)) end_rest(node);
}

void Coalescer::add_failed(Delayed failed) {
  auto& [work, delay] = failed;
  Node& node = node_of(work.id);
  Entry& entry = node.second;
  if (entry.is_waiting) {
    merge_later(entry, work);
  } else {
    for (const auto& hold : work.holds) ledger_.hold(hold);
    entry.waiting = std::move(work);
    entry.is_waiting = true;
    if (!entry.in_flight) delayed_.emplace(Clock::now() + delay, &node);
  }
  update_overfull(entry);
  if (entry.rest && !may_rest(entry)) end_rest(node);
}

void Coalescer::merge_later(Entry& entry, KeyWork& later) {
  KeyWork& waiting = entry.waiting;
  for (const auto& hold : later.holds) merge_hold(waiting.holds, hold);
  append_new(waiting.tx_ids, later.tx_ids);
  waiting.origin = std::move(later.origin);
  waiting.latest = std::max(waiting.latest, later.latest);
}

// Of each partition the earliest record is held: what comes later waits behind it anyway, so a hot
// key costs nothing but its transaction ids. What a walk leaves comes after records behind its own.
void Coalescer::merge_hold(std::vector<Hold>& holds, const Hold& later) {
  const auto held = find_partition(holds, later);
  if (held == holds.end()) {
    ledger_.hold(later);
    holds.push_back(later);
  } else if (later.offset < held->offset) {
    ledger_.hold(later);
    ledger_.release({*held});
    *held = later;
  }
}

void Coalescer::make_urgent(Entry& entry) {
  if (entry.in_ready && !entry.urgent) ++urgent_;
  entry.urgent = true;
}

void Coalescer::update_overfull(Entry& entry) {
  const bool overfull = entry.is_waiting && entry.waiting.tx_ids.size() >= kMaxTxIds;
  if (overfull && !entry.overfull) ++overfull_;
  if (!overfull && entry.overfull) --overfull_;
  entry.overfull = overfull;
}

// Its transactions must stay well below what makes intake pause.
bool Coalescer::may_rest(const Entry& entry) const {
  return !entry.urgent && !draining_ && entry.waiting.tx_ids.size() < kMaxTxIds / 2;
}

// What waits for a writer, or, if it is hot, first for its changes to pause.
void Coalescer::schedule(Node& node, Clock::time_point now) {
  Entry& entry = node.second;
  const auto written = recent_.last_of_hot(node.first);
  if (!written || !may_rest(entry)) return enqueue(node);
  const auto due =
      std::min(entry.waiting.latest + limits_.hot_pause / 8, *written + limits_.hot_pause);
  if (due <= now) return enqueue(node);
  entry.rest = resting_.emplace(due, &node);
}

void Coalescer::end_rest(Node& node) {
  resting_.erase(*node.second.rest);
  node.second.rest.reset();
  enqueue(node);
}

void Coalescer::enqueue(Node& node) {
  Entry& entry = node.second;
  entry.in_ready = true;
  if (entry.urgent) {
    ready_.push_front(&node);
    ++urgent_;
  } else {
    ready_.push_back(&node);
  }
}

void Coalescer::promote_delayed(Clock::time_point now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    enqueue(*delayed_.begin()->second);
    delayed_.erase(delayed_.begin());
  }
}

// A change that came meanwhile has not moved the timer: looked at anew, the key may rest on.
void Coalescer::promote_rested(Clock::time_point now) {
  while (!resting_.empty() && resting_.begin()->first <= now) {
    Node& node = *resting_.begin()->second;
    resting_.erase(resting_.begin());
    node.second.rest.reset();
    schedule(node, now);
  }
}

bool Coalescer::flush_is_due(Clock::time_point now) const {
  if (ready_.empty() || sweep_begins(now)) return false;
  if (flushing_ == 0 || urgent_ > 0 || draining_) return true;
  return ready_.size() >= limits_.max_keys ||
         now - ready_.front()->second.waiting.since >= limits_.max_delay;
}

// The documents that a walk cannot settle join the keys to be tried again, so it waits while these
// are many.
bool Coalescer::may_walk() const {
  return !walks_.empty() && !walking_ && !draining_ && delayed_.size() < limits_.bulk_max_keys;
}

// A write whose read came before the table was emptied must not arrive after the sweep has looked:
// so a sweep begins alone, once the flushes under way have ended.
bool Coalescer::sweep_begins(Clock::time_point now) const {
  if (walking_) return walking_->begins_sweep;
  return may_walk() && walks_.begin()->first <= now && walks_.begin()->second.begins_sweep();
}

// One writer at most walks, and fresh changes go first; but a steady stream of them must not stop a
// walk for ever.
bool Coalescer::walk_is_due(Clock::time_point now) const {
  if (!may_walk() || walks_.begin()->first > now) return false;
  if (sweep_begins(now)) return flushing_ == 0;
  return !flush_is_due(now) || flushes_since_walk_ >= limits_.walk_share;
}

Clock::time_point Coalescer::next_event(Clock::time_point now) const {
  if (now < suspended_until_) return suspended_until_;  // anything may be due by then
  auto next = now + std::chrono::hours(1);
  if (!delayed_.empty()) next = std::min(next, delayed_.begin()->first);
  if (!resting_.empty()) next = std::min(next, resting_.begin()->first);
  if (sweep_begins(now)) return next;  // the writers that it waits for wake this one
  if (may_walk()) next = std::min(next, walks_.begin()->first);
  if (!ready_.empty())
    next = std::min(next, ready_.front()->second.waiting.since + limits_.max_delay);
  return next;
}

std::optional<Coalescer::Turn> Coalescer::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = Clock::now();
    promote_delayed(now);
    promote_rested(now);
    if (now >= suspended_until_) {
      if (walk_is_due(now)) return take_walk();
      if (flush_is_due(now)) return take_flush();
    }
    if (draining_ && entries_.empty()) return std::nullopt;
    const auto seen = generation_;
    wake_.wait_until(lock, stop, next_event(now), [&] { return generation_ != seen; });
  }
  return std::nullopt;
}

Coalescer::Turn Coalescer::take_flush() {
  Turn turn;
  const auto count = std::min(ready_.size(), limits_.bulk_max_keys);
  turn.keys.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Entry& entry = ready_.front()->second;
    ready_.pop_front();
    if (entry.urgent) --urgent_;
    entry.urgent = false;
    entry.in_ready = false;
    entry.is_waiting = false;
    entry.in_flight = true;
    turn.keys.push_back(std::exchange(entry.waiting, KeyWork{}));
    update_overfull(entry);
  }
  ++flushing_;
  if (!walks_.empty()) ++flushes_since_walk_;
  return turn;
}

Coalescer::Turn Coalescer::take_walk() {
  Turn turn;
  const auto first = walks_.begin();
  const auto unbegun = unbegun_.find({first->second.sweep, first->second.cursor});
  if (unbegun != unbegun_.end() && unbegun->second == first) unbegun_.erase(unbegun);
  turn.walk = std::move(first->second);
  walks_.erase(first);
  walking_ = {turn.walk->since, turn.walk->begins_sweep()};
  flushes_since_walk_ = 0;
  return turn;
}

void Coalescer::end_flush(std::vector<KeyWork> settled, std::vector<Delayed> retries) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  for (auto& work : settled) {
    ledger_.release(work.holds);
    recent_.note(work.id, now);
    auto& node = *entries_.find(work.id);
    node.second.in_flight = false;
    if (node.second.is_waiting) {
      schedule(node, now);
    } else {
      entries_.erase(work.id);
    }
  }
  for (auto& [work, delay] : retries) {
    auto& node = *entries_.find(work.id);
    Entry& entry = node.second;
    entry.in_flight = false;
    // What came in meanwhile joins the failed try, which holds the earlier records.
    if (entry.is_waiting) {
      KeyWork later = std::exchange(entry.waiting, std::move(work));
      merge_later(entry, later);
      ledger_.release(later.holds);
    } else {
      entry.waiting = std::move(work);
      entry.is_waiting = true;
    }
    update_overfull(entry);
    delayed_.emplace(now + delay, &node);
  }
  --flushing_;
  changed();
}

void Coalescer::end_page(WalkWork walk, std::optional<Clock::duration> delay) {
  const std::lock_guard lock(mutex_);
  if (delay) {
    walks_.emplace(Clock::now() + *delay, std::move(walk));
  } else {
    ledger_.release(walk.holds);
  }
  walking_.reset();
  changed();
}

void Coalescer::suspend(Clock::duration time) {
  const std::lock_guard lock(mutex_);
  suspended_until_ = std::max(suspended_until_, Clock::now() + time);
}

void Coalescer::drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  while (!resting_.empty()) end_rest(*resting_.begin()->second);
  changed();
}

void Coalescer::end_rests() {
  const std::lock_guard lock(mutex_);
  if (resting_.empty()) return;
  while (!resting_.empty()) end_rest(*resting_.begin()->second);
  changed();
}

std::size_t Coalescer::pending() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

Coalescer::Walks Coalescer::walks() const {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  Walks walks{walks_.size(), {}};
  if (walking_) {
    ++walks.count;
    walks.oldest = now - walking_->since;
  }
  for (const auto& [due, walk] : walks_) walks.oldest = std::max(walks.oldest, now - walk.since);
  return walks;
}

Clock::duration Coalescer::oldest() const {
  const std::lock_guard lock(mutex_);
  if (ready_.empty()) return Clock::duration::zero();
  return Clock::now() - ready_.front()->second.waiting.since;
}

bool Coalescer::has_room(std::size_t max_keys) const {
  const std::lock_guard lock(mutex_);
  return entries_.size() < max_keys && overfull_ == 0;
}

}  // namespace sluice
