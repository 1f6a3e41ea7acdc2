#pragma once

#include "catalog.hpp"
#include "document_tree.hpp"

namespace sluice::denorm {

/// All tables of the tree, each once: views, junctions and those that are watched included.
[[nodiscard]] std::vector<TableName> tables_of(const Node& root);

/// The tree completed and checked against the catalog: keys, columns with their types, relations
/// from foreign keys, shapes, a stable order of children, and aliases for SQL.
/// Throws ConfigError with all problems, each naming what is missing and the candidates.
[[nodiscard]] Node resolve(Node root, const Catalog& catalog);

}  // namespace sluice::denorm
