#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "document_key.hpp"
#include "document_tree.hpp"

namespace sluice::denorm {

/// One way from a changed row of a table to the documents that it is part of. A table has a route
/// for each place that it has in the tree.
///
/// Some columns of the row say which rows further up the tree it belongs to. Either they are the
/// document's key itself, or a query climbs the joins from there to the root.
struct Route {
  TableName table;
  std::string place;                // "comments.author", for messages
  std::vector<std::string> source;  // columns of the changed row
  std::vector<KeyType> types;       // of `source`

  /// Direct routes: the document's key column i is source column direct[i]. Empty: look up.
  std::vector<std::size_t> direct;

  /// Looked-up routes only. Parameters: an array for each source column, then the most keys wanted
  /// for each position. Rows: snapshot, position (from 1), the key's columns as text; with repeats.
  std::string lookup_sql;
  /// All keys for one set of source values, in key order, each once. Parameters: the source values,
  /// in `walk_next_sql` the last key's columns, then the page's size. Rows: snapshot, the key's
  /// columns as text.
  std::string walk_sql;
  std::string walk_next_sql;

  /// The columns of `table` that matter at this place; none if all may.
  std::optional<std::vector<std::string>> used_columns;

  [[nodiscard]] bool is_direct() const { return !direct.empty(); }
};

/// The routes of a resolved tree. The first is the root's own.
[[nodiscard]] std::vector<Route> derive_routes(const Node& root, const Catalog& catalog);

/// The types of the root's key columns.
[[nodiscard]] std::vector<KeyType> key_types_of(const Node& root, const Catalog& catalog);

/// Tables with rows whose place in documents follows from columns outside the primary key, but
/// whose changes don't carry the old row (REPLICA IDENTITY is not FULL): there, the document that a
/// row was moved away from or deleted from can't be told.
[[nodiscard]] std::vector<TableName> tables_needing_full_identity(const std::vector<Route>& routes,
                                                                  const Catalog& catalog);

}  // namespace sluice::denorm
