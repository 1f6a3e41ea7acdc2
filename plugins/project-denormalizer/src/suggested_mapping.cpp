#include "suggested_mapping.hpp"

#include <cmath>

#include "catalog_query.hpp"
#include "expression_sql.hpp"

namespace sluice::denorm {
namespace {

using Json = nlohmann::ordered_json;

// An index refuses terms above 32766 bytes, and with them the document: longer texts are not
// indexed (4 bytes a character at most).
constexpr int kLongestKeyword = 8191;
// So many digits a double, and with it scaled_float, holds without loss.
constexpr int kExactDigits = 15;

Json keyword(int ignore_above = kLongestKeyword) {
  return {{"type", "keyword"}, {"ignore_above", ignore_above}};
}

// Kept in the source of the document, not searched; takes any JSON.
Json unsearched() {
  return {{"type", "object"}, {"enabled", false}};
}

// numeric(p, s) with few digits: exact. Others have no exact form for searches: roughly as a
// double, exactly as text.
Json numeric_mapping(int type_modifier) {
  const int packed = type_modifier - 4;  // as PostgreSQL has it: precision << 16 | scale
  const int precision = packed >> 16;
  const int scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
  if (type_modifier >= 4 && precision <= kExactDigits && scale >= 0) {
    if (scale == 0) return {{"type", "long"}};
    return {{"type", "scaled_float"},
            {"scaling_factor", static_cast<std::int64_t>(std::llround(std::pow(10, scale)))}};
  }
  return {{"type", "double"}, {"ignore_malformed", true}, {"fields", {{"keyword", keyword(256)}}}};
}

Json type_mapping(const CatalogColumn& column) {
  const std::string& type = column.base_type;
  if (type == "text" || type == "citext") {
    return {{"type", "text"}, {"fields", {{"keyword", keyword(256)}}}};
  }
  if (type == "smallint") return {{"type", "short"}};
  if (type == "integer") return {{"type", "integer"}};
  if (type == "bigint" || type == "oid") return {{"type", "long"}};
  if (type == "numeric" || type == "money") return numeric_mapping(column.type_modifier);
  if (type == "real") return {{"type", "float"}};
  if (type == "double precision") return {{"type", "double"}};
  if (type == "boolean") return {{"type", "boolean"}};
  if (type == "date") {
    return {{"type", "date"}, {"format", "strict_date"}, {"ignore_malformed", true}};
  }
  if (type.rfind("timestamp", 0) == 0) {
    return {{"type", "date"}, {"format", "strict_date_optional_time"}, {"ignore_malformed", true}};
  }
  if (type == "json" || type == "jsonb" || type == "hstore" || column.base_kind == 'c') {
    return unsearched();
  }
  if (type == "bytea") return {{"type", "binary"}};
  if (column.base_kind == 'e' || type == "uuid") return {{"type", "keyword"}};
  return keyword();
}

Json constant_mapping(const std::string& text) {
  const auto value = Json::parse(text);
  if (value.is_boolean()) return {{"type", "boolean"}};
  if (value.is_number_integer()) return {{"type", "long"}};
  if (value.is_number()) return {{"type", "double"}};
  if (value.is_structured()) return unsearched();
  return keyword();
}

bool is_json(const CatalogColumn& column) {
  return column.base_type == "json" || column.base_type == "jsonb";
}

class Mapper {
 public:
  Mapper(const Catalog& catalog, Connection& connection, std::vector<std::string>& hints)
      : catalog_(catalog), connection_(connection), hints_(hints) {}

  Json document(const Node& root) {
    if (root.sql.empty()) return members({&root});
    Json properties = Json::object();
    for (const CatalogColumn& column :
         describe_columns(connection_, written_document_sql(root) + " LIMIT 0")) {
      properties[column.name] = computed(column, "", column.name);
    }
    return properties;
  }

 private:
  Json members(const NodePath& path) {
    const Node& node = *path.back();
    Json properties = Json::object();
    add_fields(node.fields, node.table, path, properties);
    if (node.junction) {
      add_fields(node.junction->fields, node.junction->table, path, properties);
    }
    for (const Node& child : node.children) {
      NodePath deeper = path;
      deeper.push_back(&child);
      properties[child.name] = child_mapping(deeper);
    }
    return properties;
  }

  Json child_mapping(const NodePath& path) {
    const Node& node = *path.back();
    Json inside = members(path);
    if (node.scalar) return inside.front();
    if (node.shape == Shape::kArray) return {{"type", "nested"}, {"properties", std::move(inside)}};
    return {{"properties", std::move(inside)}};
  }

  void add_fields(const std::vector<Field>& fields, const TableName& table, const NodePath& path,
                  Json& properties) {
    const CatalogTable& known = catalog_.tables.at(table);
    for (const Field& field : fields) {
      switch (field.kind) {
        case Field::Kind::kColumn:
          properties[field.as] = type_mapping(*known.find(field.source));
          break;
        case Field::Kind::kExpression:
          properties[field.as] =
              computed(described(field.source, path), field.source, place(path) + field.as);
          break;
        case Field::Kind::kConstant:
          properties[field.as] = constant_mapping(field.source);
          break;
      }
    }
  }

  // What JSON an expression gives is not known from its type.
  Json computed(const CatalogColumn& column, const std::string& expression,
                const std::string& where) {
    if (!is_json(column)) return type_mapping(column);
    if (expression.find("'lat'") != std::string::npos &&
        expression.find("'lon'") != std::string::npos) {
      return {{"type", "geo_point"}, {"ignore_malformed", true}};
    }
    hints_.push_back("the mapping leaves " + where +
                     " unsearched: it is JSON made by SQL, so say yourself what is in it");
    return unsearched();
  }

  static std::string place(const NodePath& path) {
    std::string out;
    for (std::size_t i = 1; i < path.size(); ++i) out += path[i]->name + ".";
    return out;
  }

  CatalogColumn described(const std::string& expression, const NodePath& path) {
    return describe_columns(connection_, expression_sql(expression, path) + " LIMIT 0").front();
  }

  const Catalog& catalog_;
  Connection& connection_;
  std::vector<std::string>& hints_;
};

}  // namespace

nlohmann::ordered_json suggested_mapping(const Node& root, const Catalog& catalog,
                                         Connection& connection, std::vector<std::string>& hints) {
  // Members that the mapping does not know stay in the document, unsearched. With "strict" a column
  // added to a table that is taken whole would have the index refuse every document.
  return {
      {"mappings",
       {{"dynamic", false}, {"properties", Mapper(catalog, connection, hints).document(root)}}}};
}

}  // namespace sluice::denorm
