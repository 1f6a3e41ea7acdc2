#pragma once

#include <map>
#include <string>
#include <vector>

#include "document_tree.hpp"

namespace sluice::denorm {

struct CatalogColumn {
  std::string name;
  std::string type;  // as PostgreSQL spells it, without modifiers: "character varying"
  bool is_enum = false;
};

struct CatalogTable {
  std::vector<CatalogColumn> columns;  // in the table's order
  std::vector<std::string> primary_key;
  std::vector<std::vector<std::string>> unique_keys;  // the primary key included
  bool full_before = false;  // REPLICA IDENTITY FULL: changes carry the whole old row

  [[nodiscard]] const CatalogColumn* find(const std::string& column) const;
};

struct ForeignKey {
  std::string name;
  TableName from;
  TableName to;
  std::vector<ColumnPair> columns;  // of `from` -> of `to`
};

/// What the database says of the tables of a document.
struct Catalog {
  std::map<TableName, CatalogTable> tables;
  std::vector<ForeignKey> foreign_keys;
  std::vector<std::string> table_names;  // of all tables and views in the database, for suggestions
};

/// The names closest to `name`, nearest first, at most three: what a misspelling may have meant.
[[nodiscard]] std::vector<std::string> nearest_names(const std::string& name,
                                                     const std::vector<std::string>& candidates);

}  // namespace sluice::denorm
