#include "plan.hpp"

#include "document_sql.hpp"
#include "resolve.hpp"

namespace sluice::denorm {

Plan make_plan(const Node& tree, const Catalog& catalog) {
  Plan plan;
  plan.root = resolve(tree, catalog);
  plan.key_types = key_types_of(plan.root, catalog);
  plan.routes = derive_routes(plan.root, catalog);
  for (std::size_t i = 0; i < plan.routes.size(); ++i) {
    plan.routes_of[plan.routes[i].table].push_back(i);
  }
  for (const TableName& table : tables_of(plan.root)) {
    const CatalogTable& known = catalog.tables.at(table);
    PlannedTable& planned = plan.tables[table];
    planned.full_before = known.has_full_before();
    for (const CatalogColumn& column : known.columns) planned.columns.push_back(column.name);
  }
  plan.needing_full_identity = tables_needing_full_identity(plan.routes, catalog);
  plan.materialize_sql = materialize_sql(plan.root, plan.key_types);
  plan.count_sql = count_sql(plan.root);
  plan.sample_keys_sql = sample_keys_sql(plan.root);
  return plan;
}

}  // namespace sluice::denorm
