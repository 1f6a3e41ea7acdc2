#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sluice::denorm {

/// libpq's connection string for the option `connection`. What the session needs (UTC, read only,
/// …) is part of it, so that every new connection has it.
[[nodiscard]] std::string conninfo_of(const nlohmann::json& connection);

/// What may happen to the password on its way, as a warning; empty if nothing: the server is on
/// this machine, or has to prove who it is.
[[nodiscard]] std::string exposure_of(const nlohmann::json& connection);

}  // namespace sluice::denorm
