#include "used_columns.hpp"

#include <algorithm>
#include <cctype>

#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

using Columns = std::optional<std::vector<std::string>>;

bool is_word_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

struct Word {
  std::string text;  // in lower case
  std::size_t begin;
  std::size_t end;
};

std::vector<Word> words_of(const std::string& sql) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < sql.size();) {
    if (!is_word_char(sql[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < sql.size() && is_word_char(sql[i])) ++i;
    words.push_back({lower(sql.substr(begin, i - begin)), begin, i});
  }
  return words;
}

// Where identifiers that read `name` end in the text.
std::vector<std::size_t> ends_of(const std::string& name, const std::string& sql,
                                 const std::vector<Word>& words) {
  std::vector<std::size_t> ends;
  for (const Word& word : words) {
    if (word.text == lower(name)) ends.push_back(word.end);
  }
  const std::string quoted = quote_identifier(name);
  for (std::size_t at = sql.find(quoted); at != std::string::npos; at = sql.find(quoted, at + 1)) {
    ends.push_back(at + quoted.size());
  }
  return ends;
}

char next_char(const std::string& sql, std::size_t at) {
  at = sql.find_first_not_of(" \t\r\n", at);
  return at == std::string::npos ? '\0' : sql[at];
}

// The position of the last character before `at` that is no space.
std::size_t position_before(const std::string& sql, std::size_t at) {
  return at == 0 ? std::string::npos : sql.find_last_not_of(" \t\r\n", at - 1);
}

bool is_multiplication(const std::string& sql, std::size_t star, const std::vector<Word>& words) {
  constexpr std::string_view kOperandEnds = ")]'\"";
  constexpr std::string_view kOperandBegins = "('\"-+";
  const std::size_t before = position_before(sql, star);
  const char left = before == std::string::npos ? '\0' : sql[before];
  const char right = next_char(sql, star + 1);
  if (!is_word_char(left) && kOperandEnds.find(left) == std::string_view::npos) return false;
  if (!is_word_char(right) && kOperandBegins.find(right) == std::string_view::npos) return false;
  return std::none_of(words.begin(), words.end(), [&](const Word& word) {
    return word.text == "distinct" ||
           (word.end == before + 1 && (word.text == "select" || word.text == "all"));
  });
}

// Whether a star in it stands for all columns of something.
bool has_wildcard(const std::string& sql, const std::vector<Word>& words) {
  for (std::size_t at = sql.find('*'); at != std::string::npos; at = sql.find('*', at + 1)) {
    const std::size_t before = position_before(sql, at);
    const bool counts_rows =
        before != std::string::npos && sql[before] == '(' && next_char(sql, at + 1) == ')';
    if (!counts_rows && !is_multiplication(sql, at, words)) return true;
  }
  return false;
}

// Whether what stands there is a table to read: "FROM alias", but not "IS DISTINCT FROM alias".
bool is_table_to_read(std::size_t end, const std::vector<Word>& words) {
  const auto after =
      std::find_if(words.begin(), words.end(), [&](const Word& word) { return word.end >= end; });
  const auto before = after - words.begin();
  if (before < 1) return false;
  const std::string& previous = words[static_cast<std::size_t>(before) - 1].text;
  if (previous == "join") return true;
  const bool compares =
      before > 1 && words[static_cast<std::size_t>(before) - 2].text == "distinct";
  return previous == "from" && !compares;
}

// "alias" by itself, or "alias.f", where f is no column and so a function or a system column.
bool reads_whole_row(const std::string& sql, const std::string& alias, const CatalogTable& table,
                     const std::vector<Word>& words) {
  for (std::size_t end : ends_of(alias, sql, words)) {
    if (is_table_to_read(end, words)) continue;
    if (end < sql.size() && sql[end] == '"') ++end;
    if (next_char(sql, end) != '.') return true;
    const std::size_t begin = sql.find_first_not_of(" \t\r\n\"", sql.find('.', end) + 1);
    const bool column =
        std::any_of(table.columns.begin(), table.columns.end(), [&](const CatalogColumn& c) {
          return begin != std::string::npos &&
                 lower(sql.substr(begin, c.name.size())) == lower(c.name) &&
                 (begin + c.name.size() == sql.size() || !is_word_char(sql[begin + c.name.size()]));
        });
    if (!column) return true;
  }
  return false;
}

void collect_expressions(const std::vector<Field>& fields, std::vector<std::string>& out) {
  for (const Field& field : fields) {
    if (field.kind == Field::Kind::kExpression) out.push_back(field.source);
  }
}

// All SQL that the node's row is in scope of: its own and its children's.
void collect_expressions(const Node& node, std::vector<std::string>& out) {
  collect_expressions(node.fields, out);
  for (const OrderTerm& term : node.order_by) {
    if (!term.expression.empty()) out.push_back(term.expression);
  }
  for (const std::string* sql : {&node.where, &node.sql}) {
    if (!sql->empty()) out.push_back(*sql);
  }
  if (node.junction) {
    collect_expressions(node.junction->fields, out);
    if (!node.junction->where.empty()) out.push_back(node.junction->where);
  }
  for (const Node& child : node.children) collect_expressions(child, out);
}

void add_listed(const std::vector<Field>& fields, std::vector<std::string>& columns) {
  for (const Field& field : fields) {
    if (field.kind == Field::Kind::kColumn) columns.push_back(field.source);
  }
}

void add_ordered(const Node& node, bool of_junction, std::vector<std::string>& columns) {
  for (const OrderTerm& term : node.order_by) {
    if (!term.column.empty() && term.of_junction == of_junction) columns.push_back(term.column);
  }
}

// `listed`, and what the SQL around reads.
Columns with_expressions(std::vector<std::string> listed, const Node& node,
                         const std::string& alias, const CatalogTable& table) {
  std::vector<std::string> expressions;
  collect_expressions(node, expressions);
  for (const std::string& sql : expressions) {
    const Columns read = columns_read(sql, alias, table);
    if (!read) return std::nullopt;
    listed.insert(listed.end(), read->begin(), read->end());
  }
  return listed;
}

}  // namespace

