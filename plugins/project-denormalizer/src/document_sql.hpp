#pragma once

#include <string>

#include "document_key.hpp"
#include "document_tree.hpp"

// The statements that read documents. The tree must be resolved.
//
// Where a result has a column `snapshot`, it is the first, and one row holds in it the statement's
// own snapshot; a document's place in that row has the tables' fingerprint (altered_tables.hpp) as
// JSON text. In the other rows it is null. Under READ COMMITTED a statement has one snapshot, so
// what follows from it holds for every row beside it.
namespace sluice::denorm {

/// Documents of given keys: one array parameter for each key column.
/// Rows: snapshot, position in the arrays (from 1), document; null if the user's `sql` gives no
/// row.
[[nodiscard]] std::string materialize_sql(const Node& root, const std::vector<KeyType>& key_types);

/// Which end of a range of keys is bounded.
struct Bounds {
  bool after = false;  // keys > parameters
  bool upto = false;   // keys <= parameters
};

/// A page of documents in key order. Parameters: the lower bound's key values, the upper bound's,
/// each if bounded, then the page's size. Rows: snapshot, the key's columns as text, document; null
/// as above.
[[nodiscard]] std::string scan_sql(const Node& root, const std::vector<KeyType>& key_types,
                                   Bounds bounds);

/// Just the keys of such a page. Rows: snapshot, the key's columns as text.
[[nodiscard]] std::string scan_keys_sql(const Node& root, const std::vector<KeyType>& key_types,
                                        Bounds bounds);

/// A page of the keys of all rows, also of those that `where` drops: what it reads may have
/// changed, and then they had documents before. Parameters: the last key's values, if a page came
/// before, then the page's size. Rows: snapshot, the key's columns as text.
[[nodiscard]] std::string walk_all_sql(const Node& root, const std::vector<KeyType>& key_types,
                                       bool next_page);

/// How many documents there are.
[[nodiscard]] std::string count_sql(const Node& root);

/// Keys of about $1 per cent of the rows, by blocks of the table, in key order.
/// Rows: the key's columns as text.
[[nodiscard]] std::string sample_keys_sql(const Node& root);

}  // namespace sluice::denorm
