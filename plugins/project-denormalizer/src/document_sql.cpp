#include "document_sql.hpp"

#include "altered_tables.hpp"
#include "column_sql.hpp"
#include "resolve.hpp"
#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

std::string field_sql(const Field& field, const std::string& alias) {
  std::string value;
  switch (field.kind) {
    case Field::Kind::kColumn:
      value = column_sql(qualified(alias, field.source), field.type);
      break;
    case Field::Kind::kExpression:
      value = "(" + field.source + ")";
      break;
    case Field::Kind::kConstant:
      value = quote_literal(field.source) + "::json";
      break;
  }
  return value + " AS " + quote_identifier(field.as);
}

std::string child_sql(const Node& node, const std::string& parent_alias);

std::string select_list(const Node& node) {
  std::vector<std::string> members;
  for (const Field& field : node.fields) members.push_back(field_sql(field, node.alias));
  if (node.junction) {
    for (const Field& field : node.junction->fields) {
      members.push_back(field_sql(field, node.junction->alias));
    }
  }
  for (const Node& child : node.children) {
    members.push_back(child_sql(child, node.alias) + " AS " + quote_identifier(child.name));
  }
  return join(members, ", ");
}

std::string order_sql(const Node& node) {
  std::vector<std::string> terms;
  for (const OrderTerm& term : node.order_by) {
    const std::string value =
        term.column.empty()
            ? "(" + term.expression + ")"
            : qualified(term.of_junction ? node.junction->alias : node.alias, term.column);
    terms.push_back(value + (term.descending ? " DESC" : ""));
  }
  return terms.empty() ? "" : " ORDER BY " + join(terms, ", ");
}

std::string from_where_sql(const Node& node, const std::string& parent_alias) {
  std::string from = " FROM " + aliased(node.table, node.alias);
  std::vector<std::string> terms;
  if (node.junction) {
    const Junction& junction = *node.junction;
    from += " JOIN " + aliased(junction.table, junction.alias) + " ON " +
            equal_columns(junction.child, junction.alias, node.alias);
    terms.push_back(equal_columns(junction.parent, junction.alias, parent_alias));
    if (!junction.where.empty()) terms.push_back("(" + junction.where + ")");
  } else {
    terms.push_back(equal_columns(node.on, node.alias, parent_alias));
  }
  if (!node.where.empty()) terms.push_back("(" + node.where + ")");
  return from + " WHERE " + join(terms, " AND ");
}

// A subquery with one JSON value: the related rows of the parent's current row.
std::string child_sql(const Node& node, const std::string& parent_alias) {
  std::string rows =
      "SELECT " + select_list(node) + from_where_sql(node, parent_alias) + order_sql(node);
  const bool array = node.shape == Shape::kArray;
  if (!array) {
    rows += " LIMIT 1";
  } else if (node.limit) {
    rows += " LIMIT " + std::to_string(*node.limit);
  }
  // item.* is the whole row even where a member is named item.
  const std::string item =
      node.scalar ? qualified("item", node.fields.front().as) : std::string("item.*");
  if (array) return "(SELECT coalesce(json_agg(" + item + "), '[]') FROM (" + rows + ") AS item)";
  return "(SELECT " + std::string(node.scalar ? "to_json(" : "row_to_json(") + item + ") FROM (" +
         rows + ") AS item)";
}

std::vector<std::string> qualified_key(const Node& root) {
  std::vector<std::string> columns;
  for (const std::string& column : root.key) columns.push_back(qualified(root.alias, column));
  return columns;
}

std::vector<std::string> key_as_text(const Node& root) {
  std::vector<std::string> columns;
  for (const std::string& column : qualified_key(root)) columns.push_back(column + "::text");
  return columns;
}

// "(a, b) > ($1::int, $2::text)", numbering the parameters from `next` on.
std::string compare_key(const Node& root, const std::vector<KeyType>& types, const char* compare,
                        int& next) {
  std::vector<std::string> parameters;
  for (const KeyType& type : types) {
    parameters.push_back("$" + std::to_string(next++) + "::" + type.sql_type);
  }
  return "(" + join(qualified_key(root), ", ") + ") " + compare + " (" + join(parameters, ", ") +
         ")";
}

// What a row must meet to have a key.
std::vector<std::string> key_conditions(const Node& root) {
  std::vector<std::string> terms;
  for (const std::string& column : root.nullable_key) {
    terms.push_back(qualified(root.alias, column) + " IS NOT NULL");
  }
  return terms;
}

// What a row must meet to have a document.
std::vector<std::string> conditions(const Node& root) {
  std::vector<std::string> terms = key_conditions(root);
  if (!root.where.empty()) terms.push_back("(" + root.where + ")");
  return terms;
}

