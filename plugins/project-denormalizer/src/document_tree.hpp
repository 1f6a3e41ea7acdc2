#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The shape of a document: a root table and, nested in it to any depth, the tables related to it.
// Parsed from the pipeline's configuration, then completed from the database's catalog
// (catalog.hpp).
namespace sluice::denorm {

struct TableName {
  std::string schema;
  std::string name;

  // NOLINTNEXTLINE(modernize-use-nullptr): a false alarm
  auto operator<=>(const TableName&) const = default;
  /// "schema.table", without quotes: for messages and for use as a key.
  [[nodiscard]] std::string text() const { return schema + "." + name; }
};

/// "table" or "schema.table"; without a schema it is `public`.
[[nodiscard]] TableName parse_table_name(const std::string& text);

/// One member of a JSON object in the document.
struct Field {
  enum class Kind { kColumn, kExpression, kConstant };
  Kind kind = Kind::kColumn;
  std::string source;   // column name, SQL expression, or JSON text, as `kind` says
  std::string as;       // the member's name
  std::string type;     // kColumn only, from the catalog: PostgreSQL's name, domains resolved
  std::string pointer;  // where it stands in the configuration, as a JSON pointer: for messages
};

/// An equality of a join: a column of this table (or junction) and one of the table it refers to.
struct ColumnPair {
  std::string column;
  std::string references;

  bool operator==(const ColumnPair&) const = default;
};

/// The table of links of a many-to-many relation.
struct Junction {
  TableName table;
  std::vector<ColumnPair> parent;  // junction column -> the parent's column
  std::vector<ColumnPair> child;   // junction column -> the child's column
  std::vector<Field> fields;       // columns of the link itself, such as a role
  std::string where;
  std::string alias;
  std::vector<std::string> order;  // of its key, what tells several links to one row apart
};

struct OrderTerm {
  std::string column;
  std::string expression;  // instead of a column
  bool descending = false;
  bool of_junction = false;  // a column of the junction, not of the table
};

enum class Shape { kArray, kObject };

/// A table's place in the tree. Most give a member of the document. Those in `watch` and `base`
/// give none: their changes matter because something else reads them. They have a relation, and as
/// `fields` the columns that matter.
struct Node {
  std::string pointer;  // where it stands in the configuration, as a JSON pointer: for messages
  std::string name;     // the member's name in the parent; for the root, the table's name
  std::string alias;    // its name in SQL
  TableName table;
  std::vector<std::string> key;
  std::vector<std::string>
      nullable_key;  // root only: of its key; a row with a null has no document
  std::vector<Field> fields;
  // Where among `fields` the columns come that these don't name: all of them if there are none.
  // Once resolved, `fields` has them too, unless the table is only watched.
  std::optional<std::size_t> others_at;
  bool scalar = false;  // the values of its only field, without an object around each
  std::string where;
  std::vector<OrderTerm> order_by;
  std::optional<std::int64_t> limit;
  std::optional<Shape> shape;  // not given: follows from the relation
  std::vector<ColumnPair> on;  // this table's column -> the parent's column
  std::optional<Junction> junction;
  std::vector<Node> children;
  std::vector<Node> watch;  // related to this table
  std::vector<Node> base;   // what a view reads; related to the view's parent
  bool has_base = false;    // `base` was given, if only as an empty list
  bool is_view = false;     // from the catalog: no changes of its own are ever seen
  std::string sql;          // root only: the document, instead of fields and children
};

}  // namespace sluice::denorm
