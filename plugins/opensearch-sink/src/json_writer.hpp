#pragma once

#include <string>
#include <string_view>

#include <sluice/value.hpp>

namespace sluice::opensearch {

/// Appends `text` (UTF-8) as a JSON string.
void append_json_string(std::string& out, std::string_view text);

/// Appends `value` as JSON on one line; bytes become a base64 string, as OpenSearch's `binary` type
/// expects. Throws std::invalid_argument for what JSON cannot hold: infinities, NaN, trees too
/// deep.
void append_json(std::string& out, Value value);

}  // namespace sluice::opensearch
