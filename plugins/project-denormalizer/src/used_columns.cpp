#include "used_columns.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>
#include <string_view>

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

// A stretch of the text.
struct Span {
  std::size_t begin;
  std::size_t end;
};

// Identifiers in the text that read `name`, their quotes included.
std::vector<Span> mentions_of(const std::string& name, const std::string& sql,
                              const std::vector<Word>& words) {
  std::vector<Span> mentions;
  for (const Word& word : words) {
    if (word.text != lower(name)) continue;
    const bool quoted = word.begin > 0 && sql[word.begin - 1] == '"' && word.end < sql.size() &&
                        sql[word.end] == '"';
    mentions.push_back(quoted ? Span{word.begin - 1, word.end + 1} : Span{word.begin, word.end});
  }
  if (std::all_of(name.begin(), name.end(), is_word_char)) return mentions;
  const std::string quoted = quote_identifier(name);
  for (std::size_t at = sql.find(quoted); at != std::string::npos; at = sql.find(quoted, at + 1)) {
    mentions.push_back({at, at + quoted.size()});
  }
  return mentions;
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
bool is_table_to_read(const Span& mention, const std::string& sql, const std::vector<Word>& words) {
  const std::size_t before = position_before(sql, mention.begin);
  const auto previous = std::find_if(words.begin(), words.end(),
                                     [&](const Word& word) { return word.end == before + 1; });
  if (previous == words.end()) return false;
  if (previous->text == "join") return true;
  const bool compares = previous != words.begin() && std::prev(previous)->text == "distinct";
  return previous->text == "from" && !compares;
}

// "alias.f", where f is one of the table's columns.
bool names_column(const Span& mention, const std::string& sql, const CatalogTable& table) {
  if (next_char(sql, mention.end) != '.') return false;
  const std::size_t begin = sql.find_first_not_of(" \t\r\n\"", sql.find('.', mention.end) + 1);
  return std::any_of(table.columns.begin(), table.columns.end(), [&](const CatalogColumn& c) {
    return begin != std::string::npos && lower(sql.substr(begin, c.name.size())) == lower(c.name) &&
           (begin + c.name.size() == sql.size() || !is_word_char(sql[begin + c.name.size()]));
  });
}

// The name that a table to read goes by: "FROM goods AS g".
struct LocalAlias {
  bool unclear = false;
  std::string name;  // empty: it has none
  Span span{0, 0};
};

LocalAlias local_alias(const Span& mention, const std::string& sql,
                       const std::vector<Word>& words) {
  // The words that can stand there without being an alias.
  static const std::set<std::string> kAfterTables = {
      "where", "join",  "left",   "right",  "full",      "inner",      "cross",  "natural",
      "on",    "using", "group",  "order",  "having",    "limit",      "offset", "fetch",
      "for",   "union", "except", "window", "intersect", "tablesample"};
  constexpr std::string_view kSpace = " \t\r\n";
  std::size_t at = sql.find_first_not_of(kSpace, mention.end);
  const auto word_at = [&] {
    return std::find_if(words.begin(), words.end(),
                        [&](const Word& word) { return word.begin == at; });
  };
  if (word_at() != words.end() && word_at()->text == "as") {
    at = sql.find_first_not_of(kSpace, word_at()->end);
  }
  LocalAlias alias;
  if (at == std::string::npos || std::string_view("),;").find(sql[at]) != std::string_view::npos) {
    return alias;
  }
  if (sql[at] == '"') {
    const std::size_t end = sql.find('"', at + 1);
    alias.unclear = end == std::string::npos;
    if (alias.unclear) return alias;
    alias.name = sql.substr(at + 1, end - at - 1);
    alias.span = {at, end + 1};
  } else if (word_at() == words.end()) {
    alias.unclear = true;
  } else if (!kAfterTables.contains(word_at()->text)) {
    alias.name = word_at()->text;
    alias.span = {at, word_at()->end};
  }
  // Behind it may be other names for the columns; a quote is one inside the name.
  const char next = next_char(sql, alias.span.end);
  alias.unclear = alias.unclear || (!alias.name.empty() && (next == '(' || next == '"'));
  return alias;
}

// "alias" by itself, or "alias.f", where f is no column and so a function or a system column. The
// same of names under which the text reads a table `alias` of its own.
bool reads_whole_row(const std::string& sql, const std::string& alias, const CatalogTable& table,
                     const std::vector<Word>& words) {
  std::vector<LocalAlias> locals;
  for (const Span& mention : mentions_of(alias, sql, words)) {
    if (is_table_to_read(mention, sql, words)) {
      locals.push_back(local_alias(mention, sql, words));
      if (locals.back().unclear) return true;
    } else if (!names_column(mention, sql, table)) {
      return true;
    }
  }
  return std::any_of(locals.begin(), locals.end(), [&](const LocalAlias& local) {
    const std::vector<Span> mentions =
        local.name.empty() ? std::vector<Span>() : mentions_of(local.name, sql, words);
    return std::any_of(mentions.begin(), mentions.end(), [&](const Span& mention) {
      const bool defined = std::any_of(locals.begin(), locals.end(), [&](const LocalAlias& other) {
        return other.span.begin == mention.begin;
      });
      return !defined && !names_column(mention, sql, table);
    });
  });
}

bool has_escaped_names(const std::string& sql) {
  return lower(sql).find("u&\"") != std::string::npos;
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

// Whether SQL that the row is not in scope of may read the table all the same.
bool may_read(const std::string& sql, const TableName& table) {
  return has_escaped_names(sql) || !mentions_of(table.name, sql, words_of(sql)).empty();
}

// `listed`, and what SQL reads: that around the row, by its alias, and any in the tree that has the
// table in a subquery of its own.
Columns with_expressions(std::vector<std::string> listed, const Node& node, const Node& root,
                         const std::string& alias, const TableName& name, const Catalog& catalog) {
  const CatalogTable& table = catalog.tables.at(name);
  const auto add = [&](const std::string& sql, const std::string& by) {
    const Columns read = columns_read(sql, by, table);
    if (read) listed.insert(listed.end(), read->begin(), read->end());
    return read.has_value();
  };
  std::vector<std::string> around;
  collect_expressions(node, around);
  for (const std::string& sql : around) {
    if (!add(sql, alias)) return std::nullopt;
  }
  std::vector<std::string> all;
  collect_expressions(root, all);
  for (const std::string& sql : all) {
    if (may_read(sql, name) && !add(sql, name.name)) return std::nullopt;
  }
  return listed;
}

}  // namespace

Columns columns_read(const std::string& sql, const std::string& alias, const CatalogTable& table) {
  const std::vector<Word> words = words_of(sql);
  const bool natural =
      std::any_of(words.begin(), words.end(), [](const Word& w) { return w.text == "natural"; });
  if (natural || has_escaped_names(sql) || has_wildcard(sql, words) ||
      reads_whole_row(sql, alias, table, words)) {
    return std::nullopt;
  }
  std::vector<std::string> columns;
  for (const CatalogColumn& column : table.columns) {
    if (!mentions_of(column.name, sql, words).empty()) columns.push_back(column.name);
  }
  return columns;
}

Columns used_columns(const Node& node, const Node& root, const Catalog& catalog) {
  const bool watched_whole = node.others_at && node.fields.empty();
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
  return with_expressions(std::move(columns), node, root, node.alias, node.table, catalog);
}

Columns used_junction_columns(const Node& node, const Node& root, const Catalog& catalog) {
  const Junction& junction = *node.junction;
  std::vector<std::string> columns;
  add_listed(junction.fields, columns);
  add_ordered(node, true, columns);
  for (const ColumnPair& pair : junction.parent) columns.push_back(pair.column);
  for (const ColumnPair& pair : junction.child) columns.push_back(pair.column);
  return with_expressions(std::move(columns), node, root, junction.alias, junction.table, catalog);
}

}  // namespace sluice::denorm
