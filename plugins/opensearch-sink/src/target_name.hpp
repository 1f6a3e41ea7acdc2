// Names of the indices behind an alias: ALIAS-YYYY-MM-DD, then ALIAS-YYYY-MM-DD-2 and so on.
#pragma once

#include <string>
#include <string_view>

namespace sluice::opensearch {

/// The `number`th (from 1) name for that day; `date` is YYYY-MM-DD.
std::string target_name(std::string_view alias, std::string_view date, int number);

/// Whether `name` is one that target_name gives for `alias`.
bool is_target_name(std::string_view alias, std::string_view name);

bool is_date(std::string_view text);

/// Today's date in UTC.
std::string today();

}  // namespace sluice::opensearch
