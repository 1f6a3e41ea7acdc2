#include "replication_slot.hpp"

#include <vector>

namespace sluice::denorm {
namespace {

constexpr const char* kSlot =
    "SELECT active, coalesce(wal_status, ''), (pg_current_wal_lsn() - "
    "confirmed_flush_lsn)::bigint, "
    "(pg_current_wal_lsn() - restart_lsn)::bigint, safe_wal_size FROM pg_replication_slots "
    "WHERE slot_name = $1 AND database = current_database()";

std::optional<std::int64_t> bytes(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<std::int64_t>();
}

nlohmann::ordered_json value_or_null(const std::optional<std::int64_t>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

std::string missing(const std::string& name) {
  return "there is no replication slot " + name +
         " in this database: changes made from now on would be lost. Register the connector first";
}

std::string lost(const std::string& name) {
  return "the replication slot " + name +
         " has fallen too far behind and lost changes (wal_status lost): drop it, register the "
         "connector anew, and then fill the index anew";
}

std::vector<std::string> warnings_about(const ReplicationSlot& slot, const std::string& name) {
  if (slot.wal_status == "lost") return {lost(name)};
  std::vector<std::string> warnings;
  if (!slot.active) {
    warnings.push_back("no connector reads the replication slot " + name +
                       ": changes do not come, and the log that PostgreSQL keeps for them grows. "
                       "See why the connector does not run");
  }
  if (slot.wal_status == "unreserved") {
    warnings.push_back("the replication slot " + name +
                       " may be lost with the next checkpoint (wal_status unreserved): it holds "
                       "more log than max_slot_wal_keep_size allows. Raise that, and get the "
                       "connector to read");
  }
  return warnings;
}

}  // namespace

std::optional<ReplicationSlot> find_slot(Connection& connection, const std::string& name) {
  const pqxx::result found = connection.execute(kSlot, {name});
  if (found.empty()) return std::nullopt;
  const pqxx::row row = found[0];
  ReplicationSlot slot{row[0].as<bool>(), row[1].as<std::string>(), bytes(row[2]), bytes(row[3]),
                       bytes(row[4])};
  if (slot.wal_status == "lost") slot.safe_bytes = 0;
  return slot;
}

std::string slot_problem(Connection& connection, const std::string& name) {
  const auto slot = find_slot(connection, name);
  if (!slot) return missing(name);
  return slot->wal_status == "lost" ? lost(name) : "";
}

nlohmann::ordered_json slot_state(Connection& connection, const std::string& name) {
  const auto slot = find_slot(connection, name);
  if (!slot) {
    return {{"values", {{"replication_slot", name}, {"replication_slot_active", false}}},
            {"warnings", nlohmann::ordered_json::array({missing(name)})}};
  }
  return {{"values",
           {{"replication_slot", name},
            {"replication_slot_active", slot->active},
            {"replication_slot_wal_status", slot->wal_status},
            {"replication_slot_lag_bytes", value_or_null(slot->lag_bytes)},
            {"replication_slot_retained_bytes", value_or_null(slot->retained_bytes)},
            {"replication_slot_safe_bytes", value_or_null(slot->safe_bytes)}}},
          {"warnings", warnings_about(*slot, name)}};
}

}  // namespace sluice::denorm
