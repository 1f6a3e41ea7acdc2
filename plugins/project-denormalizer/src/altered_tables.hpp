#pragma once

#include <string>
#include <vector>

#include <sluice/plugin_abi.h>

#include "document_tree.hpp"

// Noticing that tables are no longer what a plan was made for. A column that is gone fails its
// statement; these find what does not.
namespace sluice::denorm {

struct Plan;

/// An expression (text) that changes with the tables' columns, their types, and replica identities.
/// As a part of a statement it tells of the tables as that statement's snapshot sees them.
[[nodiscard]] std::string fingerprint_sql(const std::vector<TableName>& tables);

/// Whether the change may come from a table that was altered since the plan was made: it has a
/// column that the plan does not know, or an old row that fits another replica identity. Only the
/// fingerprint can tell: the change may be an old one, too.
[[nodiscard]] bool hints_at_alteration(const sluice_change& change, const Plan& plan);

}  // namespace sluice::denorm
