#include "pipeline/writer.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/sdk.hpp>

namespace sluice {
namespace {

bool is_settled(const KeyResult& result) {
  return result.outcome == SLUICE_DONE || result.outcome == SLUICE_SUPERSEDED;
}

}  // namespace

Writer::Writer(const Flow& flow, Coalescer& coalescer, DeadLetters* dead_letters,
               PipelineMetrics& metrics, const std::stop_token& stop)
    : flow_(flow),
      coalescer_(coalescer),
      dead_letters_(dead_letters),
      metrics_(metrics),
      stages_(flow.plugins, flow.name, &metrics.all, stop),
      trouble_(flow.config.errors.retry.initial, flow.config.errors.retry.max),
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
  return stages_.write({}, requests);
}

void Writer::flush(std::vector<KeyWork> keys, const std::stop_token& stop) {
  const auto began = Clock::now();
  std::vector<KeyWork> settled;
  std::vector<Coalescer::Delayed> retries;
  std::vector<KeyResult> results;
  try {
    results = write(keys);
    trouble_.reset();
  } catch (const RetryError& e) {
    const auto delay = trouble_.next();
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
    KeyResult& result = results[i];
    switch (result.outcome) {
      case SLUICE_SUPERSEDED:
        metrics_.superseded.Increment();
        settled.push_back(std::move(work));
        break;
      case SLUICE_DONE:
        metrics_.written.Increment();
        metrics_.wait_seconds.Observe(std::chrono::duration<double>(now - work.since).count());
        settled.push_back(std::move(work));
        break;
      case SLUICE_ITEM_ERROR:
        letters.push_back(
            {work.origin, "TASK_PUT", result.plugin, "document " + work.id + ": " + result.reason});
        settled.push_back(std::move(work));
        break;
      case SLUICE_AHEAD:
        look_ahead(work);
        [[fallthrough]];
      case SLUICE_NOT_VISIBLE: {
        metrics_.not_visible.Increment();
        const auto delay = delay_until_visible(work);
        retries.push_back({std::move(work), delay});
        break;
      }
      default: {
        metrics_.retried.Increment();
        const auto delay = retry_.delay_after(work.attempts++);
        spdlog::debug("{}: document {}: {} (tried again in {} ms)", flow_.name, work.id,
                      result.reason, delay.count());
        retries.push_back({std::move(work), delay});
      }
    }
  }
  metrics_.flush_seconds.Observe(std::chrono::duration<double>(now - began).count());
  give_up(std::move(letters), stop);
  coalescer_.end_flush(std::move(settled), std::move(retries));
}

void Writer::walk_page(WalkWork walk, const std::stop_token& stop) {
  try {
    const auto page = walk.sweep ? stages_.sweep({}, walk.cursor, flow_.config.fanout.page)
                                 : stages_.walk(walk.cursor, flow_.config.fanout.page);
    std::vector<KeyWork> keys;
    keys.reserve(page.ids.size());
    for (const auto& id : page.ids) {
      keys.push_back({id, walk.tx_ids, walk.holds, walk.origin, Clock::now(), 0, std::nullopt});
    }
    const auto results = keys.empty() ? std::vector<KeyResult>{} : write(keys);

    // What could not be settled goes the way of any other key, and holds the walk's record itself.
    std::vector<Coalescer::Addition> unsettled;
    std::vector<DeadLetter> letters;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (is_settled(results[i])) {
        metrics_.written.Increment();
      } else if (results[i].outcome == SLUICE_ITEM_ERROR) {
        letters.push_back({walk.origin, "TASK_PUT", results[i].plugin,
                           "document " + keys[i].id + ": " + results[i].reason});
      } else {
        unsettled.push_back({std::move(keys[i]), false});
      }
    }
    give_up(std::move(letters), stop);
    coalescer_.add(std::move(unsettled));
    metrics_.walk_pages.Increment();
    trouble_.reset();
    walk.attempts = 0;
    const bool over = !page.next;
    if (page.next) walk.cursor = *page.next;
    coalescer_.end_page(std::move(walk),
                        over ? std::nullopt : std::optional(Clock::duration::zero()));
  } catch (const RetryError& e) {
    const auto delay = trouble_.next();
    spdlog::warn("{}: {} (the walk goes on in {} ms)", flow_.name, e.what(), delay.count());
    ++walk.attempts;
    coalescer_.end_page(std::move(walk), delay);
  }
}

// Most transactions become visible within milliseconds; one that a slow standby holds up must not
// be asked for a thousand times.
Clock::duration Writer::delay_until_visible(const KeyWork& work) const {
  return std::clamp<Clock::duration>((Clock::now() - work.since) / 4, std::chrono::milliseconds(2),
                                     std::chrono::milliseconds(500));
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
