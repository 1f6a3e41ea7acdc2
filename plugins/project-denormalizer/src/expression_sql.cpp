#include "expression_sql.hpp"

#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

std::string from_sql(const Node& node) {
  std::string from = " FROM " + aliased(node.table, node.alias);
  if (node.junction) {
    from += " CROSS JOIN " + aliased(node.junction->table, node.junction->alias);
  }
  return from;
}

// A statement of one value, with the tables around the last node of the path around it.
std::string with_tables_around(std::string sql, const NodePath& path) {
  for (auto node = path.rbegin() + 1; node != path.rend(); ++node) {
    sql = "SELECT (" + sql + ")" + from_sql(**node);
  }
  return sql;
}

// An order may go by the members' names, too.
std::string order_sql(const std::string& expression, const NodePath& path) {
  const Node& node = *path.back();
  std::vector<std::string> members;
  for (const Field& field : node.fields) members.push_back("NULL AS " + quote_identifier(field.as));
  if (node.junction) {
    for (const Field& field : node.junction->fields) {
      members.push_back("NULL AS " + quote_identifier(field.as));
    }
  }
  return with_tables_around("SELECT count(*) FROM (SELECT " + join(members, ", ") + from_sql(node) +
                                " ORDER BY (" + expression + ")) AS ordered",
                            path);
}

class Collector {
 public:
  std::vector<WrittenSql> collect(const Node& root) {
    if (!root.sql.empty()) pieces_.push_back({root.pointer + "/sql", written_document_sql(root)});
    visit({&root});
    return std::move(pieces_);
  }

 private:
  void visit(const NodePath& path) {
    const Node& node = *path.back();
    add_fields(node.fields, path);
    add_condition(node.where, node.pointer + "/where", path);
    if (node.junction) {
      add_fields(node.junction->fields, path);
      add_condition(node.junction->where, node.pointer + "/through/where", path);
    }
    for (std::size_t i = 0; i < node.order_by.size(); ++i) {
      const std::string& sql = node.order_by[i].expression;
      if (sql.empty()) continue;
      pieces_.push_back(
          {node.pointer + "/order_by/" + std::to_string(i) + "/sql", order_sql(sql, path)});
    }
    for (const Node& child : node.children) {
      NodePath deeper = path;
      deeper.push_back(&child);
      visit(deeper);
    }
  }

  void add_fields(const std::vector<Field>& fields, const NodePath& path) {
    for (const Field& field : fields) {
      if (field.kind != Field::Kind::kExpression) continue;
      pieces_.push_back({field.pointer + "/sql", expression_sql(field.source, path)});
    }
  }

  void add_condition(const std::string& sql, const std::string& pointer, const NodePath& path) {
    if (sql.empty()) return;
    pieces_.push_back(
        {pointer,
         with_tables_around("SELECT 1" + from_sql(*path.back()) + " WHERE (" + sql + ")", path)});
  }

  std::vector<WrittenSql> pieces_;
};

}  // namespace

std::string expression_sql(const std::string& expression, const NodePath& path) {
  return with_tables_around("SELECT (" + expression + ")" + from_sql(*path.back()), path);
}

std::string written_document_sql(const Node& root) {
  const std::string sql = root.sql.substr(0, root.sql.find_last_not_of("; \t\r\n") + 1);
  return "SELECT document.* FROM " + aliased(root.table, root.alias) + " CROSS JOIN LATERAL (" +
         sql + "\n) AS document";
}

std::vector<WrittenSql> written_pieces(const Node& root) {
  return Collector().collect(root);
}

}  // namespace sluice::denorm
