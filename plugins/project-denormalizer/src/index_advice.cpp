#include "index_advice.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

using Columns = std::vector<std::string>;

Columns columns_of(const std::vector<ColumnPair>& pairs) {
  Columns columns;
  for (const ColumnPair& pair : pairs) columns.push_back(pair.column);
  return columns;
}

Columns references_of(const std::vector<ColumnPair>& pairs) {
  Columns columns;
  for (const ColumnPair& pair : pairs) columns.push_back(pair.references);
  return columns;
}

class Advisor {
 public:
  explicit Advisor(const Catalog& catalog) : catalog_(catalog) {}

  std::vector<std::string> advise(const Node& root) {
    visit(root);
    return std::move(advice_);
  }

 private:
  void visit(const Node& parent) {
    for (const auto* nodes : {&parent.children, &parent.watch}) {
      for (const Node& node : *nodes) {
        visit_relation(node, parent);
        for (const Node& base : node.base) {
          visit_relation(base, parent);
          visit(base);
        }
        visit(node);
      }
    }
  }

  // Reads go from the parent to the child, lookups the other way.
  void visit_relation(const Node& node, const Node& parent) {
    if (!node.junction) {
      check(node.table, columns_of(node.on), {}, "each document read");
      check(parent.table, references_of(node.on), {}, lookups_of(node.table));
      return;
    }
    const Junction& junction = *node.junction;
    const Columns to_parent = columns_of(junction.parent);
    const Columns to_child = columns_of(junction.child);
    check(junction.table, to_parent, to_child, "each document read");
    check(node.table, references_of(junction.child), {}, "each document read");
    check(junction.table, to_child, to_parent, lookups_of(node.table));
    check(parent.table, references_of(junction.parent), {}, lookups_of(junction.table));
  }

  static std::string lookups_of(const TableName& table) { return "each change of " + table.text(); }

  // The most columns of `searched` that an index begins with.
  static Columns best_beginning(const Columns& searched, const CatalogTable& table) {
    Columns best;
    for (const Columns& index : table.indexes) {
      const auto end = std::find_if(index.begin(), index.end(), [&](const std::string& column) {
        return std::find(searched.begin(), searched.end(), column) == searched.end();
      });
      if (end - index.begin() > std::ssize(best)) best.assign(index.begin(), end);
    }
    return best;
  }

  // `more` columns in the index spare a visit to the table.
  void check(const TableName& name, Columns searched, const Columns& more, const std::string& who) {
    const CatalogTable& table = catalog_.tables.at(name);
    if (!table.can_be_indexed) return;
    const std::set<std::string> wanted(searched.begin(), searched.end());
    const Columns found = best_beginning(searched, table);
    if (found.size() == wanted.size() || table.is_unique(searched)) return;
    if (!told_.insert({name, searched}).second) return;
    const std::string by = join(searched, ", ");
    for (const std::string& column : more) {
      if (std::find(searched.begin(), searched.end(), column) == searched.end()) {
        searched.push_back(column);
      }
    }
    for (std::string& column : searched) column = quote_identifier(column);
    // A partitioned table cannot have it made concurrently.
    const std::string create =
        table.is_partitioned ? "CREATE INDEX ON " : "CREATE INDEX CONCURRENTLY ON ";
    const std::string some = join(found, ", ");
    const std::string reads = found.empty() ? ": " + who + " reads the whole table"
                                            : ", only one that begins with " + some + ": " + who +
                                                  " reads all rows with the same " + some +
                                                  ", which may do if they are few";
    advice_.push_back("no index on " + name.text() + " (" + by + ")" + reads + "\n" + create +
                      quote_table(name) + " (" + join(searched, ", ") + ");");
  }

  const Catalog& catalog_;
  std::set<std::pair<TableName, Columns>> told_;
  std::vector<std::string> advice_;
};

}  // namespace

std::vector<std::string> index_advice(const Node& root, const Catalog& catalog) {
  return Advisor(catalog).advise(root);
}

}  // namespace sluice::denorm
