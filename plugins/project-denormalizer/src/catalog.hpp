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
  // What is left of the type without domains and arrays around it.
  std::string base_type = type;
  bool is_array = false;
  char base_kind = 'b';    // pg_type.typtype of base_type: e(num), c(omposite), r(ange), …
  int type_modifier = -1;  // as pg_attribute.atttypmod: length, precision
  bool is_generated = false;
};

/// What an UPDATE or DELETE tells of the old row.
enum class ReplicaIdentity { kDefault, kFull, kIndex, kNothing };

struct CatalogTable {
  std::vector<CatalogColumn> columns;  // in the table's order
  std::vector<std::string> primary_key;
  std::vector<std::vector<std::string>> unique_keys;  // the primary key included
  ReplicaIdentity replica_identity = ReplicaIdentity::kDefault;
  std::vector<std::string> identity_index;  // kIndex: the columns of that index
  // Of indexes that any search by equality can use: the columns, up to the first expression.
  std::vector<std::vector<std::string>> indexes;
  bool is_view = false;        // or a foreign table: no changes of its own are ever seen
  bool can_be_indexed = true;  // not a view, nor a foreign table
  bool is_partitioned = false;
  bool is_unlogged = false;
  bool has_hidden_rows = false;  // row level security applies to the role that is connected

  [[nodiscard]] const CatalogColumn* find(const std::string& column) const;
  /// Whether no two rows agree in all of these columns: a unique key is among them.
  [[nodiscard]] bool is_unique(const std::vector<std::string>& among) const;
  /// Changes carry the whole old row.
  [[nodiscard]] bool has_full_before() const { return replica_identity == ReplicaIdentity::kFull; }
  /// The columns of the primary key that the old row in a change is sure to have.
  [[nodiscard]] std::vector<std::string> known_key_columns() const;
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

/// "full", "default", …, as ALTER TABLE has it, in small letters.
[[nodiscard]] const char* to_string(ReplicaIdentity identity);

/// The names closest to `name`, nearest first, at most three: what a misspelling may have meant.
[[nodiscard]] std::vector<std::string> nearest_names(const std::string& name,
                                                     const std::vector<std::string>& candidates);

}  // namespace sluice::denorm
