#include "routes.hpp"

#include <algorithm>
#include <set>

#include "sql_text.hpp"
#include "used_columns.hpp"

namespace sluice::denorm {
namespace {

using Path = std::vector<const Node*>;  // from the root down

// The part of a query that climbs from a table to the document's key.
struct Climb {
  std::string from;                // tables and joins
  std::vector<std::string> key;    // the document's key columns
  std::vector<std::string> guard;  // conditions, if any
};

// Where `pairs` refer to the whole of `key`: for each key column, the position of its pair.
std::optional<std::vector<std::size_t>> cover_key(const std::vector<ColumnPair>& pairs,
                                                  const std::vector<std::string>& key) {
  if (pairs.size() != key.size()) return std::nullopt;
  std::vector<std::size_t> order;
  for (const std::string& column : key) {
    const auto found = std::find_if(pairs.begin(), pairs.end(),
                                    [&](const ColumnPair& p) { return p.references == column; });
    if (found == pairs.end()) return std::nullopt;
    order.push_back(static_cast<std::size_t>(found - pairs.begin()));
  }
  return order;
}

class Deriver {
 public:
  Deriver(const Node& root, const Catalog& catalog)
      : root_(root), catalog_(catalog), key_types_(key_types_of(root, catalog)) {}

  std::vector<Route> derive() {
    Route route = start(root_.table, root_.name, root_.key);
    for (std::size_t i = 0; i < root_.key.size(); ++i) route.direct.push_back(i);
    route.used_columns = used_columns(root_, root_, catalog_);
    routes_.push_back(std::move(route));
    visit_below({&root_}, root_.name);
    for (Route& each : routes_) distrust_inexact(each);
    return std::move(routes_);
  }

 private:
  // A change event may give two values of these types in one form: an interval as a number of
  // microseconds, in which 1 day is 24 hours, and a time of day in UTC. An array that Debezium
  // fails to read is null. So equality proves nothing.
  void distrust_inexact(Route& route) const {
    if (!route.used_columns) return;
    const CatalogTable& table = catalog_.tables.at(route.table);
    const auto is_inexact = [&](const std::string& name) {
      const CatalogColumn* column = table.find(name);
      return column != nullptr && (column->is_array || column->base_type == "interval" ||
                                   column->base_type == "time with time zone");
    };
    if (std::any_of(route.used_columns->begin(), route.used_columns->end(), is_inexact)) {
      route.used_columns.reset();
    }
  }

  void visit_below(const Path& path, const std::string& place) {
    const Node& node = *path.back();
    for (const Node& child : node.children) {
      visit_all(child.base, path, place + "." + child.name + ".base.");
      visit(child, path, place + "." + child.name);
    }
    visit_all(node.watch, path, place + ".watch.");
  }

  void visit_all(const std::vector<Node>& nodes, const Path& path, const std::string& place) {
    for (const Node& node : nodes) visit(node, path, place + node.name);
  }

  void visit(const Node& node, const Path& path, const std::string& place) {
    if (node.junction) {
      add_referring(node.junction->table, node.junction->parent, path, place,
                    used_junction_columns(node, root_, catalog_));
      if (!node.is_view) add_child_of_junction(node, path, place);
    } else if (!node.is_view) {
      add_referring(node.table, node.on, path, place, used_columns(node, root_, catalog_));
    }
    Path deeper = path;
    deeper.push_back(&node);
    visit_below(deeper, place);
  }

  Route start(const TableName& table, const std::string& place,
              const std::vector<std::string>& source) {
    Route route;
    route.table = table;
    route.place = place;
    route.source = source;
    for (const std::string& column : source) {
      route.types.push_back(*key_type_of(*catalog_.tables.at(table).find(column)));
    }
    return route;
  }

