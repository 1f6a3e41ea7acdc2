#pragma once

#include <nlohmann/json.hpp>

#include "document_tree.hpp"

namespace sluice::denorm {

/// Tables nested deeper than this are refused.
inline constexpr int kMaxTreeDepth = 32;

/// The tree as configured under `document`: names only, nothing looked up. What the catalog can
/// tell (keys, columns, foreign keys) may be missing. Expects a value that its JSON Schema accepts;
/// throws ConfigError for what a schema cannot say.
[[nodiscard]] Node parse_document(const nlohmann::json& document, const std::string& pointer);

}  // namespace sluice::denorm
