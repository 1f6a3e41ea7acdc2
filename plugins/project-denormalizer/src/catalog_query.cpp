#include "catalog_query.hpp"

#include <algorithm>
#include <utility>

#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

constexpr const char* kTableNames =
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' "
    "AND n.nspname <> 'information_schema' ORDER BY 1, 2";

// Parameters of the following: schema names and table names, in parallel.
constexpr const char* kTables =
    "SELECT w.schema, w.name, c.relreplident, c.relkind, c.relpersistence = 'u', "
    "row_security_active(c.oid) "
    "FROM unnest($1::text[], $2::text[]) AS w(schema, name) "
    "JOIN pg_namespace n ON n.nspname = w.schema "
    "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')";

// A table `base` (oid, typmod, is_array, typtype): a type's domains followed to what they are of,
// and its arrays to their elements.
std::string base_type_sql(const std::string& type, const std::string& modifier) {
  return "CROSS JOIN LATERAL (WITH RECURSIVE step(oid, typmod, is_array) AS (SELECT " + type +
         ", " + modifier +
         ", false UNION ALL "
         "SELECT CASE u.typtype WHEN 'd' THEN u.typbasetype ELSE u.typelem END, "
         "CASE u.typtype WHEN 'd' THEN u.typtypmod ELSE s.typmod END, "
         "s.is_array OR u.typtype <> 'd' FROM step s JOIN pg_type u ON u.oid = s.oid "
         "WHERE u.typtype = 'd' OR (u.typcategory = 'A' AND u.typelem <> 0)) "
         "SELECT s.*, u.typtype FROM step s JOIN pg_type u ON u.oid = s.oid "
         "WHERE u.typtype <> 'd' AND NOT (u.typcategory = 'A' AND u.typelem <> 0)) AS base ";
}

constexpr const char* kBaseType =
    "format_type(base.oid, NULL), base.is_array, base.typtype, base.typmod ";

std::string columns_sql() {
  return std::string(
             "SELECT w.schema, w.name, a.attname, format_type(a.atttypid, NULL), "
             "t.typtype = 'e', ") +
         kBaseType +
         ", a.attgenerated <> '' FROM unnest($1::text[], $2::text[]) AS w(schema, name) "
         "JOIN pg_namespace n ON n.nspname = w.schema "
         "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name "
         "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
         "JOIN pg_type t ON t.oid = a.atttypid " +
         base_type_sql("a.atttypid", "a.atttypmod") +
         "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY w.schema, w.name, a.attnum";
}

// Parameter: type oids. Rows in their order.
std::string types_sql() {
  return std::string("SELECT format_type(t.oid, NULL), t.typtype = 'e', ") + kBaseType +
         "FROM unnest($1::oid[]) WITH ORDINALITY AS w(oid, position) "
         "JOIN pg_type t ON t.oid = w.oid " +
         base_type_sql("t.oid", "-1") + "ORDER BY w.position";
}

constexpr const char* kUniqueKeys =
    "SELECT w.schema, w.name, i.indexrelid, i.indisprimary, i.indisreplident, a.attname "
    "FROM unnest($1::text[], $2::text[]) AS w(schema, name) "
    "JOIN pg_namespace n ON n.nspname = w.schema "
    "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name "
    "JOIN pg_index i ON i.indrelid = c.oid AND i.indisunique AND i.indisvalid "
    "AND i.indpred IS NULL AND i.indexprs IS NULL "
    "JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position) "
    "ON k.position <= i.indnkeyatts "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum "
    "ORDER BY w.schema, w.name, i.indexrelid, k.position";

// The others serve no search by equality, or not every one. An expression has no name.
constexpr const char* kIndexColumns =
    "SELECT w.schema, w.name, i.indexrelid, a.attname "
    "FROM unnest($1::text[], $2::text[]) AS w(schema, name) "
    "JOIN pg_namespace n ON n.nspname = w.schema "
    "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name "
    "JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL "
    "JOIN pg_class x ON x.oid = i.indexrelid "
    "JOIN pg_am m ON m.oid = x.relam AND m.amname IN ('btree', 'hash') "
    "JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position) "
    "ON k.position <= i.indnkeyatts "
    "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum "
    "ORDER BY w.schema, w.name, i.indexrelid, k.position";

constexpr const char* kForeignKeys =
    "SELECT k.oid, k.conname, w.schema, w.name, fn.nspname, f.relname, a.attname, fa.attname "
    "FROM unnest($1::text[], $2::text[]) AS w(schema, name) "
    "JOIN pg_namespace n ON n.nspname = w.schema "
    "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name "
    "JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' "
    "JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace "
    "CROSS JOIN unnest(k.conkey, k.confkey) WITH ORDINALITY AS p(attnum, fattnum, position) "
    "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.attnum "
    "JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = p.fattnum "
    "ORDER BY k.conname, k.oid, p.position";

TableName table_at(const pqxx::row& row, int first) {
  return {row[first].as<std::string>(), row[first + 1].as<std::string>()};
}

