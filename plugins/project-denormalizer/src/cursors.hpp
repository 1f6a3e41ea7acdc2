#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Positions in walks and scans, as the opaque text that the host keeps. Each throws
// std::invalid_argument for text that encode() did not make.
namespace sluice::denorm {

using KeyValues = std::vector<std::string>;

/// The present, for WalkCursor::begun_ms.
[[nodiscard]] std::int64_t now_ms();

/// All documents that a route leads to from one row, or all there are.
struct WalkCursor {
  std::optional<std::size_t> route;  // none: all documents
  KeyValues values;                  // the route's source values
  std::int64_t tx_id = 0;            // of the change; keys are read once it is visible. 0: at once
  std::int64_t begun_ms = 0;         // when the walk began, since the epoch
  std::optional<KeyValues> last;     // the last key given

  [[nodiscard]] std::string encode() const;
  static WalkCursor decode(std::string_view text);
};

/// The documents with keys above `after` and up to `upto`.
struct ScanCursor {
  std::optional<KeyValues> after;
  std::optional<KeyValues> upto;

  [[nodiscard]] std::string encode() const;
  static ScanCursor decode(std::string_view text);
};

}  // namespace sluice::denorm