std::string where_sql(const std::vector<std::string>& terms) {
  return terms.empty() ? "" : " WHERE " + join(terms, " AND ");
}

// The statement that the user wrote, to stand between parentheses: it may end in a comment.
std::string written_sql(const Node& root) {
  const auto end = root.sql.find_last_not_of("; \t\r\n");
  return root.sql.substr(0, end + 1) + "\n";
}

// The same, and that the statement of the user gives a document.
std::string where_document_sql(const Node& root) {
  std::vector<std::string> terms = conditions(root);
  if (!root.sql.empty()) terms.push_back("EXISTS (" + written_sql(root) + ")");
  return where_sql(terms);
}

// WHERE, ORDER BY and LIMIT of a page in key order.
std::string page_sql(const Node& root, const std::vector<KeyType>& types, Bounds bounds,
                     const std::vector<std::string>& conditions) {
  int next = 1;
  std::vector<std::string> terms;
  if (bounds.after) terms.push_back(compare_key(root, types, ">", next));
  if (bounds.upto) terms.push_back(compare_key(root, types, "<=", next));
  terms.insert(terms.end(), conditions.begin(), conditions.end());
  return where_sql(terms) + " ORDER BY " + join(qualified_key(root), ", ") + " LIMIT $" +
         std::to_string(next);
}

std::string keys_sql(const Node& root, const std::vector<KeyType>& types, Bounds bounds,
                     const std::vector<std::string>& conditions) {
  return snapshot_row(null_texts(root.key.size())) + "(SELECT NULL, " +
         join(key_as_text(root), ", ") + " FROM " + aliased(root.table, root.alias) +
         page_sql(root, types, bounds, conditions) + ")";
}

// In the place of a document.
std::string fingerprint(const Node& root) {
  return "to_json(" + fingerprint_sql(tables_of(root)) + ")";
}

// One row as JSON; an error if there are several, null if there is none.
std::string document_value(const Node& root) {
  const std::string row = root.sql.empty() ? "SELECT " + select_list(root) : written_sql(root);
  return "(SELECT row_to_json(document.*) FROM (" + row + ") AS document)";
}

}  // namespace

std::string materialize_sql(const Node& root, const std::vector<KeyType>& key_types) {
  std::vector<std::string> arrays;
  std::vector<std::string> names;
  std::vector<std::string> terms;
  for (std::size_t i = 0; i < root.key.size(); ++i) {
    const std::string name = "k" + std::to_string(i + 1);
    arrays.push_back("$" + std::to_string(i + 1) + "::" + key_types[i].sql_type + "[]");
    names.push_back(name);
    terms.push_back(qualified(root.alias, root.key[i]) + " = sluice_requested." + name);
  }
  if (!root.where.empty()) terms.push_back("(" + root.where + ")");
  const bool written = !root.sql.empty();
  const std::string value = written ? "document.body" : "row_to_json(document.*)";
  const std::string row = written ? document_value(root) + " AS body" : select_list(root);
  return snapshot_row("NULL::bigint, " + fingerprint(root)) +
         "SELECT NULL, sluice_requested.position, " + value + " FROM unnest(" + join(arrays, ", ") +
         ") WITH ORDINALITY AS sluice_requested(" + join(names, ", ") +
         ", position) CROSS JOIN LATERAL (SELECT " + row + " FROM " +
         aliased(root.table, root.alias) + where_sql(terms) + ") AS document";
}

std::string scan_sql(const Node& root, const std::vector<KeyType>& key_types, Bounds bounds) {
  return snapshot_row(null_texts(root.key.size()) + ", " + fingerprint(root)) + "(SELECT NULL, " +
         join(key_as_text(root), ", ") + ", " + document_value(root) + " FROM " +
         aliased(root.table, root.alias) + page_sql(root, key_types, bounds, conditions(root)) +
         ")";
}

std::string scan_keys_sql(const Node& root, const std::vector<KeyType>& key_types, Bounds bounds) {
  return keys_sql(root, key_types, bounds, conditions(root));
}

std::string walk_all_sql(const Node& root, const std::vector<KeyType>& key_types, bool next_page) {
  return keys_sql(root, key_types, {next_page, false}, key_conditions(root));
}

std::string count_sql(const Node& root) {
  return "SELECT count(*) FROM " + aliased(root.table, root.alias) + where_document_sql(root);
}

std::string sample_keys_sql(const Node& root) {
  return "SELECT " + join(key_as_text(root), ", ") + " FROM " + aliased(root.table, root.alias) +
         " TABLESAMPLE SYSTEM ($1::real)" + where_document_sql(root) + " ORDER BY " +
         join(qualified_key(root), ", ");
}

}  // namespace sluice::denorm