  // A table whose columns `pairs` hold values of columns of the last table of the path.
  void add_referring(const TableName& table, const std::vector<ColumnPair>& pairs, const Path& path,
                     const std::string& place, std::optional<std::vector<std::string>> used) {
    std::vector<std::string> source;
    std::vector<std::string> entry;
    for (const ColumnPair& pair : pairs) {
      source.push_back(pair.column);
      entry.push_back(qualified(path.back()->alias, pair.references));
    }
    Route route = start(table, place, source);
    route.used_columns = std::move(used);
    const auto direct = path.size() == 1 ? cover_key(pairs, root_.key) : std::nullopt;
    if (direct) {
      route.direct = *direct;
    } else {
      const Node& first = *path.back();
      Climb way{aliased(first.table, first.alias), {}, {}};
      climb_from(way, path);
      set_queries(route, way, entry);
    }
    routes_.push_back(std::move(route));
  }

  // The far side of a junction: the junction's rows lead on from it.
  void add_child_of_junction(const Node& node, const Path& path, const std::string& place) {
    const Junction& junction = *node.junction;
    std::vector<std::string> source;
    std::vector<std::string> entry;
    for (const ColumnPair& pair : junction.child) {
      source.push_back(pair.references);
      entry.push_back(qualified(junction.alias, pair.column));
    }
    Route route = start(node.table, place, source);
    route.used_columns = used_columns(node, root_, catalog_);
    Climb way{aliased(junction.table, junction.alias), {}, {}};
    climb_step(way, junction.parent, junction.alias, path);
    set_queries(route, way, entry);
    routes_.push_back(std::move(route));
  }

  // From the last table of the path, which the query has already.
  void climb_from(Climb& way, const Path& path) const {
    const Node& node = *path.back();
    if (path.size() == 1) {
      for (const std::string& column : root_.key) way.key.push_back(qualified(node.alias, column));
      for (const std::string& column : root_.nullable_key) {
        way.guard.push_back(qualified(node.alias, column) + " IS NOT NULL");
      }
      return;
    }
    const Path above(path.begin(), path.end() - 1);
    if (!node.junction) {
      climb_step(way, node.on, node.alias, above);
      return;
    }
    const Junction& junction = *node.junction;
    way.from += " JOIN " + aliased(junction.table, junction.alias) + " ON " +
                equal_columns(junction.child, junction.alias, node.alias);
    climb_step(way, junction.parent, junction.alias, above);
  }

  // From a table (`alias`) whose columns `pairs` refer to the last table of the path.
  void climb_step(Climb& way, const std::vector<ColumnPair>& pairs, const std::string& alias,
                  const Path& path) const {
    const auto covered = path.size() == 1 ? cover_key(pairs, root_.key) : std::nullopt;
    if (covered) {  // the columns are the document's key: no need to visit the root's table
      for (const std::size_t i : *covered) {
        way.key.push_back(qualified(alias, pairs[i].column));
        way.guard.push_back(way.key.back() + " IS NOT NULL");
      }
      return;
    }
    const Node& parent = *path.back();
    way.from += " JOIN " + aliased(parent.table, parent.alias) + " ON " +
                equal_columns(pairs, alias, parent.alias);
    climb_from(way, path);
  }

  void set_queries(Route& route, const Climb& way, const std::vector<std::string>& entry) const {
    route.lookup_sql = lookup_sql(route, way, entry);
    route.walk_sql = walk_sql(route, way, entry, false);
    route.walk_next_sql = walk_sql(route, way, entry, true);
  }

  // "k1, k2"
  std::vector<std::string> key_names() const {
    std::vector<std::string> names;
    for (std::size_t i = 1; i <= root_.key.size(); ++i) names.push_back("k" + std::to_string(i));
    return names;
  }

  // "found.k1, found.k2": k1 alone would be the text that a statement gives, ordered as text.
  std::string found_keys(const char* cast = "") const {
    std::vector<std::string> out;
    for (const std::string& name : key_names()) out.push_back("found." + name + cast);
    return join(out, ", ");
  }

