#include "pipeline/writer.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/sdk.hpp>

namespace sluice {
namespace {

// Most transactions become visible within milliseconds; one that a slow standby holds up must not
// be asked for a thousand times.
Clock::duration delay_until_visible(Clock::time_point since) {
  return std::clamp<Clock::duration>((Clock::now() - since) / 4, std::chrono::milliseconds(2),
                                     std::chrono::milliseconds(500));
}

bool is_settled(sluice_outcome outcome) {
  return outcome == SLUICE_DONE || outcome == SLUICE_SUPERSEDED || outcome == SLUICE_ITEM_ERROR;
}

constexpr std::chrono::seconds kLogRefusalsEvery{5};

}  // namespace

Writer::Writer(const Flow& flow, Coalescer& coalescer, DeadLetters* dead_letters,
               PipelineMetrics& metrics, Trouble& trouble, const std::stop_token& stop)
    : flow_(flow),
      coalescer_(coalescer),
      dead_letters_(dead_letters),
      metrics_(metrics),
      trouble_(trouble),
      stages_(flow.plugins, flow.name, &metrics.all, stop),
      away_(flow.config.errors.retry.initial, flow.config.errors.retry.max),
      retry_(flow.config.errors.retry.initial, flow.config.errors.retry.max) {}

void Writer::run(const std::stop_token& stop) {
  while (auto turn = coalescer_.take(stop)) {
    if (turn->walk) {
      walk_page(std::move(*turn->walk), stop);
    } else {
      flush(std::move(turn->keys), stop);
    }
  }
}

std::vector<KeyResult> Writer::write(const std::vector<KeyWork>& keys) {
  std::vector<KeyRequest> requests;
  requests.reserve(keys.size());
  for (const auto& work : keys) requests.push_back({work.id, work.tx_ids});
  const auto began = Clock::now();
  auto results = stages_.write({}, requests);
  tell_refusals(results, began);
  return results;
}

// A sink may answer and yet take nothing: its disk is full, its shards are away. While it takes
// some, the task gets on.
void Writer::tell_refusals(const std::vector<KeyResult>& results, Clock::time_point began) {
  const auto is_refused = [](const auto& result) { return result.outcome == SLUICE_ITEM_RETRY; };
  const bool some_settled = std::any_of(results.begin(), results.end(), [](const auto& result) {
    return is_settled(result.outcome);
  });
  if (some_settled) trouble_.clear(Trouble::kDocuments);
  const auto first = std::find_if(results.begin(), results.end(), is_refused);
  if (first == results.end()) return;
  const auto reason = first->plugin + ": " + first->reason;
  if (!some_settled) trouble_.note(Trouble::kDocuments, reason, began);
  if (refusals_logged_ && began - *refusals_logged_ < kLogRefusalsEvery) return;
  refusals_logged_ = began;
  spdlog::warn("{}: {} of {} documents were not taken, and are tried again; the first: {}",
               flow_.name, std::count_if(first, results.end(), is_refused), results.size(), reason);
}

void Writer::flush(std::vector<KeyWork> keys, const std::stop_token& stop) {
  const auto began = Clock::now();
  std::vector<KeyWork> settled;
  std::vector<Coalescer::Delayed> retries;
  std::vector<KeyResult> results;
  try {
    results = write(keys);
    away_.reset();
    trouble_.clear(Trouble::kWrite);
  } catch (const RetryError& e) {
    trouble_.note(Trouble::kWrite, e.what(), began);
    const auto delay = away_.next();
    spdlog::warn("{}: {} (tried again in {} ms)", flow_.name, e.what(), delay.count());
    coalescer_.suspend(delay);
    metrics_.retried.Increment(static_cast<double>(keys.size()));
    for (auto& work : keys) retries.push_back({std::move(work), delay});
    coalescer_.end_flush({}, std::move(retries));
    return;
  }

  const auto now = Clock::now();
  std::vector<DeadLetter> letters;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    KeyWork& work = keys[i];
    if (const auto delay = retry_after(work, results[i], letters)) {
      retries.push_back({std::move(work), *delay});
      continue;
    }
    if (results[i].outcome == SLUICE_DONE) {
      metrics_.wait_seconds.Observe(std::chrono::duration<double>(now - work.since).count());
    }
    settled.push_back(std::move(work));
  }
  metrics_.flush_seconds.Observe(std::chrono::duration<double>(now - began).count());
  give_up(std::move(letters), stop);
  coalescer_.end_flush(std::move(settled), std::move(retries));
}

// When to try a key again; nothing if it is settled, if only by a dead letter.
std::optional<Clock::duration> Writer::retry_after(KeyWork& work, const KeyResult& result,
                                                   std::vector<DeadLetter>& letters) {
  switch (result.outcome) {
    case SLUICE_DONE:
      metrics_.written.Increment();
      return std::nullopt;
    case SLUICE_SUPERSEDED:
      metrics_.superseded.Increment();
      return std::nullopt;
    case SLUICE_ITEM_ERROR:
      letters.push_back(
          {work.origin, "TASK_PUT", result.plugin, "document " + work.id + ": " + result.reason});
      return std::nullopt;
    case SLUICE_AHEAD:
      look_ahead(work);
      [[fallthrough]];
    case SLUICE_NOT_VISIBLE:
      metrics_.not_visible.Increment();
      return delay_until_visible(work.latest);
    default: {
      metrics_.retried.Increment();
      const auto delay = retry_.delay_after(work.attempts++);
      spdlog::debug("{}: document {}: {} (tried again in {} ms)", flow_.name, work.id,
                    result.reason, delay.count());
      return delay;
    }
  }
}

