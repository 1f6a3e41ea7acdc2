#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "connection.hpp"

namespace sluice::denorm {

/// A replication slot of this database, as the server sees it now.
struct ReplicationSlot {
  bool active = false;     ///< a connector is reading
  std::string wal_status;  ///< reserved, extended, unreserved, lost; empty: not known
  std::optional<std::int64_t> lag_bytes;       ///< log written since what the connector confirmed
  std::optional<std::int64_t> retained_bytes;  ///< log that is kept for the slot
  /// Log that may still be written before the slot is lost; none: there is no limit
  /// (max_slot_wal_keep_size).
  std::optional<std::int64_t> safe_bytes;
};

/// None if this database has no such slot. Throws SqlFailure.
std::optional<ReplicationSlot> find_slot(Connection& connection, const std::string& name);

/// Why a copy that begins now would miss changes; empty if it would not. Throws SqlFailure.
std::string slot_problem(Connection& connection, const std::string& name);

/// What the host asks a source for: {"values": {…}, "warnings": […]}. Throws SqlFailure.
nlohmann::ordered_json slot_state(Connection& connection, const std::string& name);

}  // namespace sluice::denorm
