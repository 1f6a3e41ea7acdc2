#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "document_key.hpp"
#include "document_tree.hpp"
#include "routes.hpp"

namespace sluice::denorm {

/// All that follows from the configuration and the catalog.
struct Plan {
  Node root;  // resolved
  std::vector<KeyType> key_types;
  std::vector<Route> routes;                                // the first is the root's own
  std::map<TableName, std::vector<std::size_t>> routes_of;  // positions in `routes`
  std::map<TableName, bool> full_before;  // as CatalogTable::has_full_before, for each table
  std::vector<TableName> needing_full_identity;
  std::string materialize_sql;
  std::string count_sql;
  std::string sample_keys_sql;

  [[nodiscard]] std::size_t key_size() const { return key_types.size(); }
};

/// Throws ConfigError if the tree does not fit the catalog.
[[nodiscard]] Plan make_plan(const Node& tree, const Catalog& catalog);

}  // namespace sluice::denorm
