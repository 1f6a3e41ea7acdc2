#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pipeline/stages.hpp"

namespace sluice {

struct Difference {
  std::string id;
  std::string
      source;  ///< digest of the document as the source gives it now; empty if it gives none
};

/// Compares documents of the target with what the source gives now: `count` picked at random, and
/// those of `again`. Documents are equal if their JSON is, whatever the order of keys. Throws
/// RetryError if the source or the sink are away.
std::vector<Difference> compare(const WritingStages& stages, std::string_view target,
                                std::size_t count, const std::vector<std::string>& again);

}  // namespace sluice