ReplicaIdentity identity_of(char relreplident) {
  switch (relreplident) {
    case 'f':
      return ReplicaIdentity::kFull;
    case 'i':
      return ReplicaIdentity::kIndex;
    case 'n':
      return ReplicaIdentity::kNothing;
    default:
      return ReplicaIdentity::kDefault;
  }
}

void add_tables(const pqxx::result& rows, Catalog& catalog) {
  for (const pqxx::row& row : rows) {
    CatalogTable& table = catalog.tables[table_at(row, 0)];
    const char kind = row[3].c_str()[0];
    table.replica_identity = identity_of(row[2].c_str()[0]);
    table.is_view = kind == 'v' || kind == 'm' || kind == 'f';
    table.can_be_indexed = kind != 'v' && kind != 'f';
    table.is_partitioned = kind == 'p';
    table.is_unlogged = row[4].as<bool>();
    table.has_hidden_rows = row[5].as<bool>();
  }
}

// From the type's columns of the statements above, `first` and on.
CatalogColumn column_of(std::string name, const pqxx::row& row, int first) {
  return {std::move(name),           row[first].as<std::string>(),
          row[first + 1].as<bool>(), row[first + 2].as<std::string>(),
          row[first + 3].as<bool>(), row[first + 4].c_str()[0],
          row[first + 5].as<int>(),  false};
}

void add_columns(const pqxx::result& rows, Catalog& catalog) {
  for (const pqxx::row& row : rows) {
    CatalogColumn column = column_of(row[2].as<std::string>(), row, 3);
    column.is_generated = row[9].as<bool>();
    catalog.tables[table_at(row, 0)].columns.push_back(std::move(column));
  }
}

void add_indexes(const pqxx::result& rows, Catalog& catalog) {
  std::string index;
  bool whole = true;  // no expression came yet
  for (const pqxx::row& row : rows) {
    CatalogTable& table = catalog.tables[table_at(row, 0)];
    if (row[2].as<std::string>() != index) {
      index = row[2].as<std::string>();
      whole = true;
      table.indexes.emplace_back();
    }
    whole = whole && !row[3].is_null();
    if (whole) table.indexes.back().push_back(row[3].as<std::string>());
  }
}

void add_unique_keys(const pqxx::result& rows, Catalog& catalog) {
  std::string index;
  for (const pqxx::row& row : rows) {
    CatalogTable& table = catalog.tables[table_at(row, 0)];
    if (row[2].as<std::string>() != index) {
      index = row[2].as<std::string>();
      table.unique_keys.emplace_back();
    }
    table.unique_keys.back().push_back(row[5].as<std::string>());
    if (row[3].as<bool>()) table.primary_key = table.unique_keys.back();
    if (row[4].as<bool>()) table.identity_index = table.unique_keys.back();
  }
}

void add_foreign_keys(const pqxx::result& rows, Catalog& catalog) {
  std::string constraint;
  for (const pqxx::row& row : rows) {
    if (row[0].as<std::string>() != constraint) {
      constraint = row[0].as<std::string>();
      catalog.foreign_keys.push_back(
          {row[1].as<std::string>(), table_at(row, 2), table_at(row, 4), {}});
    }
    catalog.foreign_keys.back().columns.push_back(
        {row[6].as<std::string>(), row[7].as<std::string>()});
  }
}

}  // namespace

Catalog load_catalog(Connection& connection, const std::vector<TableName>& tables) {
  std::vector<std::string_view> schemas;
  std::vector<std::string_view> names;
  for (const TableName& table : tables) {
    schemas.push_back(table.schema);
    names.push_back(table.name);
  }
  const std::vector<std::string> wanted = {array_literal(schemas), array_literal(names)};
  Catalog catalog;
  for (const pqxx::row& row : connection.execute(kTableNames, {})) {
    catalog.table_names.push_back(table_at(row, 0).text());
  }
  add_tables(connection.execute(kTables, wanted), catalog);
  add_columns(connection.execute(columns_sql(), wanted), catalog);
  add_unique_keys(connection.execute(kUniqueKeys, wanted), catalog);
  add_indexes(connection.execute(kIndexColumns, wanted), catalog);
  add_foreign_keys(connection.execute(kForeignKeys, wanted), catalog);
  return catalog;
}

std::vector<CatalogColumn> describe_columns(Connection& connection, const std::string& sql) {
  const pqxx::result shape = connection.execute(sql, {});
  std::vector<std::string> oids;
  for (pqxx::row::size_type i = 0; i < shape.columns(); ++i) {
    oids.push_back(std::to_string(shape.column_type(i)));
  }
  std::vector<CatalogColumn> columns;
  for (const pqxx::row& row : connection.execute(types_sql(), {"{" + join(oids, ",") + "}"})) {
    const auto position = static_cast<pqxx::row::size_type>(columns.size());
    columns.push_back(column_of(shape.column_name(position), row, 0));
  }
  return columns;
}

}  // namespace sluice::denorm
