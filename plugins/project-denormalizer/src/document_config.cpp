#include "document_config.hpp"

#include <set>

#include "problem.hpp"

namespace sluice::denorm {

TableName parse_table_name(const std::string& text) {
  const auto dot = text.find('.');
  if (dot == std::string::npos) return {"public", text};
  return {text.substr(0, dot), text.substr(dot + 1)};
}

namespace {

using Json = nlohmann::json;

// PostgreSQL cuts longer names off without an error.
constexpr std::size_t kMaxNameBytes = 63;

std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found == object.end() || found->is_null() ? std::string() : found->get<std::string>();
}

class Parser {
 public:
  Node parse_root(const Json& config, const std::string& pointer) {
    Node root = parse_node(config, pointer, 1);
    root.name = root.table.name;
    if (!problems_.empty()) throw ConfigError(std::move(problems_));
    return root;
  }

 private:
  void report(const std::string& pointer, const std::string& message) {
    problems_.push_back({pointer, message});
  }

  static std::vector<std::string> names(const Json& value) {
    if (value.is_string()) return {value.get<std::string>()};
    return value.get<std::vector<std::string>>();
  }

  static std::vector<ColumnPair> pairs(const Json& value) {
    std::vector<ColumnPair> out;
    for (const auto& [column, references] : value.items()) {
      out.push_back({column, references.get<std::string>()});
    }
    return out;
  }

  Field parse_field(const Json& value, const std::string& pointer) {
    if (value.is_string()) {
      const auto column = value.get<std::string>();
      return {Field::Kind::kColumn, column, column, "", pointer};
    }
    const int sources = static_cast<int>(value.contains("column")) +
                        static_cast<int>(value.contains("sql")) +
                        static_cast<int>(value.contains("value"));
    if (sources != 1) report(pointer, "expected exactly one of column, sql and value");
    const std::string as = text_of(value, "as");
    if (value.contains("column")) {
      const std::string column = text_of(value, "column");
      return {Field::Kind::kColumn, column, as.empty() ? column : as, "", pointer};
    }
    if (as.empty()) report(pointer, "a computed or constant column needs a name: as");
    if (value.contains("sql")) {
      return {Field::Kind::kExpression, text_of(value, "sql"), as, "", pointer};
    }
    return {Field::Kind::kConstant, value.value("value", Json()).dump(), as, "", pointer};
  }

  // A "*" in the list is no field: it sets `others_at`.
  std::vector<Field> parse_fields(const Json& columns, const std::string& pointer,
                                  std::optional<std::size_t>& others_at) {
    std::vector<Field> fields;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string place = pointer + "/" + std::to_string(i);
      if (columns[i] != "*") {
        fields.push_back(parse_field(columns[i], place));
      } else if (others_at) {
        report(place, "the list has \"*\" already");
      } else {
        others_at = i;
      }
    }
    return fields;
  }

  // A list in which a "*" is an error.
  std::vector<Field> parse_named_fields(const Json& columns, const std::string& pointer,
                                        const std::string& why_not_all) {
    std::optional<std::size_t> others_at;
    std::vector<Field> fields = parse_fields(columns, pointer, others_at);
    if (others_at) report(pointer + "/" + std::to_string(*others_at), why_not_all);
    return fields;
  }

