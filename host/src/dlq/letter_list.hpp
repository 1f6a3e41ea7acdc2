#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/pipeline_config.hpp"
#include "dlq/letter.hpp"

namespace sluice {

struct LetterList {
  struct Entry {
    Letter letter;
    bool replayed = false;
  };
  std::vector<Entry> newest;  ///< in the order in which they were written
  std::int64_t count = 0;     ///< of all that match
  std::int64_t replayed = 0;  ///< of these
};

/// A pipeline's dead letters that match the filter: how many there are, and the newest, at most
/// `limit`. Reads the topic as it is now, and keeps no more than those. Empty if the topic does not
/// exist. Throws RetryError if the brokers do not answer.
LetterList list_letters(const FlowConfig& flow, const std::string& pipeline,
                        const LetterFilter& filter, std::size_t limit);

}  // namespace sluice
