#pragma once

#include <string>
#include <vector>

#include "catalog.hpp"
#include "document_tree.hpp"

namespace sluice::denorm {

/// For each set of columns that reads or lookups search a table by without an index to help: what
/// it costs, and on the next line the CREATE INDEX that mends it. Judged by the catalog, not by
/// plans: a small table is read as a whole whatever indexes it has. The tree must be resolved.
[[nodiscard]] std::vector<std::string> index_advice(const Node& root, const Catalog& catalog);

}  // namespace sluice::denorm