Columns columns_read(const std::string& sql, const std::string& alias, const CatalogTable& table) {
  const std::vector<Word> words = words_of(sql);
  const bool natural =
      std::any_of(words.begin(), words.end(), [](const Word& w) { return w.text == "natural"; });
  const bool escaped = lower(sql).find("u&\"") != std::string::npos;
  if (natural || escaped || has_wildcard(sql, words) || reads_whole_row(sql, alias, table, words)) {
    return std::nullopt;
  }
  std::vector<std::string> columns;
  for (const CatalogColumn& column : table.columns) {
    if (!ends_of(column.name, sql, words).empty()) columns.push_back(column.name);
  }
  return columns;
}

Columns used_columns(const Node& node, const Catalog& catalog) {
  const bool watched_whole = node.all_columns && node.fields.empty();
  if (watched_whole) return std::nullopt;
  std::vector<std::string> columns;
  add_listed(node.fields, columns);
  columns.insert(columns.end(), node.key.begin(), node.key.end());
  add_ordered(node, false, columns);
  for (const ColumnPair& pair : node.on) columns.push_back(pair.column);
  if (node.junction) {
    for (const ColumnPair& pair : node.junction->child) columns.push_back(pair.references);
  }
  const auto add_references = [&](const Node& below) {
    const auto& pairs = below.junction ? below.junction->parent : below.on;
    for (const ColumnPair& pair : pairs) columns.push_back(pair.references);
  };
  for (const Node& child : node.children) {
    add_references(child);
    std::for_each(child.base.begin(), child.base.end(), add_references);
  }
  std::for_each(node.watch.begin(), node.watch.end(), add_references);
  return with_expressions(std::move(columns), node, node.alias, catalog.tables.at(node.table));
}

Columns used_junction_columns(const Node& node, const Catalog& catalog) {
  const Junction& junction = *node.junction;
  std::vector<std::string> columns;
  add_listed(junction.fields, columns);
  add_ordered(node, true, columns);
  for (const ColumnPair& pair : junction.parent) columns.push_back(pair.column);
  for (const ColumnPair& pair : junction.child) columns.push_back(pair.column);
  return with_expressions(std::move(columns), node, junction.alias,
                          catalog.tables.at(junction.table));
}

}  // namespace sluice::denorm
