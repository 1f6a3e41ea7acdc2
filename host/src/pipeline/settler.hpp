#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/flow.hpp"
#include "pipeline/stages.hpp"
#include "pipeline/unresolved.hpp"

namespace sluice {

struct UnsettledKey {
  std::string id;
  std::vector<std::int64_t> tx_ids;
};

struct Settled {
  std::int64_t documents = 0;  ///< written, deleted or found newer
  Unresolved unresolved;       ///< failed for good; logged
};

/// Reads and writes the documents to the target until each is settled, with back-off while the
/// database or the sink is away. For work outside the pipeline's own flow: copies and replays of a
/// job. Throws RetryError if stopped, FatalError if a stage is broken.
Settled settle(const Flow& flow, WritingStages& stages, std::string_view target,
               std::vector<UnsettledKey> keys, const std::stop_token& stop);

}  // namespace sluice
