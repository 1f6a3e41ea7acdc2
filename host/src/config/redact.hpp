#pragma once

#include <string>
#include <string_view>

#include "config/json.hpp"

namespace sluice {

/// A copy of a normalised configuration that may be shown: values of format `secret` in the schema,
/// and the user and password of any URL, replaced by `******`.
Json redact(const Json& config, const Json& schema);

/// `http://user:password@host/` with `******` before the `@`; every URL in the text.
std::string redact_urls(std::string_view text);

}  // namespace sluice
