// Reading documents and ids back from an index.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <sluice/sdk.hpp>

#include "rest.hpp"

namespace sluice::opensearch {

/// Emits, for each key that `index` has, the document as it was written last, refreshed or not.
/// Throws RetryError or FatalError.
void fetch_documents(Rest& rest, std::string_view index, std::span<const sluice_key* const> keys,
                     DocumentOutput& output);

/// Emits up to `limit` ids (at most 10,000) after `cursor` in id order, and a cursor to go on from
/// unless that was all. The first page (an empty cursor) refreshes, so that it misses nothing that
/// was written before. Throws RetryError or FatalError.
void list_keys(Rest& rest, std::string_view index, std::string_view cursor, std::size_t limit,
               KeyOutput& output);

}  // namespace sluice::opensearch
