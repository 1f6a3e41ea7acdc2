#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "metrics/metrics.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/unresolved.hpp"

namespace sluice {

/// How far a copy has come: what another process needs to go on with it.
struct CopyState {
  std::string snapshot;             ///< what its reads see at least, in the source's words
  std::vector<std::string> ranges;  ///< cursors of what is still to be read
  std::int64_t documents = 0;       ///< settled before those cursors
};

struct CopyOptions {
  std::string target;
  std::size_t readers = 1;  ///< parallel scans
  std::size_t page = 1;     ///< rows read at once
  /// Called from the calling thread, about once a second.
  std::function<void(const CopyState&)> on_progress = [](const CopyState&) {};
  /// The same at the start, every other second, and at the end, however it ends. Must not throw.
  std::function<void(const CopyState&)> save = [](const CopyState&) {};
};

struct CopyResult {
  std::int64_t documents = 0;  ///< settled, those of the state before included
  Unresolved unresolved;       ///< failed for good, in the source or in the sink; logged
};

/// The state of a copy of every root row that has yet to begin.
CopyState new_copy(WritingStages& stages, std::size_t readers);

/// Reads what the state says is left, and writes the documents to the target. A range counts as
/// read only up to the page before the first document that failed for good.
/// Throws RetryError if stopped or if the source or the sink stay away, FatalError if a stage is
/// broken.
CopyResult copy_rest(const Flow& flow, Metrics& metrics, const CopyOptions& options,
                     CopyState state, const std::stop_token& stop);

}  // namespace sluice
