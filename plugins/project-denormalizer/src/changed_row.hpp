#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sluice/sdk.hpp>

#include "routes.hpp"

namespace sluice::denorm {

/// The values of a route's source columns in one state of a row, as PostgreSQL's text.
struct SourceValues {
  enum class State {
    kKnown,
    kNone,     // a null among them: the row belongs to no document by this route
    kMissing,  // the change does not tell them
  };
  State state = State::kKnown;
  std::vector<std::string> values;  // kKnown
  std::string missing;              // kMissing: which column
};

/// `unchanged` has what the row leaves out, as an update leaves out long values that it doesn't
/// touch. Throws RecordError if a value is not one of the column's type.
[[nodiscard]] SourceValues source_values(Value row, const Route& route, Value unchanged = {});

[[nodiscard]] TableName table_of(const sluice_change& change);

/// Of a change, the old row as far as it can be trusted: all of it, or the primary key only.
[[nodiscard]] Value trusted_before(const sluice_change& change, bool full_before);

/// Whether an update changed none of the columns that matter to the route.
[[nodiscard]] bool leaves_unchanged(const sluice_change& change, const Route& route,
                                    bool full_before);

}  // namespace sluice::denorm
