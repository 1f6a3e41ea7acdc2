#include "connection.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace sluice::denorm {
namespace {

constexpr int kOldestServer = 140000;

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// libpq ends its messages with a line break.
std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// Runs `body`, with libpqxx's exceptions turned into SqlFailure.
template <typename Body>
auto guarded(Body body) {
  try {
    return body();
  } catch (const pqxx::broken_connection& e) {
    throw SqlFailure(Remedy::kReconnect, "PostgreSQL: " + trimmed(e.what()));
  } catch (const pqxx::sql_error& e) {
    const std::string state = e.sqlstate().empty() ? "" : " (SQLSTATE " + e.sqlstate() + ")";
    throw SqlFailure(remedy_of(e.sqlstate()), "PostgreSQL: " + trimmed(e.what()) + state);
  } catch (const pqxx::failure& e) {
    throw SqlFailure(Remedy::kReconnect, "PostgreSQL: " + trimmed(e.what()));
  }
}

}  // namespace

Remedy remedy_of(std::string_view sqlstate) {
  if (sqlstate.empty() || starts_with(sqlstate, "08") || starts_with(sqlstate, "57P")) {
    return Remedy::kReconnect;
  }
  if (starts_with(sqlstate, "40") || starts_with(sqlstate, "53") || starts_with(sqlstate, "55") ||
      starts_with(sqlstate, "57") || starts_with(sqlstate, "58")) {
    return Remedy::kRetry;
  }
  if (sqlstate == "42501" || starts_with(sqlstate, "28")) return Remedy::kDenied;
  // 0A000: "cached plan must not change result type", after ALTER TABLE.
  if (starts_with(sqlstate, "42") || starts_with(sqlstate, "0A") || starts_with(sqlstate, "26")) {
    return Remedy::kReplan;
  }
  return Remedy::kData;
}

Connection::Connection(const std::string& conninfo) {
  guarded([&] { connection_ = std::make_unique<pqxx::connection>(conninfo); });
  refuse_unsuitable_server();
}

void Connection::refuse_unsuitable_server() {
  if (connection_->server_version() < kOldestServer) {
    throw SqlFailure(Remedy::kReconnect, "PostgreSQL 14 or newer is needed; this server is " +
                                             std::to_string(connection_->server_version()));
  }
  // The order of snapshots, on which the versions of documents rest, holds on a primary only.
  if (execute("SELECT pg_is_in_recovery()", {})[0][0].as<bool>()) {
    throw SqlFailure(Remedy::kReconnect,
                     "this PostgreSQL server is a standby; connect to the primary");
  }
}

pqxx::result Connection::execute(const std::string& sql,
                                 const std::vector<std::string>& parameters) {
  return guarded([&] {
    pqxx::nontransaction transaction(*connection_);
    return transaction.exec_prepared(prepared(sql), pqxx::prepare::make_dynamic_params(parameters));
  });
}

void Connection::check(const std::string& sql) {
  guarded([&] { connection_->prepare_now(prepared(sql)); });
}

double Connection::estimated_cost(const std::string& sql) {
  return guarded([&] {
    const std::string& name = prepared(sql);
    connection_->prepare_now(name);
    pqxx::nontransaction transaction(*connection_);
    const auto parameters = transaction.exec1(
        "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = " +
        transaction.quote(name));
    std::string nulls;
    for (int i = 0; i < parameters[0].as<int>(); ++i) nulls += i == 0 ? "(NULL" : ", NULL";
    if (!nulls.empty()) nulls += ")";
    transaction.exec("SET plan_cache_mode = force_generic_plan");
    const auto plan = transaction.exec1("EXPLAIN (FORMAT JSON) EXECUTE " + name + nulls);
    transaction.exec("RESET plan_cache_mode");
    const auto json = nlohmann::json::parse(plan[0].c_str());
    // Sequential scans come last (see connection_options.cpp): PostgreSQL adds this to their cost.
    constexpr double kOfLastResort = 1e10;
    return std::fmod(json.at(0).at("Plan").at("Total Cost").get<double>(), kOfLastResort);
  });
}

const std::string& Connection::prepared(const std::string& sql) {
  const auto [entry, added] =
      statements_.try_emplace(sql, "s" + std::to_string(statements_.size()));
  if (added) connection_->prepare(entry->second, sql);
  return entry->second;
}

}  // namespace sluice::denorm
