#include "sample_catalog.hpp"

#include <nlohmann/json.hpp>

#include "document_config.hpp"
#include "resolve.hpp"

namespace sluice::denorm {
namespace {

void add_table(Catalog& catalog, const std::string& name, std::vector<CatalogColumn> columns,
               std::vector<std::string> primary_key) {
  CatalogTable table;
  table.columns = std::move(columns);
  table.primary_key = primary_key;
  table.unique_keys = {std::move(primary_key)};
  catalog.tables[parse_table_name(name)] = std::move(table);
  catalog.table_names.push_back(parse_table_name(name).text());
}

void add_foreign_key(Catalog& catalog, const std::string& from, const std::string& to,
                     std::vector<ColumnPair> columns) {
  const std::string name = from + "_" + columns.front().column + "_fkey";
  catalog.foreign_keys.push_back(
      {name, parse_table_name(from), parse_table_name(to), std::move(columns)});
}

}  // namespace

Catalog sample_catalog() {
  Catalog catalog;
  add_table(catalog, "authors", {{"id", "integer"}, {"name", "text"}, {"photo", "bytea"}}, {"id"});
  add_table(catalog, "articles",
            {{"id", "bigint"},
             {"author_id", "integer"},
             {"editor_id", "integer"},
             {"title", "text"},
             {"score", "double precision"},
             {"published", "timestamp with time zone"}},
            {"id"});
  add_table(catalog, "tags", {{"id", "uuid"}, {"label", "text"}}, {"id"});
  add_table(catalog, "article_tags",
            {{"article_id", "bigint"}, {"tag_id", "uuid"}, {"position", "integer"}},
            {"article_id", "tag_id"});
  add_table(catalog, "talk.comments",
            {{"id", "bigint"}, {"article_id", "bigint"}, {"parent_id", "bigint"}, {"body", "text"}},
            {"id"});
  add_table(catalog, "talk.reactions",
            {{"comment_id", "bigint"}, {"kind", "text"}, {"price", "numeric"}},
            {"comment_id", "kind"});
  add_table(catalog, "orders", {{"region", "text"}, {"number", "integer"}, {"note", "text"}},
            {"region", "number"});
  add_table(catalog, "order_lines",
            {{"region", "text"}, {"number", "integer"}, {"line", "smallint"}, {"item", "text"}},
            {"region", "number", "line"});

  add_table(catalog, "article_ranks", {{"article_id", "bigint"}, {"rank", "integer"}}, {});
  catalog.tables[parse_table_name("article_ranks")].is_view = true;
  catalog.tables[parse_table_name("article_ranks")].unique_keys.clear();
  add_table(catalog, "notes", {{"article_id", "bigint"}, {"text", "text"}}, {});
  catalog.tables[parse_table_name("notes")].unique_keys.clear();

  add_foreign_key(catalog, "articles", "authors", {{"author_id", "id"}});
  add_foreign_key(catalog, "articles", "authors", {{"editor_id", "id"}});
  add_foreign_key(catalog, "article_tags", "articles", {{"article_id", "id"}});
  add_foreign_key(catalog, "article_tags", "tags", {{"tag_id", "id"}});
  add_foreign_key(catalog, "talk.comments", "articles", {{"article_id", "id"}});
  add_foreign_key(catalog, "talk.comments", "talk.comments", {{"parent_id", "id"}});
  add_foreign_key(catalog, "talk.reactions", "talk.comments", {{"comment_id", "id"}});
  add_foreign_key(catalog, "order_lines", "orders", {{"region", "region"}, {"number", "number"}});
  add_foreign_key(catalog, "notes", "articles", {{"article_id", "id"}});
  return catalog;
}

Node sample_tree(const std::string& document) {
  return resolve(parse_document(nlohmann::json::parse(document), "/document"), sample_catalog());
}

}  // namespace sluice::denorm
