#pragma once

#include <string>
#include <vector>

#include "document_tree.hpp"

// The SQL that the user wrote in the tree, each piece by itself. The tree must be resolved.
namespace sluice::denorm {

using NodePath = std::vector<const Node*>;  // from the root down

/// A statement of one value: that of `expression` among the tables of the path's last node, with
/// those of the nodes above around it.
[[nodiscard]] std::string expression_sql(const std::string& expression, const NodePath& path);

/// A statement with the columns of the root's `sql`.
[[nodiscard]] std::string written_document_sql(const Node& root);

struct WrittenSql {
  std::string pointer;    // where it stands in the configuration
  std::string statement;  // PostgreSQL accepts it if the piece is right by itself
};

/// All pieces of SQL in the tree.
[[nodiscard]] std::vector<WrittenSql> written_pieces(const Node& root);

}  // namespace sluice::denorm
