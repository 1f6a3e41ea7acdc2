#pragma once

#include <stop_token>

#include "metrics/metrics.hpp"
#include "pipeline/flow.hpp"

namespace sluice {

/// Whether a job should fill the index in use: if the job that did so left something undone, under
/// whatever configuration, or if none ever did and there are fewer documents in the index than the
/// source would give, or one of some picked at random is missing. (Fewer, and not none: the
/// pipeline's tasks may have brought the newest changes by now.) The index is marked then, so that
/// the answer stays the same until a job has filled it.
/// Where the sink keeps no notes, nothing tells who filled it: then only if it is empty.
/// Creates the index if it is missing. Throws RetryError where a server is away or the source's
/// changes are not captured yet, FatalError if a stage is broken.
bool needs_filling(const Flow& flow, Metrics& metrics, const std::stop_token& stop);

}  // namespace sluice
