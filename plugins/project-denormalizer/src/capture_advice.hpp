#pragma once

#include <string>
#include <vector>

#include "catalog.hpp"
#include "connection.hpp"
#include "plan.hpp"

// Whether every change reaches the pipeline.
namespace sluice::denorm {

/// The tables whose changes matter, each once, the root's first.
[[nodiscard]] std::vector<TableName> captured_tables(const Plan& plan);

/// Whether some row's place follows from columns outside its primary key.
[[nodiscard]] bool needs_full_identity(const TableName& table, const Plan& plan,
                                       const Catalog& catalog);

/// What keeps changes from arriving, or from saying enough: replica identities, publications, the
/// slot (empty: not known), partitions, unlogged tables, row level security; with the statement
/// that mends it on the next line where there is one. Throws SqlFailure.
[[nodiscard]] std::vector<std::string> capture_advice(const Plan& plan, const Catalog& catalog,
                                                      Connection& connection,
                                                      const std::string& slot);

}  // namespace sluice::denorm
