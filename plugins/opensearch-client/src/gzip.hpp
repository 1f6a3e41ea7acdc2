#pragma once

#include <string>
#include <string_view>

namespace sluice::opensearch {

/// Compresses `text` into one gzip member. Throws std::bad_alloc.
std::string gzip(std::string_view text);

}  // namespace sluice::opensearch
