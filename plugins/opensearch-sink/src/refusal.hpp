// Reading the server's refusals.
#pragma once

#include <cstdint>
#include <sluice-opensearch/client.hpp>
#include <string>
#include <string_view>

namespace sluice::opensearch {

/// True for a status that tells of the server, the network or the credentials, not of what was
/// sent: the same request may succeed later.
bool is_passing_status(std::int64_t status);

/// "type" of the error in an answer's body; empty if there is none.
std::string error_type(const Response& response);

/// One line for people: status, type and reason, or the start of a body that is not OpenSearch's.
std::string describe_refusal(const Response& response);

/// Throws RetryError for a passing status, FatalError otherwise; `action` says what was refused.
[[noreturn]] void throw_refusal(const Response& response, std::string_view action);

/// The text, cut to at most `max_bytes` between characters.
std::string cut_utf8(std::string text, std::size_t max_bytes);

}  // namespace sluice::opensearch
