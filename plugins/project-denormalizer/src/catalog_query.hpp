#pragma once

#include <vector>

#include "catalog.hpp"
#include "connection.hpp"

namespace sluice::denorm {

/// Reads what the database says of these tables. One that it does not have is not in the result.
/// Throws SqlFailure.
[[nodiscard]] Catalog load_catalog(Connection& connection, const std::vector<TableName>& tables);

}  // namespace sluice::denorm
