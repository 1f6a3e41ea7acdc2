#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "document_tree.hpp"

// Which columns of a row can matter to a document, at one place of a resolved tree.
namespace sluice::denorm {

/// The columns of the node's table; none if all may. SQL anywhere in the tree of `root` counts: any
/// of it may read the table in a subquery.
[[nodiscard]] std::optional<std::vector<std::string>> used_columns(const Node& node,
                                                                   const Node& root,
                                                                   const Catalog& catalog);

/// The same of the node's junction.
[[nodiscard]] std::optional<std::vector<std::string>> used_junction_columns(const Node& node,
                                                                            const Node& root,
                                                                            const Catalog& catalog);

/// The columns of `table`, which goes by `alias`, that an SQL expression may read; none if all may.
/// Errs on the side of too many: any word of the text counts, even inside literals and comments.
[[nodiscard]] std::optional<std::vector<std::string>> columns_read(const std::string& sql,
                                                                   const std::string& alias,
                                                                   const CatalogTable& table);

}  // namespace sluice::denorm