  // "SELECT key AS k1, … FROM …"
  std::string select_keys(const Climb& way, const char* select) const {
    const std::vector<std::string> names = key_names();
    std::vector<std::string> members;
    for (std::size_t i = 0; i < names.size(); ++i) {
      members.push_back(way.key[i] + " AS " + names[i]);
    }
    return select + join(members, ", ") + " FROM " + way.from;
  }

  std::string lookup_sql(const Route& route, const Climb& way,
                         const std::vector<std::string>& entry) const {
    std::vector<std::string> arrays;
    std::vector<std::string> names;
    std::vector<std::string> terms;
    for (std::size_t i = 0; i < entry.size(); ++i) {
      names.push_back("c" + std::to_string(i + 1));
      arrays.push_back("$" + std::to_string(i + 1) + "::" + route.types[i].sql_type + "[]");
      terms.push_back(entry[i] + " = sluice_changed." + names.back());
    }
    terms.insert(terms.end(), way.guard.begin(), way.guard.end());
    return snapshot_row("NULL::bigint, " + null_texts(root_.key.size())) +
           "SELECT NULL, sluice_changed.position, " + found_keys("::text") + " FROM unnest(" +
           join(arrays, ", ") + ") WITH ORDINALITY AS sluice_changed(" + join(names, ", ") +
           ", position) CROSS JOIN LATERAL (" + select_keys(way, "SELECT ") + " WHERE " +
           join(terms, " AND ") + " LIMIT $" + std::to_string(entry.size() + 1) + ") AS found";
  }

  std::string walk_sql(const Route& route, const Climb& way, const std::vector<std::string>& entry,
                       bool next_page) const {
    std::size_t parameter = 0;
    std::vector<std::string> terms;
    for (std::size_t i = 0; i < entry.size(); ++i) {
      terms.push_back(entry[i] + " = $" + std::to_string(++parameter) +
                      "::" + route.types[i].sql_type);
    }
    terms.insert(terms.end(), way.guard.begin(), way.guard.end());
    if (next_page) {
      std::vector<std::string> last;
      for (const KeyType& type : key_types_) {
        last.push_back("$" + std::to_string(++parameter) + "::" + type.sql_type);
      }
      terms.push_back("(" + join(way.key, ", ") + ") > (" + join(last, ", ") + ")");
    }
    return snapshot_row(null_texts(root_.key.size())) + "(SELECT NULL, " + found_keys("::text") +
           " FROM (" + select_keys(way, "SELECT DISTINCT ") + " WHERE " + join(terms, " AND ") +
           " ORDER BY " + join(key_names(), ", ") + " LIMIT $" + std::to_string(parameter + 1) +
           ") AS found ORDER BY " + found_keys() + ")";
  }

  const Node& root_;
  const Catalog& catalog_;
  std::vector<KeyType> key_types_;
  std::vector<Route> routes_;
};

}  // namespace

std::vector<Route> derive_routes(const Node& root, const Catalog& catalog) {
  return Deriver(root, catalog).derive();
}

std::vector<KeyType> key_types_of(const Node& root, const Catalog& catalog) {
  const CatalogTable& table = catalog.tables.at(root.table);
  std::vector<KeyType> types;
  for (const std::string& column : root.key) types.push_back(*key_type_of(*table.find(column)));
  return types;
}

std::vector<TableName> tables_needing_full_identity(const std::vector<Route>& routes,
                                                    const Catalog& catalog) {
  std::set<TableName> tables;
  for (const Route& route : routes) {
    const CatalogTable& table = catalog.tables.at(route.table);
    const std::vector<std::string> known = table.known_key_columns();
    const bool in_key = std::all_of(route.source.begin(), route.source.end(), [&](const auto& c) {
      return std::find(known.begin(), known.end(), c) != known.end();
    });
    if (!in_key && !table.has_full_before()) tables.insert(route.table);
  }
  return {tables.begin(), tables.end()};
}

}  // namespace sluice::denorm
