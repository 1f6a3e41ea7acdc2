#include "sql_text.hpp"

#include "snapshot.hpp"

namespace sluice::denorm {
namespace {

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  return doubled(name, '"');
}

std::string quote_literal(std::string_view text) {
  // A backslash means itself only while standard_conforming_strings is on; E'' does not ask.
  if (text.find('\\') == std::string_view::npos) return doubled(text, '\'');
  std::string escaped;
  for (const char c : text) escaped.append(c == '\\' ? 2 : 1, c);
  return "E" + doubled(escaped, '\'');
}

std::string quote_table(const TableName& table) {
  return quote_identifier(table.schema) + "." + quote_identifier(table.name);
}

std::string aliased(const TableName& table, std::string_view alias) {
  return quote_table(table) + " AS " + quote_identifier(alias);
}

std::string snapshot_row(const std::string& other_columns) {
  return "SELECT " + std::string(kSnapshotSql) + " AS snapshot, " + other_columns + " UNION ALL ";
}

std::string null_texts(std::size_t count) {
  return join(std::vector<std::string>(count, "NULL::text"), ", ");
}

std::string qualified(std::string_view alias, std::string_view column) {
  return quote_identifier(alias) + "." + quote_identifier(column);
}

std::string equal_columns(const std::vector<ColumnPair>& pairs, std::string_view alias,
                          std::string_view referenced) {
  std::vector<std::string> terms;
  for (const ColumnPair& pair : pairs) {
    terms.push_back(qualified(alias, pair.column) + " = " + qualified(referenced, pair.references));
  }
  return join(terms, " AND ");
}

std::string array_literal(const std::vector<std::string_view>& elements) {
  std::string out = "{";
  for (const std::string_view element : elements) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

std::string join(const std::vector<std::string>& pieces, std::string_view separator) {
  std::string out;
  for (const std::string& piece : pieces) {
    if (!out.empty()) out += separator;
    out += piece;
  }
  return out;
}

}  // namespace sluice::denorm
