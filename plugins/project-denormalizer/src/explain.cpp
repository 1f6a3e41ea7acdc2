#include "explain.hpp"

#include "capture_advice.hpp"
#include "document_sql.hpp"
#include "index_advice.hpp"
#include "readable_sql.hpp"
#include "sql_text.hpp"
#include "suggested_mapping.hpp"

namespace sluice::denorm {
namespace {

using Json = nlohmann::ordered_json;

Json tables(const Plan& plan, const Catalog& catalog) {
  Json out = Json::array();
  for (const TableName& table : captured_tables(plan)) {
    Json places = Json::array();
    for (const Route& route : plan.routes) {
      if (route.table == table) places.push_back(route.place);
    }
    const auto needed = needs_full_identity(table, plan, catalog) ? ReplicaIdentity::kFull
                                                                  : ReplicaIdentity::kDefault;
    out.push_back({{"table", table.text()},
                   {"replica_identity", to_string(catalog.tables.at(table).replica_identity)},
                   {"needed_replica_identity", to_string(needed)},
                   {"places", std::move(places)}});
  }
  return out;
}

std::string way_of(const Route& route) {
  const std::string columns = join(route.source, ", ");
  if (!route.is_direct()) return "lookup by " + columns;
  return columns + (route.source.size() == 1 ? " is" : " are") + " the document's key";
}

Json routes(const Plan& plan) {
  Json out = Json::array();
  for (const Route& route : plan.routes) {
    out.push_back({{"table", route.table.text()}, {"place", route.place}, {"way", way_of(route)}});
  }
  return out;
}

Json statements(const Plan& plan, Connection& connection) {
  Json out = Json::array();
  const auto add = [&](const std::string& name, const std::string& sql) {
    out.push_back(
        {{"name", name}, {"sql", readable_sql(sql)}, {"cost", connection.estimated_cost(sql)}});
  };
  add("materialize: documents by their keys", plan.materialize_sql);
  add("scan: a page of all documents", scan_sql(plan.root, plan.key_types, {true, true}));
  for (const Route& route : plan.routes) {
    if (route.is_direct()) continue;
    const std::string what = route.table.text() + " (" + route.place + ")";
    add("lookup: keys for changed rows of " + what, route.lookup_sql);
    add("walk: a page of many keys for one row of " + what, route.walk_next_sql);
  }
  return out;
}

void collect_places(const Node& node, const std::string& place,
                    std::map<TableName, std::vector<std::string>>& places) {
  if (node.base.empty()) places[node.table].push_back(place);
  if (node.junction) places[node.junction->table].push_back(place);
  for (const Node& child : node.children) {
    collect_places(child, place + "." + child.name, places);
    for (const Node& base : child.base) {
      collect_places(base, place + "." + child.name + ".base." + base.name, places);
    }
  }
  for (const Node& watched : node.watch) {
    collect_places(watched, place + ".watch." + watched.name, places);
  }
}

}  // namespace

Json explain(const Plan& plan, const Catalog& catalog, Connection& connection,
             const std::string& slot) {
  std::vector<std::string> warnings = capture_advice(plan, catalog, connection, slot);
  for (std::string& advice : index_advice(plan.root, catalog)) {
    warnings.push_back(std::move(advice));
  }
  Json mapping = suggested_mapping(plan.root, catalog, connection, warnings);
  return {{"tables", tables(plan, catalog)},
          {"routes", routes(plan)},
          {"statements", statements(plan, connection)},
          {"mapping", std::move(mapping)},
          {"warnings", warnings}};
}

Json explain_offline(const Node& tree) {
  std::map<TableName, std::vector<std::string>> places;
  collect_places(tree, tree.name, places);
  Json out = Json::array();
  for (const auto& [table, names] : places) {
    out.push_back({{"table", table.text()}, {"places", names}});
  }
  return {{"tables", std::move(out)}};
}

}  // namespace sluice::denorm