void Writer::walk_page(WalkWork walk, const std::stop_token& stop) {
  const auto began = Clock::now();
  std::optional<Clock::duration> delay;  // until the next page; none if the walk is over
  try {
    if (walk.begins_sweep() && !is_visible(walk)) {
      delay = delay_until_visible(walk.latest);
    } else {
      delay = next_page(walk, stop);
      away_.reset();
    }
    trouble_.clear(Trouble::kWalk);
  } catch (const RetryError& e) {
    trouble_.note(Trouble::kWalk, e.what(), began);
    const auto pause = away_.next();
    spdlog::warn("{}: {} (the walk goes on in {} ms)", flow_.name, e.what(), pause.count());
    delay = pause;
  } catch (const RecordError& e) {
    trouble_.clear(Trouble::kWalk);
    const auto& plugin = walk.sweep ? stages_.sink() : stages_.source();
    give_up({{walk.origin, "TASK_PUT", plugin.name(), "the walk: " + std::string(e.what())}}, stop);
  }
  coalescer_.end_page(std::move(walk), delay);
}

// When to go on from where it then is; nothing if the walk is over.
std::optional<Clock::duration> Writer::next_page(WalkWork& walk, const std::stop_token& stop) {
  const auto page = walk.sweep ? stages_.sweep({}, walk.cursor, flow_.config.fanout.page)
                               : stages_.walk(walk.cursor, flow_.config.fanout.page);
  const bool taken_whole = write_page(walk, page.ids, stop);
  metrics_.walk_pages.Increment();
  metrics_.walk_documents.Increment(static_cast<double>(page.ids.size()));
  if (!page.next) return std::nullopt;
  walk.cursor = *page.next;
  const auto attempts = std::exchange(walk.attempts, taken_whole ? 0 : walk.attempts + 1);
  return taken_whole ? Clock::duration::zero() : retry_.delay_after(attempts);
}

// What is read from now on shows that the table was emptied, so nothing that was in it comes in
// behind the sweep. A change that the database has not reached in time is not waited for, as in
// look_ahead.
bool Writer::is_visible(const WalkWork& walk) const {
  const auto snapshot = stages_.snapshot();
  if (snapshot.empty()) return true;  // the source does not know
  const bool patient = Clock::now() - walk.latest <= flow_.config.errors.visibility_timeout;
  const auto seen = stages_.seen(snapshot, walk.tx_ids);
  return std::none_of(seen.begin(), seen.end(), [patient](auto sight) {
    return sight == SLUICE_UNSEEN || (sight == SLUICE_UNKNOWN && patient);
  });
}

// What could not be settled goes the way of any other key, and holds the walk's record itself.
// False if the sink put some off: it has more than enough to do.
bool Writer::write_page(const WalkWork& walk, const std::vector<std::string>& ids,
                        const std::stop_token& stop) {
  if (ids.empty()) return true;
  std::vector<KeyWork> keys;
  keys.reserve(ids.size());
  for (const auto& id : ids) {
    keys.push_back({id, walk.tx_ids, walk.holds, walk.origin, Clock::now(), 0, std::nullopt});
  }
  const auto results = write(keys);

  bool taken_whole = true;
  std::vector<Coalescer::Delayed> unsettled;
  std::vector<DeadLetter> letters;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    taken_whole = taken_whole && results[i].outcome != SLUICE_ITEM_RETRY;
    if (const auto delay = retry_after(keys[i], results[i], letters)) {
      unsettled.push_back({std::move(keys[i]), *delay});
    }
  }
  give_up(std::move(letters), stop);
  coalescer_.add(std::move(unsettled));
  return taken_whole;
}

// A transaction id that the database has not reached will never come if the database was restored
// or failed over; then what it says now is all there is.
void Writer::look_ahead(KeyWork& work) const {
  const auto now = Clock::now();
  if (!work.ahead_since) work.ahead_since = now;
  if (now - *work.ahead_since < flow_.config.errors.visibility_timeout) return;
  spdlog::warn(
      "{}: document {}: the database has not reached the transaction of its change (restored or "
      "failed over?); "
      "it is read as it is",
      flow_.name, work.id);
  work.tx_ids.clear();
}

void Writer::give_up(std::vector<DeadLetter> letters, const std::stop_token& stop) {
  if (letters.empty()) return;
  if (flow_.config.errors.tolerance == ErrorTolerance::kNone) {
    throw FatalError(letters.front().plugin + ": " + letters.front().reason);
  }
  for (const auto& letter : letters)
    spdlog::error("{}: {}: {}", flow_.name, letter.plugin, letter.reason);
  metrics_.dead_letters.Increment(static_cast<double>(letters.size()));
  if (dead_letters_ != nullptr && !dead_letters_->send(letters, stop)) {
    throw RetryError("stopped before the dead letters were delivered");
  }
}

}  // namespace sluice
