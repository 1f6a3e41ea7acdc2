#include "capture_advice.hpp"

#include <algorithm>

#include "replication_slot.hpp"
#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

// Parameters: schema names and table names, in parallel. Partitions of a table count as it where
// the publication sends their changes as its own.
constexpr const char* kPublications =
    "SELECT count(p.pubname), count(*) FILTER (WHERE b.pubviaroot) "
    "FROM pg_publication_tables p JOIN pg_publication b ON b.pubname = p.pubname "
    "WHERE p.schemaname = $1 AND p.tablename = $2";

// A partitioned table in a publication that names partitions is listed by these.
constexpr const char* kPartitionsInPublications =
    "SELECT count(*) FROM pg_publication_tables p JOIN pg_partition_tree($1::regclass) t "
    "ON t.relid = format('%I.%I', p.schemaname, p.tablename)::regclass";

constexpr const char* kAnySlot =
    "SELECT count(*) FROM pg_replication_slots "
    "WHERE slot_type = 'logical' AND database = current_database()";

class Advisor {
 public:
  Advisor(const Plan& plan, const Catalog& catalog, Connection& connection)
      : plan_(plan), catalog_(catalog), connection_(connection) {}

  std::vector<std::string> advise(const std::string& slot) {
    advise_on_server(slot);
    for (const TableName& table : captured_tables(plan_)) {
      advise_on_identity(table, catalog_.tables.at(table));
      advise_on_publication(table, catalog_.tables.at(table));
      advise_on_rows(table, catalog_.tables.at(table));
    }
    return std::move(advice_);
  }

 private:
  void add(const std::string& text, const std::string& statement = "") {
    advice_.push_back(statement.empty() ? text : text + "\n" + statement);
  }

  void advise_on_server(const std::string& slot) {
    const auto level = connection_.execute("SHOW wal_level", {})[0][0].as<std::string>();
    if (level != "logical") {
      add("wal_level is " + level + ": no changes can be captured (restart the server after this)",
          "ALTER SYSTEM SET wal_level = logical;");
    }
    if (!slot.empty()) {
      const std::string problem = slot_problem(connection_, slot);
      if (!problem.empty()) add(problem);
    } else if (connection_.execute(kAnySlot, {})[0][0].as<int>() == 0) {
      add("this database has no logical replication slot: no connector reads its changes yet");
    }
  }

  void advise_on_identity(const TableName& name, const CatalogTable& table) {
    const std::string alter = "ALTER TABLE " + quote_table(name) + " REPLICA IDENTITY ";
    const bool full = needs_full_identity(name, plan_, catalog_);
    if (full && !table.has_full_before()) {
      add(name.text() +
              ": its rows' places follow from columns outside the primary key, and the "
              "replica identity is " +
              to_string(table.replica_identity) +
              ": the document that a row is deleted or moved away from will not be known",
          alter + "FULL;");
    } else if (!table.has_full_before() && table.known_key_columns() != table.primary_key) {
      add(name.text() + ": its replica identity (" + to_string(table.replica_identity) +
              ") leaves out columns of the primary key, so that deletes will not be followed",
          alter + "DEFAULT;");
    } else if (!table.has_full_before() && table.known_key_columns().empty()) {
      add(name.text() +
              " has no primary key and no replica identity: once it is published, "
              "PostgreSQL refuses updates and deletes",
          alter + "FULL;");
    }
  }

  void advise_on_publication(const TableName& name, const CatalogTable& table) {
    const auto found = connection_.execute(kPublications, {name.schema, name.name})[0];
    const bool published = found[0].as<int>() > 0;
    if (table.is_partitioned && found[1].as<int>() == 0) {
      const bool by_partition =
          connection_.execute(kPartitionsInPublications, {quote_table(name)})[0][0].as<int>() > 0;
      add(name.text() + " is partitioned, and " +
          (by_partition ? "its changes are published under the names of its partitions"
                        : "no publication has it") +
          ": they would not be recognised. Publish with publish_via_partition_root = true "
          "(Debezium: "
          "publish.via.partition.root)");
    } else if (!published) {
      add("no publication has " + name.text() + ": its changes are not captured");
    }
  }

  void advise_on_rows(const TableName& name, const CatalogTable& table) {
    if (table.is_unlogged) {
      add(name.text() + " is unlogged: its changes are never in the log",
          "ALTER TABLE " + quote_table(name) + " SET LOGGED;");
    }
    if (table.has_hidden_rows) {
      add("row level security of " + name.text() +
          " applies to the role that reads it: rows that it may not see are left out of the "
          "documents. Give the role BYPASSRLS or a policy");
    }
  }

  const Plan& plan_;
  const Catalog& catalog_;
  Connection& connection_;
  std::vector<std::string> advice_;
};

}  // namespace

std::vector<TableName> captured_tables(const Plan& plan) {
  std::vector<TableName> tables;
  for (const Route& route : plan.routes) {
    if (std::find(tables.begin(), tables.end(), route.table) == tables.end()) {
      tables.push_back(route.table);
    }
  }
  return tables;
}

bool needs_full_identity(const TableName& table, const Plan& plan, const Catalog& catalog) {
  const std::vector<std::string>& key = catalog.tables.at(table).primary_key;
  const auto in_key = [&](const std::string& column) {
    return std::find(key.begin(), key.end(), column) != key.end();
  };
  return std::any_of(plan.routes.begin(), plan.routes.end(), [&](const Route& route) {
    return route.table == table && !std::all_of(route.source.begin(), route.source.end(), in_key);
  });
}

std::vector<std::string> capture_advice(const Plan& plan, const Catalog& catalog,
                                        Connection& connection, const std::string& slot) {
  return Advisor(plan, catalog, connection).advise(slot);
}

}  // namespace sluice::denorm
