#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/stages.hpp"

namespace sluice {

enum class DriftKind {
  kMissing,    ///< the source gives a document that the index lacks
  kExtra,      ///< the index holds a document that the source does not give
  kDiffering,  ///< both have it, and not alike
  kUnreadable  ///< the source, or this host, cannot make a document of it
};
const char* to_string(DriftKind kind);

struct Difference {
  std::string id;
  std::string
      source;  ///< digest of the document as the source gives it now; empty if it gives none
  DriftKind kind = DriftKind::kDiffering;
  std::string detail;  ///< differing: JSON pointer to the first difference; unreadable: the reason
  std::int64_t source_version = 0;  ///< of this read
  std::int64_t index_version = 0;   ///< of the document in the index; 0 if there is none
};

/// Compares these documents of the target with what the source gives now. Documents are equal if
/// their JSON is, whatever the order of keys, and numbers to their last digit. Throws RetryError if
/// the source or the sink are away.
std::vector<Difference> compare_ids(const WritingStages& stages, std::string_view target,
                                    std::span<const std::string> ids);

/// The same for `count` documents picked at random in the source, and those of `again`.
std::vector<Difference> compare(const WritingStages& stages, std::string_view target,
                                std::size_t count, const std::vector<std::string>& again);

/// One page of a scan of the source, compared with the target.
struct ComparedPage {
  std::int64_t compared = 0;
  std::vector<std::string> present;  ///< ids that both have
  std::vector<Difference> differences;
  std::optional<std::string> next;  ///< nullopt: the range is done
};
ComparedPage compare_page(const WritingStages& stages, std::string_view target,
                          std::string_view cursor, std::size_t limit);

}  // namespace sluice
