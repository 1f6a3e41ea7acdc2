#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sluice::denorm {

/// libpq's connection string for the option `connection`. What the session needs (UTC, read only,
/// …) is part of it, so that every new connection has it.
[[nodiscard]] std::string conninfo_of(const nlohmann::json& connection);

}  // namespace sluice::denorm
