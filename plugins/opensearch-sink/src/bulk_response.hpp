#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bulk_body.hpp"

namespace sluice::opensearch {

enum class Outcome {
  kDone,
  kSuperseded,  ///< the index holds a newer version
  kRetry,       ///< a passing fault
  kError,       ///< this document can never be written
};

struct ItemOutcome {
  Outcome outcome = Outcome::kDone;
  std::string reason;  ///< the server's words, at most 1000 bytes; empty unless retry or error
};

/// The answer is not a complete answer to the request: whether the documents were written is
/// unknown.
struct GarbledResponse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The members of an answer that `parse_bulk_response` reads, for the server's `filter_path`.
inline constexpr std::string_view kBulkFilterPath =
    "errors,items.*._id,items.*.status,items.*.error.type,items.*.error.reason,"
    "items.*.error.caused_by.reason";

/// What became of each of `items`, which the request had in this order. Throws GarbledResponse.
std::vector<ItemOutcome> parse_bulk_response(std::string_view body,
                                             std::span<const BulkItem> items);

}  // namespace sluice::opensearch
