#include "resolve.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "document_key.hpp"
#include "problem.hpp"
#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

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

// The same relation, seen from the other side.
std::vector<ColumnPair> reversed(std::vector<ColumnPair> pairs) {
  for (ColumnPair& pair : pairs) std::swap(pair.column, pair.references);
  return pairs;
}

bool same_pairs(const std::vector<ColumnPair>& a, const std::vector<ColumnPair>& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

bool contains(const std::vector<std::string>& list, const std::string& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

// A member's name as a part of a JSON pointer.
std::string pointer_part(const std::string& name) {
  std::string part = "/";
  for (const char c : name) part += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return part;
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
      if (table->is_view) report_view_as_root(root);
      if (root.key.empty()) root.key = table->primary_key;
      check_document_key(root, *table);
      note_nullable_key(root, *table);
      resolve_fields(root, *table);
      resolve_below(root, {&root, table, nullptr}, aliases);
    } else {
      check_tables_below(root);
    }
    if (!problems_.empty()) throw ConfigError(std::move(problems_));
  }

 private:
  using Aliases = std::vector<std::string>;
  // Names of the generated statements themselves that a table's name would hide. (Those around a
  // whole subquery, such as item, hide nothing.)
  inline static const Aliases kOwnAliases = {"sluice_requested", "sluice_changed"};

  // The table that a relation starts from.
  struct Parent {
    const Node* node;
    const CatalogTable* table;
    const Node* above;  // the parent's own parent; none for the root
  };

  struct Side {
    const CatalogTable* table;
    const TableName* name;
  };

  void report(const std::string& pointer, const std::string& message) {
    problems_.push_back({pointer, message});
  }

  void report_view_as_root(const Node& root) {
    report(root.pointer + "/table",
           root.table.text() +
               " is a view, whose changes are not seen: make the table whose rows it shows the "
               "root, and the view its child, or write its query as sql");
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

  // Below a table that is not known: no relations, but whether the tables are there.
  void check_tables_below(const Node& node) {
    for (const auto* nodes : {&node.children, &node.watch, &node.base}) {
      for (const Node& below : *nodes) {
        find_table(below.table, below.pointer);
        if (below.junction) find_table(below.junction->table, below.pointer + "/through");
        check_tables_below(below);
      }
    }
  }

  void check_document_key(const Node& root, const CatalogTable& table) {
    if (table.is_view) return;
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
    for (const std::string& column : root.key) {
      check_key_type(table, root.table, column, pointer);
      check_in_changes({&table, &root.table}, column, pointer);
    }
  }

  static void note_nullable_key(Node& root, const CatalogTable& table) {
    for (const std::string& column : root.key) {
      if (!contains(table.primary_key, column)) root.nullable_key.push_back(column);
    }
  }

  // Values of this column are taken from change events and compared in PostgreSQL, as text.
  void check_key_type(const CatalogTable& table, const TableName& name, const std::string& column,
                      const std::string& pointer) {
    const CatalogColumn* found = table.find(column);
    if (found == nullptr || key_type_of(*found)) return;
    report(pointer, "column " + name.text() + "." + column + " has type " + found->type +
                        "; columns of keys and joins may be " + kKeyTypesText);
  }

  // A changed row is led to its documents by this column.
  void check_in_changes(Side side, const std::string& column, const std::string& pointer) {
    const CatalogColumn* found = side.table->find(column);
    if (found == nullptr || !found->is_generated || side.table->is_view) return;
    report(pointer, "column " + side.name->text() + "." + column +
                        " is a generated one, which change events do not have: no change would "
                        "find its documents by it");
  }

  void resolve_fields(Node& node, const CatalogTable& table) {
    if (node.others_at) add_others(node, table);
    resolve_types(node.fields, node.table, table);
  }

  // The columns that the list doesn't name, neither as a column nor as a member.
  void add_others(Node& node, const CatalogTable& table) {
    std::set<std::string> named;
    for (const Field& field : node.fields) {
      named.insert(field.as);
      if (field.kind == Field::Kind::kColumn) named.insert(field.source);
    }
    std::vector<Field> others;
    std::set<std::string> names;
    for (const CatalogColumn& column : table.columns) {
      if (named.count(column.name) != 0) continue;
      others.push_back({Field::Kind::kColumn, column.name, column.name, "", node.pointer});
      names.insert(column.name);
    }
    node.fields.insert(node.fields.begin() + static_cast<std::ptrdiff_t>(*node.others_at),
                       others.begin(), others.end());
    const auto check = [&](const std::string& name, const std::string& pointer) {
      if (names.count(name) != 0) report(pointer, "two members are named " + name);
    };
    if (node.junction) {
      for (const Field& field : node.junction->fields) check(field.as, field.pointer);
    }
    for (const Node& child : node.children) check(child.name, child.pointer);
  }

  void resolve_types(std::vector<Field>& fields, const TableName& name, const CatalogTable& table) {
    for (Field& field : fields) {
      if (field.kind != Field::Kind::kColumn) continue;
      if (check_column(table, name, field.source, field.pointer)) {
        const CatalogColumn& column = *table.find(field.source);
        field.type = column.base_type + (column.is_array ? "[]" : "");
      }
    }
  }

  void resolve_below(Node& node, const Parent& self, const Aliases& aliases) {
    for (Node& child : node.children) resolve_child(child, self, aliases);
    for (Node& watched : node.watch) resolve_watched(watched, self, aliases);
  }

  void resolve_child(Node& node, const Parent& parent, Aliases aliases) {
    for (Node& base : node.base) resolve_watched(base, parent, aliases);
    const CatalogTable* table = find_table(node.table, node.pointer);
    if (table == nullptr) {
      check_tables_below(node);
      return;
    }
    node.is_view = table->is_view;
    check_base(node);
    node.alias = unused_alias(node.name, aliases);
    if (node.key.empty()) node.key = table->primary_key;
    for (const std::string& column : node.key) {
      check_column(*table, node.table, column, node.pointer + "/key");
    }
    const bool single = resolve_relation(node, parent, *table, aliases, true);
    if (!node.shape) node.shape = single ? Shape::kObject : Shape::kArray;
    resolve_fields(node, *table);
    resolve_order(node, *table, single);
    resolve_below(node, {&node, table, parent.node}, aliases);
  }

  void resolve_watched(Node& node, const Parent& parent, Aliases aliases) {
    const CatalogTable* table = find_table(node.table, node.pointer);
    if (table == nullptr) {
      check_tables_below(node);
      return;
    }
    if (table->is_view) {
      report(node.pointer + "/table", node.table.text() +
                                          " is a view, whose changes are not seen: name the "
                                          "tables that it reads");
    }
    node.alias = unused_alias(node.name, aliases);
    resolve_relation(node, parent, *table, aliases, false);
    resolve_types(node.fields, node.table, *table);
    resolve_below(node, {&node, table, parent.node}, aliases);
  }

  void check_base(const Node& node) {
    if (node.is_view && !node.has_base) {
      report(node.pointer, node.table.text() +
                               " is a view, whose changes are not seen: name the tables that it "
                               "reads under base, each with its relation to the parent");
    }
    if (!node.is_view && node.has_base) {
      report(node.pointer + "/base", node.table.text() +
                                         " is a table: base is for views; name further tables "
                                         "that matter under watch");
    }
  }

  // Returns whether at most one row can match, as far as the catalog knows.
  bool resolve_relation(Node& node, const Parent& parent, const CatalogTable& table,
                        Aliases& aliases, bool refuse_way_back) {
    if (!node.junction) return resolve_direct(node, parent, table, refuse_way_back);
    return resolve_junction(node, parent, table, aliases, refuse_way_back);
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

  bool resolve_direct(Node& node, const Parent& parent, const CatalogTable& table,
                      bool refuse_way_back) {
    if (node.on.empty()) {
      const ForeignKey* key = key_between(node, *parent.node);
      if (key == nullptr) return false;
      node.on = key->from == node.table ? key->columns : reversed(key->columns);
      if (refuse_way_back && leads_back(node, parent)) {
        report(node.pointer, "the foreign key " + describe(*key) +
                                 " leads back to the row that it came from; if that is meant, name "
                                 "the columns with on");
      }
    }
    const Side side{&table, &node.table};
    const std::string pointer = node.pointer + "/on";
    check_pairs(node.on, side, {parent.table, &parent.node->table}, pointer);
    for (const ColumnPair& pair : node.on) {
      check_in_changes(side, pair.column, pointer + pointer_part(pair.column));
    }
    return table.is_unique(columns_of(node.on));
  }

  bool resolve_junction(Node& node, const Parent& parent, const CatalogTable& table,
                        Aliases& aliases, bool refuse_way_back) {
    Junction& junction = *node.junction;
    const std::string pointer = node.pointer + "/through";
    const CatalogTable* links = find_table(junction.table, pointer);
    if (links == nullptr) return false;
    if (links->is_view) {
      report(pointer + "/table",
             junction.table.text() + " is a view, whose changes are not seen: name a table");
    }
    junction.alias = unused_alias(junction.table.name, aliases);
    const bool found = junction.parent.empty() && junction.child.empty();
    if (junction.parent.empty()) {
      junction.parent = reference(junction.table, parent.node->table, pointer, "parent");
    }
    if (junction.child.empty()) {
      junction.child = reference(junction.table, node.table, pointer, "child");
    }
    if (found && refuse_way_back && leads_back(node, parent)) {
      report(pointer, "the junction " + junction.table.text() +
                          " leads back the way that it came; if that is meant, name the columns "
                          "with parent and child");
    }
    const Side link_side{links, &junction.table};
    check_pairs(junction.parent, link_side, {parent.table, &parent.node->table},
                pointer + "/parent");
    const Side child_side{&table, &node.table};
    check_pairs(junction.child, link_side, child_side, pointer + "/child");
    for (const ColumnPair& pair : junction.parent) {
      check_in_changes(link_side, pair.column, pointer + "/parent" + pointer_part(pair.column));
    }
    for (const ColumnPair& pair : junction.child) {
      check_in_changes(child_side, pair.references, pointer + "/child" + pointer_part(pair.column));
    }
    resolve_types(junction.fields, junction.table, *links);
    order_links(junction, *links);
    return links->is_unique(columns_of(junction.parent)) &&
           table.is_unique(references_of(junction.child));
  }

  // Whether the relation is that of the parent to its own parent, the other way round.
  static bool leads_back(const Node& node, const Parent& parent) {
    if (parent.above == nullptr || parent.above->table != node.table) return false;
    const std::optional<Junction>& way = parent.node->junction;
    if (!node.junction || !way) {
      return !node.junction && !way && same_pairs(node.on, reversed(parent.node->on));
    }
    return node.junction->table == way->table && !way->parent.empty() &&
           same_pairs(node.junction->parent, way->child) &&
           same_pairs(node.junction->child, way->parent);
  }

  void check_pairs(const std::vector<ColumnPair>& pairs, Side from, Side to,
                   const std::string& pointer) {
    for (const ColumnPair& pair : pairs) {
      const std::string place = pointer + pointer_part(pair.column);
      const std::optional<KeyType> column = key_type(from, pair.column, place);
      const std::optional<KeyType> referred = key_type(to, pair.references, place);
      if (column && referred && !comparable(*column, *referred)) {
        report(place, "column " + from.name->text() + "." + pair.column + " has type " +
                          column->sql_type + ", but " + to.name->text() + "." + pair.references +
                          " has type " + referred->sql_type);
      }
    }
  }

  std::optional<KeyType> key_type(Side side, const std::string& column,
                                  const std::string& pointer) {
    if (!check_column(*side.table, *side.name, column, pointer)) return std::nullopt;
    check_key_type(*side.table, *side.name, column, pointer);
    return key_type_of(*side.table->find(column));
  }

  static bool comparable(const KeyType& a, const KeyType& b) {
    using Form = KeyType::Form;
    const auto is_text = [](const KeyType& t) {
      return t.form == Form::kText || t.form == Form::kPadded;
    };
    const bool integers = a.form == Form::kInteger && b.form == Form::kInteger;
    return integers || (is_text(a) && is_text(b)) || a.sql_type == b.sql_type;
  }

  // The one foreign key between the two tables, in either direction; none is reported.
  const ForeignKey* key_between(const Node& node, const Node& parent) {
    const ForeignKey* found = nullptr;
    std::vector<std::string> candidates;
    for (const ForeignKey& key : catalog_.foreign_keys) {
      const bool to_parent = key.from == node.table && key.to == parent.table;
      const bool to_child = key.from == parent.table && key.to == node.table;
      if (!to_parent && !to_child) continue;
      candidates.push_back(describe(key));
      found = &key;
    }
    // A table that refers to itself can be nested either way: as its parent or as its children.
    if (candidates.size() == 1 && node.table != parent.table) return found;
    report_relation(node.pointer, node.table, parent.table, candidates, "on");
    return nullptr;
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

  // Whatever is asked for, the keys decide last: equal rows make equal documents.
  void resolve_order(Node& node, const CatalogTable& table, bool single) {
    std::vector<std::string> ordered;
    for (std::size_t i = 0; i < node.order_by.size(); ++i) {
      const OrderTerm& term = node.order_by[i];
      if (term.column.empty()) continue;
      ordered.push_back(term.column);
      check_column(table, node.table, term.column, node.pointer + "/order_by/" + std::to_string(i));
    }
    if (node.key.empty() && node.order_by.empty() && !single) {
      report(node.pointer, node.table.text() +
                               " has no primary key: name a key, or order_by, so that the order "
                               "is always the same");
    }
    for (const std::string& column : node.key) {
      if (!contains(ordered, column)) node.order_by.push_back({column, "", false, false});
    }
    if (!node.junction) return;
    for (const std::string& column : node.junction->order) {
      node.order_by.push_back({column, "", false, true});
    }
  }

  // One row may be linked more than once: the columns of the link's key that tell these apart.
  static void order_links(Junction& junction, const CatalogTable& links) {
    const std::vector<std::string> child = columns_of(junction.child);
    const std::vector<std::string> parent = columns_of(junction.parent);
    for (const std::string& column : links.primary_key) {
      if (!contains(child, column) && !contains(parent, column)) junction.order.push_back(column);
    }
  }

  const Catalog& catalog_;
  std::vector<Problem> problems_;
};

void collect_tables(const Node& node, std::set<TableName>& tables) {
  tables.insert(node.table);
  if (node.junction) tables.insert(node.junction->table);
  for (const auto* nodes : {&node.children, &node.watch, &node.base}) {
    for (const Node& below : *nodes) collect_tables(below, tables);
  }
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
