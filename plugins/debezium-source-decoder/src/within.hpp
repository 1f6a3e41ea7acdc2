#pragma once

#include <string>
#include <string_view>

#include <sluice/sdk.hpp>

namespace sluice::debezium {

// Runs `body`; puts `where` in front of the message of a RecordError that it throws.
template <typename Body>
void within(std::string_view where, Body body) {
  try {
    body();
  } catch (const RecordError& error) {
    throw RecordError(std::string(where) + ": " + error.what());
  }
}

}  // namespace sluice::debezium
