#pragma once

#include <spdlog/spdlog.h>
#include <stop_token>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/flow.hpp"

namespace sluice {

/// What `work` returns, tried again with back-off while it throws RetryError, up to 8 times in a
/// row; after that the caller's own back-off, as a job's, is the longer one. Throws RetryError at
/// once if a stop is requested.
template <typename Work>
auto retried(const Flow& flow, const std::stop_token& stop, Work work) {
  constexpr int kMaxAttempts = 8;
  Backoff backoff(flow.config.errors.retry.initial, flow.config.errors.retry.max);
  while (true) {
    if (stop.stop_requested()) throw RetryError("stopped");
    try {
      return work();
    } catch (const RetryError& e) {
      if (backoff.attempts() >= kMaxAttempts) throw;
      const auto delay = backoff.next();
      spdlog::warn("{}: {} (tried again in {} ms)", flow.name, e.what(), delay.count());
      if (!wait(stop, delay)) throw;
    }
  }
}

}  // namespace sluice
