#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>

#include "metrics/metrics.hpp"
#include "pipeline/flow.hpp"

namespace sluice {

struct CopyProgress {
  std::int64_t documents = 0;
  std::int64_t unresolved = 0;
};

/// Reads every root row in `readers` parallel scans, in pages of `page` rows, and writes the
/// documents to the target. `on_progress` is called about once a second, from the calling thread.
/// Throws RetryError if stopped or if the source or the sink stay away, FatalError if a stage is
/// broken.
CopyProgress copy_all(const Flow& flow, Metrics& metrics, std::string_view target,
                      std::size_t readers, std::size_t page, const std::stop_token& stop,
                      const std::function<void(std::int64_t)>& on_progress);

}  // namespace sluice
