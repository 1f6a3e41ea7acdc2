#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "document_key.hpp"
#include "document_tree.hpp"
#include "routes.hpp"

namespace sluice::denorm {

/// What changes of a table are expected to be like.
struct PlannedTable {
  std::vector<std::string> columns;  // in the table's order
  bool full_before = false;          // as CatalogTable::has_full_before
};

/// All that follows from the configuration and the catalog.
struct Plan {
  Node root;  // resolved
  std::vector<KeyType> key_types;
  std::vector<Route> routes;                                // the first is the root's own
  std::map<TableName, std::vector<std::size_t>> routes_of;  // positions in `routes`
  std::map<TableName, PlannedTable> tables;                 // all of the tree
  std::string fingerprint;  // of fingerprint_sql, before the catalog was read
  std::vector<TableName> needing_full_identity;
  std::string materialize_sql;
  std::string count_sql;
  std::string sample_keys_sql;

  [[nodiscard]] std::size_t key_size() const { return key_types.size(); }
};

/// Throws ConfigError if the tree does not fit the catalog.
[[nodiscard]] Plan make_plan(const Node& tree, const Catalog& catalog);

}  // namespace sluice::denorm
