#pragma once

#include <string>

namespace sluice::denorm {

/// How a column enters a document: an SQL expression over `column`, which has PostgreSQL's type
/// `type` (without modifiers, domains resolved). row_to_json does what the expression leaves: ISO
/// 8601 times (the session is in UTC), numbers with all their digits, json and jsonb as they are,
/// arrays as arrays, composite types as objects, the rest as text.
[[nodiscard]] std::string column_sql(const std::string& column, const std::string& type);

}  // namespace sluice::denorm
