#pragma once

#include <string_view>

#include <sluice/output.hpp>
#include <sluice/value.hpp>

#include "json_reader.hpp"

namespace sluice::debezium {

// The parts of a Debezium message that matter, as they were found; nothing is checked yet. What is
// missing is null.
struct Envelope {
  unsigned seen = 0;  // one bit for each kind of field, see envelope.cpp
  sluice_value op{};
  sluice_value before{};
  sluice_value after{};
  sluice_value message{};
  sluice_value status{};  // of a transaction: BEGIN or END
  struct {
    sluice_value schema{};
    sluice_value table{};
    sluice_value tx_id{};
    sluice_value lsn{};
    sluice_value ts_ms{};
    sluice_value snapshot{};
  } source;
};

// Reads a record's value, with or without a schema around it. Returns false for a tombstone.
bool read_envelope(JsonReader& reader, std::string_view text, Output& output, Envelope& envelope);

// Reads a record's key, with or without a schema around it: an object of key columns.
sluice_value read_key(JsonReader& reader, std::string_view text, Output& output);

// True for what Debezium sends besides row changes: heartbeats, begins and ends of transactions,
// schema changes. They are recognised by their fields.
bool is_not_about_rows(const Envelope& envelope);

}  // namespace sluice::debezium
