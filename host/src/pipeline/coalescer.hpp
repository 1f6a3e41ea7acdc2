#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/pipeline_config.hpp"
#include "pipeline/offset_ledger.hpp"
#include "pipeline/recent_writes.hpp"
#include "pipeline/record_batch.hpp"

namespace sluice {

using Clock = std::chrono::steady_clock;

/// A document key and all that waits for it. One key stands for every change since it was last
/// read.
struct KeyWork {
  std::string id;
  std::vector<std::int64_t> tx_ids;  ///< transactions that the read must see
  std::vector<Hold> holds;  ///< at most one for each partition: the earliest record that waits
  RecordRef origin;         ///< the latest record that it came from, for a dead letter
  Clock::time_point since;  ///< when the first of the changes came in
  int attempts = 0;         ///< failed tries so far
  std::optional<Clock::time_point>
      ahead_since;                   ///< since when its transaction is unknown to the database
  Clock::time_point latest = since;  ///< when the last of the changes came in
};

/// A walk over many documents. Pages are taken by one writer at a time. Its first cursor says what
/// it walks over: one that has not begun stands for every later one with the same cursor.
struct WalkWork {
  std::string cursor;
  bool sweep = false;  ///< over all that the sink holds, instead of the denormalizer's cursor
  std::vector<std::int64_t> tx_ids;
  std::vector<Hold> holds;
  RecordRef origin;
  Clock::time_point since;           ///< when the first of its changes came in
  Clock::time_point latest = since;  ///< when the last of them came in
  int attempts = 0;                  ///< pages in a row that the sink did not take whole

  /// A sweep that has not looked at the sink yet.
  bool begins_sweep() const { return sweep && cursor.empty(); }
};

struct CoalescerLimits {
  std::size_t max_keys = 50;  ///< a busy writer is joined by another at so many keys
  std::chrono::milliseconds max_delay{2000};  ///< … or when a key has waited for so long
  std::size_t bulk_max_keys = 1000;           ///< most keys in one flush
  int walk_share = 4;                         ///< with walks waiting, every n-th turn is a walk's
  std::chrono::milliseconds hot_pause{0};     ///< between two writes of a hot key; zero: none
};
CoalescerLimits limits_of(const FlowConfig& config);

/// Pending document keys: each once, however many changes touched it. Thread-safe.
///
/// Intake adds; writers take a flush (or a page of a walk), then give back each key as done or to
/// be tried again. A key that is with a writer is not given to another; changes that come in
/// meanwhile make it pending again once it is back.
///
/// A hot key, which is written again and again, rests: until no change has come for an eighth of
/// `hot_pause`, and at most until `hot_pause` after its last write.
class Coalescer {
 public:
  Coalescer(CoalescerLimits limits, OffsetLedger& ledger)
      : limits_(limits), ledger_(ledger), recent_(limits.hot_pause) {}

  /// A change touched a document. The id need only live for the call.
  struct Touch {
    std::string_view id;
    std::int64_t tx_id = 0;  ///< that the read must see; 0: any read will do
    Hold hold;               ///< counts from here on; without a ledger nothing is held
    RecordRef origin;
    Clock::time_point since;
    bool urgent = false;  ///< a delete: a flush goes at once
  };
  void add(std::span<const Touch> touches);
  /// Keys that someone else has tried in vain, to be tried not before `delay`. Their holds count
  /// from here on.
  struct Delayed {
    KeyWork work;
    Clock::duration delay{};
  };
  void add(std::vector<Delayed> failed);
  void add(WalkWork walk);

  /// What to do next: a flush, or a page of a walk.
  struct Turn {
    std::vector<KeyWork> keys;
    std::optional<WalkWork> walk;
  };
  /// Waits for work. Nothing when `stop` is requested, or, while draining, when all is done.
  std::optional<Turn> take(const std::stop_token& stop);
  /// What became of a flush: every key of the turn is in one of the two. Settled: written,
  /// superseded, or in the dead-letter topic. To retry: read and tried again after its delay.
  void end_flush(std::vector<KeyWork> settled, std::vector<Delayed> retries);
  /// The walk's page is settled: go on after `delay`, or (nullopt) the walk is over.
  void end_page(WalkWork walk, std::optional<Clock::duration> delay);
  /// Hot keys are handed out like others this time: there is no room for more.
  void end_rests();
  /// Nothing is handed out for so long: the sink or the database is in trouble.
  void suspend(Clock::duration time);

  /// From now on take() hands out the keys that are left without waiting for batches, then nothing.
  /// Walks are left for the next start: their offsets stay uncommitted.
  void drain();

  std::size_t pending() const;     ///< keys that wait or are with a writer
  Clock::duration oldest() const;  ///< how long the first key in the queue has waited

  /// Walks that wait or are with a writer, and how long ago the first of their changes came in.
  struct Walks {
    std::size_t count = 0;
    Clock::duration oldest{};
  };
  Walks walks() const;

  /// False when intake should pause: `max_keys` or more are pending, or one key has gathered too
  /// many transactions.
  bool has_room(std::size_t max_keys) const;

 private:
  struct Entry;
  using Node = std::pair<const std::string, Entry>;
  using Timers = std::multimap<Clock::time_point, Node*>;
  struct Entry {
    KeyWork waiting;                       ///< meaningful while is_waiting
    std::optional<Timers::iterator> rest;  ///< in resting_
    bool is_waiting = false;
    bool in_flight = false;  ///< with a writer
    bool in_ready = false;   ///< in the ready queue
    bool urgent = false;
    bool overfull = false;  ///< has gathered kMaxTxIds transactions or more
  };

  Node& node_of(std::string_view id);
  void touch(const Touch& touch);
  void add_failed(Delayed failed);
  void merge_later(Entry& entry, KeyWork& later);
  void merge_hold(std::vector<Hold>& holds, const Hold& later);
  bool may_rest(const Entry& entry) const;
  void schedule(Node& node, Clock::time_point now);
  void enqueue(Node& node);
  void end_rest(Node& node);
  void make_urgent(Entry& entry);
  void update_overfull(Entry& entry);
  void promote_delayed(Clock::time_point now);
  void promote_rested(Clock::time_point now);
  bool flush_is_due(Clock::time_point now) const;
  bool may_walk() const;
  bool sweep_begins(Clock::time_point now) const;
  bool walk_is_due(Clock::time_point now) const;
  Clock::time_point next_event(Clock::time_point now) const;
  Turn take_flush();
  Turn take_walk();
  void changed();

  const CoalescerLimits limits_;
  OffsetLedger& ledger_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any wake_;
  std::uint64_t generation_ =
      0;  ///< goes up with every change, so that a waiter sees that there was one
  std::unordered_map<std::string, Entry, StringHash, std::equal_to<>> entries_;
  std::deque<Node*> ready_;
  Timers delayed_;
  Timers resting_;
  RecentWrites recent_;
  using WalkQueue = std::multimap<Clock::time_point, WalkWork>;
  WalkQueue walks_;
  std::map<std::pair<bool, std::string>, WalkQueue::iterator>
      unbegun_;  ///< in walks_, by sweep and cursor
  Clock::time_point suspended_until_{};
  std::size_t urgent_ = 0;    ///< urgent keys in ready_
  std::size_t overfull_ = 0;  ///< overfull keys
  int flushing_ = 0;          ///< writers with a flush
  struct Walking {
    Clock::time_point since;
    bool begins_sweep = false;
  };
  std::optional<Walking> walking_;  ///< the walk that is with a writer
  int flushes_since_walk_ = 0;
  bool draining_ = false;
};

}  // namespace sluice
