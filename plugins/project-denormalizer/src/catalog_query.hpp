#pragma once

#include <vector>

#include "catalog.hpp"
#include "connection.hpp"

namespace sluice::denorm {

/// Reads what the database says of these tables. One that it does not have is not in the result.
/// Throws SqlFailure.
[[nodiscard]] Catalog load_catalog(Connection& connection, const std::vector<TableName>& tables);

/// The columns of a statement's result. It is run, so let it end in LIMIT 0. Throws SqlFailure.
[[nodiscard]] std::vector<CatalogColumn> describe_columns(Connection& connection,
                                                          const std::string& sql);

}  // namespace sluice::denorm
