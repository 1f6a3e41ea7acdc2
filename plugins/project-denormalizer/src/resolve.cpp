#include "resolve.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "document_key.hpp"
#include "problem.hpp"
#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

// PostgreSQL cuts longer names off without an error.
constexpr std::size_t kMaxNameBytes = 63;

bool same_columns(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

std::vector<std::string> columns_of(const std::vector<ColumnPair>& pairs) {
  std::vector<std::string> out;
  out.reserve(pairs.size());
  for (const ColumnPair& pair : pairs) out.push_back(pair.column);
  return out;
}

std::vector<std::string> references_of(const std::vector<ColumnPair>& pairs) {
  std::vector<std::string> out;
  out.reserve(pairs.size());
  for (const ColumnPair& pair : pairs) out.push_back(pair.references);
  return out;
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates) {
  const std::vector<std::string> nearest = nearest_names(name, candidates);
  return nearest.empty() ? "" : " (did you mean " + join(nearest, " or ") + "?)";
}

// "orders(customer_id) references customers(id)"
std::string describe(const ForeignKey& key) {
  return key.name + ": " + key.from.text() + "(" + join(columns_of(key.columns), ", ") +
         ") references " + key.to.text() + "(" + join(references_of(key.columns), ", ") + ")";
}

class Resolver {
 public:
  explicit Resolver(const Catalog& catalog) : catalog_(catalog) {}

  void resolve_root(Node& root) {
    Aliases aliases = kOwnAliases;
    root.alias = unused_alias(root.name, aliases);
    if (const CatalogTable* table = find_table(root.table, root.pointer)) {
      if (root.key.empty()) root.key = table->primary_key;
      check_document_key(root, *table);
      resolve_fields(root, *table);
      resolve_children(root, *table, aliases);
    }
    if (!problems_.empty()) throw ConfigError(std::move(problems_));
  }

 private:
  using Aliases = std::vector<std::string>;
  // Names that the generated statements use themselves.
  inline static const Aliases kOwnAliases = {"requested", "changed", "found", "item", "document"};

  void report(const std::string& pointer, const std::string& message) {
    problems_.push_back({pointer, message});
  }

  const CatalogTable* find_table(const TableName& name, const std::string& pointer) {
    const auto found = catalog_.tables.find(name);
    if (found != catalog_.tables.end()) return &found->second;
    report(pointer + "/table",
           "there is no table " + name.text() + did_you_mean(name.text(), catalog_.table_names));
    return nullptr;
  }

  bool check_column(const CatalogTable& table, const TableName& name, const std::string& column,
                    const std::string& pointer) {
    if (table.find(column) != nullptr) return true;
    std::vector<std::string> columns;
    for (const CatalogColumn& c : table.columns) columns.push_back(c.name);
    report(pointer, "table " + name.text() + " has no column " + column +
                        did_you_mean(column, columns) + "; it has " + join(columns, ", "));
    return false;
  }

  void check_document_key(const Node& root, const CatalogTable& table) {
    const std::string pointer = root.pointer + "/key";
    if (root.key.empty()) {
      report(root.pointer, "table " + root.table.text() + " has no primary key: name a key");
      return;
    }
    bool known = true;
    for (const std::string& column : root.key) {
      known = check_column(table, root.table, column, pointer) && known;
    }
    if (!known) return;
    const bool unique = std::any_of(table.unique_keys.begin(), table.unique_keys.end(),
                                    [&](const auto& key) { return same_columns(key, root.key); });
    if (!unique) {
      std::vector<std::string> keys;
      for (const auto& key : table.unique_keys) keys.push_back("(" + join(key, ", ") + ")");
      report(pointer, "no unique index on " + root.table.text() + "(" + join(root.key, ", ") + ")" +
                          (keys.empty() ? "" : "; unique are " + join(keys, ", ")));
    }
    for (const std::string& column : root.key) check_key_type(table, root.table, column, pointer);
  }

  // Values of this column are taken from change events and compared in PostgreSQL, as text.
  void check_key_type(const CatalogTable& table, const TableName& name, const std::string& column,
                      const std::string& pointer) {
    const CatalogColumn* found = table.find(column);
    if (found == nullptr || key_type_of(*found)) return;
    report(pointer, "column " + name.text() + "." + column + " has type " + found->type +
                        "; columns of keys and joins may be " + kKeyTypesText);
  }

  void resolve_fields(Node& node, const CatalogTable& table) {
    if (node.all_columns) {
      for (const CatalogColumn& column : table.columns) {
        node.fields.push_back({Field::Kind::kColumn, column.name, column.name, ""});
      }
    }
    resolve_types(node.fields, node.table, table, node.pointer + "/columns");
    std::set<std::string> names;
    for (const Field& field : node.fields) check_member(names, field.as, node.pointer);
    if (node.junction) {
      for (const Field& field : node.junction->fields) check_member(names, field.as, node.pointer);
    }
    for (const Node& child : node.children) check_member(names, child.name, child.pointer);
  }

  void resolve_types(std::vector<Field>& fields, const TableName& name, const CatalogTable& table,
                     const std::string& pointer) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      Field& field = fields[i];
      if (field.kind != Field::Kind::kColumn) continue;
      if (check_column(table, name, field.source, pointer + "/" + std::to_string(i))) {
        field.type = table.find(field.source)->type;
      }
    }
  }

  void check_member(std::set<std::string>& names, const std::string& name,
                    const std::string& pointer) {
    if (!names.insert(name).second) report(pointer, "two members are named " + name);
    if (name.size() > kMaxNameBytes) {
      report(pointer, "the name " + name + " is longer than 63 bytes");
    }
  }

  void resolve_children(Node& node, const CatalogTable& table, const Aliases& outer) {
    for (Node& child : node.children) resolve_child(child, node, table, outer);
  }

  void resolve_child(Node& node, const Node& parent, const CatalogTable& parent_table,
                     Aliases aliases) {
    const CatalogTable* table = find_table(node.table, node.pointer);
    if (table == nullptr) return;
    node.alias = unused_alias(node.name, aliases);
    if (node.key.empty()) node.key = table->primary_key;
    for (const std::string& column : node.key) {
      check_column(*table, node.table, column, node.pointer + "/key");
    }
    bool single = false;
    if (node.junction) {
      resolve_junction(node, parent, parent_table, *table, aliases);
    } else {
      single = resolve_direct(node, parent, parent_table, *table);
    }
    if (!node.shape) node.shape = single ? Shape::kObject : Shape::kArray;
    resolve_fields(node, *table);
    resolve_order(node, *table);
    resolve_children(node, *table, aliases);
  }

  // A name in SQL that no table around this one has, so that each column name means one thing.
  static std::string unused_alias(const std::string& name, Aliases& taken) {
    std::string alias = name;
    for (int n = 2; std::find(taken.begin(), taken.end(), alias) != taken.end(); ++n) {
      alias = name + "_" + std::to_string(n);
    }
    taken.push_back(alias);
    return alias;
  }

  // Returns whether at most one row can match, as far as the catalog knows.
  bool resolve_direct(Node& node, const Node& parent, const CatalogTable& parent_table,
                      const CatalogTable& table) {
    if (node.on.empty()) node.on = direct_relation(node, parent);
    const std::string pointer = node.pointer + "/on";
    check_pairs(node.on, {&table, &node.table}, {&parent_table, &parent.table}, pointer);
    return std::any_of(table.unique_keys.begin(), table.unique_keys.end(),
                       [&](const auto& key) { return same_columns(key, columns_of(node.on)); });
  }

  void resolve_junction(Node& node, const Node& parent, const CatalogTable& parent_table,
                        const CatalogTable& table, Aliases& aliases) {
    Junction& junction = *node.junction;
    const std::string pointer = node.pointer + "/through";
    const CatalogTable* links = find_table(junction.table, pointer);
    if (links == nullptr) return;
    junction.alias = unused_alias(junction.table.name, aliases);
    if (junction.parent.empty()) {
      junction.parent = reference(junction.table, parent.table, pointer, "parent");
    }
    if (junction.child.empty()) {
      junction.child = reference(junction.table, node.table, pointer, "child");
    }
    const Side link_side{links, &junction.table};
    check_pairs(junction.parent, link_side, {&parent_table, &parent.table}, pointer + "/parent");
    check_pairs(junction.child, link_side, {&table, &node.table}, pointer + "/child");
    resolve_types(junction.fields, junction.table, *links, pointer + "/columns");
  }

  struct Side {
    const CatalogTable* table;
    const TableName* name;
  };

  void check_pairs(const std::vector<ColumnPair>& pairs, Side from, Side to,
                   const std::string& pointer) {
    for (const ColumnPair& pair : pairs) {
      if (check_column(*from.table, *from.name, pair.column, pointer)) {
        check_key_type(*from.table, *from.name, pair.column, pointer);
      }
      if (check_column(*to.table, *to.name, pair.references, pointer)) {
        check_key_type(*to.table, *to.name, pair.references, pointer);
      }
    }
  }

  // The relation that the one foreign key between the two tables makes, in either direction.
  std::vector<ColumnPair> direct_relation(const Node& node, const Node& parent) {
    std::vector<ColumnPair> found;
    std::vector<std::string> candidates;
    for (const ForeignKey& key : catalog_.foreign_keys) {
      const bool to_parent = key.from == node.table && key.to == parent.table;
      const bool to_child = key.from == parent.table && key.to == node.table;
      if (!to_parent && !to_child) continue;
      candidates.push_back(describe(key));
      found = key.columns;
      if (!to_parent) {
        for (ColumnPair& pair : found) std::swap(pair.column, pair.references);
      }
    }
    // A table that refers to itself can be nested either way: as its parent or as its children.
    if (candidates.size() == 1 && node.table != parent.table) return found;
    report_relation(node.pointer, node.table, parent.table, candidates, "on");
    return {};
  }

  std::vector<ColumnPair> reference(const TableName& from, const TableName& to,
                                    const std::string& pointer, const std::string& option) {
    std::vector<ColumnPair> found;
    std::vector<std::string> candidates;
    for (const ForeignKey& key : catalog_.foreign_keys) {
      if (key.from != from || key.to != to) continue;
      candidates.push_back(describe(key));
      found = key.columns;
    }
    if (candidates.size() == 1) return found;
    report_relation(pointer, from, to, candidates, option);
    return {};
  }

  void report_relation(const std::string& pointer, const TableName& a, const TableName& b,
                       const std::vector<std::string>& candidates, const std::string& option) {
    const std::string between = " foreign key between " + a.text() + " and " + b.text();
    report(pointer, candidates.empty() ? "no" + between + ": name the columns with " + option
                                       : "which" + between + " is meant? Name the columns with " +
                                             option + "; there are " + join(candidates, "; "));
  }

  void resolve_order(Node& node, const CatalogTable& table) {
    if (node.order_by.empty()) {
      for (const std::string& column : node.key) node.order_by.push_back({column, "", false});
      return;
    }
    for (std::size_t i = 0; i < node.order_by.size(); ++i) {
      const OrderTerm& term = node.order_by[i];
      if (term.column.empty()) continue;
      check_column(table, node.table, term.column, node.pointer + "/order_by/" + std::to_string(i));
    }
  }

  const Catalog& catalog_;
  std::vector<Problem> problems_;
};

void collect_tables(const Node& node, std::set<TableName>& tables) {
  tables.insert(node.table);
  if (node.junction) tables.insert(node.junction->table);
  for (const Node& child : node.children) collect_tables(child, tables);
}

}  // namespace

std::vector<TableName> tables_of(const Node& root) {
  std::set<TableName> tables;
  collect_tables(root, tables);
  return {tables.begin(), tables.end()};
}

Node resolve(Node root, const Catalog& catalog) {
  Resolver(catalog).resolve_root(root);
  return root;
}

}  // namespace sluice::denorm
