#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document_tree.hpp"

// Pieces of SQL text, quoted.
namespace sluice::denorm {

/// "a ""quoted"" name": always quoted, so that no key word needs to be known.
[[nodiscard]] std::string quote_identifier(std::string_view name);
/// 'it''s'
[[nodiscard]] std::string quote_literal(std::string_view text);
/// schema.table, each quoted.
[[nodiscard]] std::string quote_table(const TableName& table);
/// schema.table AS alias
[[nodiscard]] std::string aliased(const TableName& table, std::string_view alias);
/// alias.column, each quoted.
[[nodiscard]] std::string qualified(std::string_view alias, std::string_view column);
/// alias.column = referenced.column, for all pairs.
[[nodiscard]] std::string equal_columns(const std::vector<ColumnPair>& pairs,
                                        std::string_view alias, std::string_view referenced);
/// PostgreSQL's text form of an array of these elements: {"a","b\"c"}.
[[nodiscard]] std::string array_literal(const std::vector<std::string_view>& elements);
/// The head of a statement whose first column is `snapshot`: a row with the statement's snapshot,
/// these other columns, and UNION ALL.
[[nodiscard]] std::string snapshot_row(const std::string& other_columns);
/// NULL::text, that many times.
[[nodiscard]] std::string null_texts(std::size_t count);
/// The pieces with a separator between each two.
[[nodiscard]] std::string join(const std::vector<std::string>& pieces, std::string_view separator);

}  // namespace sluice::denorm
