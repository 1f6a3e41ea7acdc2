#include "column_sql.hpp"

#include <string_view>

namespace sluice::denorm {
namespace {

bool is_real(std::string_view type) {
  return type == "real" || type == "double precision" || type == "numeric";
}

bool is_day(std::string_view type) {
  return type == "date" || type.substr(0, 9) == "timestamp";
}

// ISO 8601 has a year 0000 before year 1, and puts a sign before years of more than four digits.
std::string iso_day_sql(const std::string& column) {
  const std::string text = "(to_json(" + column + ") #>> '{}')";
  const std::string year = "to_char(1 + extract(year FROM " + column + "), 'FM0000')";
  return "CASE WHEN isfinite(" + column + ") THEN CASE WHEN " + column + " < '0001-01-01' THEN " +
         "to_json(" + year + " || replace(regexp_replace(" + text +
         ", '^[0-9]+', ''), ' BC', '')) WHEN " + column + " >= '10000-01-01' THEN to_json('+' || " +
         text + ") ELSE to_json(" + column + ") END END";
}

std::string base64_sql(const std::string& bytes) {
  return "translate(encode(" + bytes + ", 'base64'), E'\\n', '')";
}

// The elements of an array's JSON text that match, which are none of JSON's, become null.
std::string without_elements(const std::string& column, const char* pattern) {
  return "regexp_replace(to_json(" + column + ")::text, '\"(" + pattern +
         ")\"', 'null', 'g')::json";
}

// An array of any depth, from its JSON text: what is between its quotes are the values. `value_sql`
// makes of each `part` what it is to be, and leaves what is around them.
std::string by_element(const std::string& text, const std::string& value_sql) {
  return "(SELECT string_agg(" + value_sql + ", '\"' ORDER BY n)::json FROM string_to_table(" +
         text + ", '\"') WITH ORDINALITY AS parts(part, n))";
}

// In JSON's text a value is "\\x00ff".
std::string base64_array_sql(const std::string& column) {
  return by_element("to_json(" + column + ")::text",
                    "CASE WHEN starts_with(part, E'\\\\\\\\x') THEN " +
                        base64_sql("decode(substr(part, 4), 'hex')") + " ELSE part END");
}

// As iso_day_sql.
std::string iso_day_array_sql(const std::string& column) {
  return by_element(without_elements(column, "-?infinity") + "::text",
                    "CASE WHEN part LIKE '% BC' THEN "
                    "to_char(1 - substring(part FROM '^[0-9]+')::int, 'FM0000') || "
                    "replace(regexp_replace(part, '^[0-9]+', ''), ' BC', '') "
                    "WHEN part ~ '^[0-9]{5}' THEN '+' || part ELSE part END");
}

std::string array_sql(const std::string& column, std::string_view element) {
  if (element == "bytea") return base64_array_sql(column);
  if (is_real(element)) return without_elements(column, "NaN|-?Infinity");
  if (is_day(element)) return iso_day_array_sql(column);
  if (element == "money") return column + "::numeric[]";
  if (element == "character") return column + "::text[]";
  return column;
}

}  // namespace

std::string column_sql(const std::string& column, const std::string& type) {
  constexpr std::string_view kBrackets = "[]";
  const std::size_t size = type.size();
  if (size > 2 && type.compare(size - 2, 2, kBrackets) == 0) {
    return array_sql(column, std::string_view(type).substr(0, size - 2));
  }
  if (type == "bytea") return base64_sql(column);
  // JSON has no such numbers, and no index takes such dates.
  if (is_real(type)) {
    return "CASE WHEN " + column + " NOT IN ('NaN', 'Infinity', '-Infinity') THEN " + column +
           " END";
  }
  if (is_day(type)) return iso_day_sql(column);
  if (type == "money") return column + "::numeric";   // not as a locale prints it
  if (type == "character") return column + "::text";  // without the padding
  return column;
}

}  // namespace sluice::denorm