  std::vector<OrderTerm> parse_order(const Json& terms, const std::string& pointer) {
    std::vector<OrderTerm> out;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const Json& term = terms[i];
      if (term.is_string()) {
        out.push_back({term.get<std::string>(), "", false, false});
        continue;
      }
      if (term.contains("column") == term.contains("sql")) {
        report(pointer + "/" + std::to_string(i), "expected exactly one of column and sql");
      }
      out.push_back({text_of(term, "column"), text_of(term, "sql"),
                     text_of(term, "direction") == "desc", false});
    }
    return out;
  }

  Junction parse_junction(const Json& config, const std::string& pointer) {
    Junction junction;
    if (config.is_string()) {
      junction.table = parse_table_name(config.get<std::string>());
      return junction;
    }
    junction.table = parse_table_name(text_of(config, "table"));
    if (config.contains("parent")) junction.parent = pairs(config["parent"]);
    if (config.contains("child")) junction.child = pairs(config["child"]);
    if (config.contains("columns")) {
      junction.fields = parse_named_fields(
          config["columns"], pointer + "/columns",
          "\"*\" is not for a junction table: name those of its columns that are to be members");
    }
    junction.where = text_of(config, "where");
    return junction;
  }

  // What a child and a watched table have in common: which table, and how it relates.
  Node parse_relation(const Json& config, const std::string& pointer) {
    Node node;
    node.pointer = pointer;
    node.table = parse_table_name(text_of(config, "table"));
    node.name = text_of(config, "name");
    if (node.name.empty()) node.name = node.table.name;
    if (config.contains("on")) node.on = pairs(config["on"]);
    if (config.contains("through")) {
      node.junction = parse_junction(config["through"], pointer + "/through");
    }
    if (!node.on.empty() && node.junction) {
      report(pointer, "a relation is either on (direct) or through (a junction table), not both");
    }
    return node;
  }

  Node parse_node(const Json& config, const std::string& pointer, int depth) {
    Node node = parse_relation(config, pointer);
    if (config.contains("key")) node.key = names(config["key"]);
    node.sql = text_of(config, "sql");
    node.scalar = config.value("scalar", false);
    if (config.contains("columns")) {
      const std::string place = pointer + "/columns";
      node.fields = node.scalar
                        ? parse_named_fields(config["columns"], place,
                                             "\"*\" is not for a scalar child: name its column")
                        : parse_fields(config["columns"], place, node.others_at);
    } else if (node.sql.empty()) {
      node.others_at = 0;
    }
    node.where = text_of(config, "where");
    if (config.contains("order_by")) {
      node.order_by = parse_order(config["order_by"], pointer + "/order_by");
    }
    if (config.contains("limit")) node.limit = config["limit"].get<std::int64_t>();
    const std::string type = text_of(config, "type");
    if (!type.empty()) node.shape = type == "object" ? Shape::kObject : Shape::kArray;
    node.children = parse_tables(config, "children", pointer, depth, &Parser::parse_node);
    node.watch = parse_tables(config, "watch", pointer, depth, &Parser::parse_watched);
    node.base = parse_tables(config, "base", pointer, depth, &Parser::parse_watched);
    node.has_base = config.contains("base");
    check_combination(node);
    check_members(node);
    return node;
  }

  Node parse_watched(const Json& config, const std::string& pointer, int depth) {
    Node node = parse_relation(config, pointer);
    if (config.contains("columns")) {
      node.fields =
          parse_named_fields(config["columns"], pointer + "/columns",
                             "\"*\" is not for a watched table: leave columns out to watch all");
    } else {
      node.others_at = 0;
    }
    node.watch = parse_tables(config, "watch", pointer, depth, &Parser::parse_watched);
    return node;
  }

  void check_combination(const Node& node) {
    if (!node.sql.empty() && (node.others_at || !node.fields.empty() || !node.children.empty())) {
      report(node.pointer + "/sql", "a document has either sql, or columns and children");
    }
    if (node.scalar && (node.others_at || node.fields.size() != 1 || !node.children.empty() ||
                        (node.junction && !node.junction->fields.empty()))) {
      report(node.pointer, "a scalar child has exactly one column and no children");
    }
  }

  // Those that the configuration names: the others come from the catalog.
  void check_members(const Node& node) {
    std::set<std::string> names;
    const auto check = [&](const std::string& name, const std::string& pointer) {
      if (name.empty()) return;  // reported already
      if (!names.insert(name).second) report(pointer, "two members are named " + name);
      if (name.size() > kMaxNameBytes) {
        report(pointer, "the name " + name + " is longer than 63 bytes");
      }
    };
    for (const Field& field : node.fields) check(field.as, field.pointer);
    if (node.junction) {
      for (const Field& field : node.junction->fields) check(field.as, field.pointer);
    }
    for (const Node& child : node.children) check(child.name, child.pointer);
  }

  // The tables in the list `member` of a table at `depth`, each read by `parse`.
  std::vector<Node> parse_tables(const Json& config, const char* member, const std::string& pointer,
                                 int depth,
                                 Node (Parser::*parse)(const Json&, const std::string&, int)) {
    std::vector<Node> nodes;
    const auto list = config.find(member);
    if (list == config.end()) return nodes;
    const std::string place = pointer + "/" + member;
    if (depth == kMaxTreeDepth && !list->empty()) {
      report(place, "tables nested deeper than " + std::to_string(kMaxTreeDepth) + " levels");
      return nodes;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      nodes.push_back((this->*parse)((*list)[i], place + "/" + std::to_string(i), depth + 1));
    }
    return nodes;
  }

  std::vector<Problem> problems_;
};

}  // namespace

Node parse_document(const nlohmann::json& document, const std::string& pointer) {
  return Parser().parse_root(document, pointer);
}

}  // namespace sluice::denorm
