#include "pipeline/settler.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/coalescer.hpp"

namespace sluice {
namespace {

std::vector<KeyResult> write(WritingStages& stages, std::string_view target,
                             const std::vector<UnsettledKey>& keys, std::size_t count) {
  std::vector<KeyRequest> requests;
  for (std::size_t i = 0; i < count; ++i) requests.push_back({keys[i].id, keys[i].tx_ids});
  return stages.write(target, requests);
}

void wait_or_throw(const std::stop_token& stop, std::chrono::milliseconds time) {
  if (!wait(stop, time)) throw RetryError("stopped");
}

}  // namespace

Settled settle(const Flow& flow, WritingStages& stages, std::string_view target,
               std::vector<UnsettledKey> keys, const std::stop_token& stop) {
  const auto& errors = flow.config.errors;
  const auto began = Clock::now();
  Backoff backoff(errors.retry.initial, errors.retry.max);
  Settled settled;
  while (!keys.empty()) {
    if (stop.stop_requested()) throw RetryError("stopped");
    const auto count = std::min(keys.size(), flow.config.coalesce.bulk_max_keys);
    std::vector<KeyResult> results;
    try {
      results = write(stages, target, keys, count);
    } catch (const RetryError& e) {
      const auto delay = backoff.next();
      spdlog::warn("{}: {} (tried again in {} ms)", flow.name, e.what(), delay.count());
      wait_or_throw(stop, delay);
      continue;
    }

    std::vector<UnsettledKey> again;
    bool failed = false;
    for (std::size_t i = 0; i < count; ++i) {
      const auto outcome = results[i].outcome;
      if (outcome == SLUICE_DONE || outcome == SLUICE_SUPERSEDED) {
        ++settled.documents;
      } else if (outcome == SLUICE_ITEM_ERROR) {
        settled.unresolved.add(keys[i].id, results[i].reason);
        spdlog::error("{}: document {}: {}", flow.name, keys[i].id, results[i].reason);
      } else {
        if (outcome == SLUICE_AHEAD && Clock::now() - began > errors.visibility_timeout) {
          keys[i].tx_ids.clear();
        }
        failed = failed || outcome == SLUICE_ITEM_RETRY;
        again.push_back(std::move(keys[i]));
      }
    }
    const bool progress = again.size() < count;
    keys.erase(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(count));
    std::move(again.begin(), again.end(), std::back_inserter(keys));
    if (failed) {
      wait_or_throw(stop, backoff.next());
    } else if (!progress) {
      wait_or_throw(stop, std::chrono::milliseconds(5));
    } else {
      backoff.reset();
    }
  }
  return settled;
}

}  // namespace sluice
