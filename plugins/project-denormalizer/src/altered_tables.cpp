#include "altered_tables.hpp"

#include <algorithm>

#include <sluice/value.hpp>

#include "changed_row.hpp"
#include "plan.hpp"
#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

// Columns mostly come in the table's order.
bool has_unknown_column(Value row, const std::vector<std::string>& known) {
  if (!row.is_object()) return false;
  const auto fields = row.as_object();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = to_string_view(fields[i].name);
    if (i < known.size() && known[i] == name) continue;
    if (std::find(known.begin(), known.end(), name) == known.end()) return true;
  }
  return false;
}

// With FULL, updates have an old row and deletes a whole one, which nothing tells from a made-up
// one. Without, updates have an old row only where the key changes.
bool doubts_identity(const sluice_change& change, bool full_before) {
  const bool has_before = Value{change.before}.is_object();
  if (change.op == SLUICE_OP_UPDATE) return has_before != full_before;
  return change.op == SLUICE_OP_DELETE && full_before;
}

}  // namespace

std::string fingerprint_sql(const std::vector<TableName>& tables) {
  std::vector<std::string> oids;
  for (const TableName& table : tables) {
    oids.push_back("to_regclass(" + quote_literal(quote_table(table)) + ")");
  }
  return "(SELECT sum(hash_record_extended(ROW(c.oid, c.relreplident, a.attname, a.atttypid), 0))"
         "::text FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid "
         "WHERE c.oid = ANY (ARRAY[" +
         join(oids, ", ") + "]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped)";
}

bool hints_at_alteration(const sluice_change& change, const Plan& plan) {
  const auto table = plan.tables.find(table_of(change));
  if (table == plan.tables.end()) return false;
  return has_unknown_column(Value{change.after}, table->second.columns) ||
         doubts_identity(change, table->second.full_before);
}

}  // namespace sluice::denorm
