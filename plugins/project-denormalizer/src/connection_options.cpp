#include "connection_options.hpp"

#include <algorithm>
#include <vector>

#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

// key='value', with ' and \ escaped.
std::string setting(const std::string& key, const std::string& value) {
  std::string out = key + "='";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// Server settings, given at connection start. Documents are text made by PostgreSQL, so whatever
// shapes text is fixed here. A document's statement is short and runs often: compiling it (jit) or
// starting workers costs more than it saves. Sequential scans come last, since a plan made while a
// table was empty is kept and would be ruinous once it is full.
std::string server_options(std::int64_t statement_timeout_ms) {
  return "-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c extra_float_digits=1"
         " -c bytea_output=hex -c default_transaction_read_only=on"
         " -c default_transaction_isolation=read\\ committed"
         " -c jit=off -c max_parallel_workers_per_gather=0 -c enable_seqscan=off"
         " -c idle_session_timeout=0 -c statement_timeout=" +
         std::to_string(statement_timeout_ms);
}

// An authority that is named and then not asked would be a trap.
std::string sslmode_of(const nlohmann::json& connection) {
  const bool has_authority = !connection.value("sslrootcert", "").empty();
  return connection.value("sslmode", has_authority ? "verify-full" : "prefer");
}

bool is_local(const std::string& host) {
  return host.empty() || host.front() == '/' || host == "localhost" || host == "::1" ||
         host.starts_with("127.");
}

}  // namespace

std::string exposure_of(const nlohmann::json& connection) {
  const auto host = connection.value("host", "");
  const auto mode = sslmode_of(connection);
  if (is_local(host) || connection.value("password", "").empty() || mode == "verify-full") {
    return {};
  }
  return "the password goes to " + host + " with sslmode " + mode +
         ", which does not make sure that it is that server: give connection.sslrootcert, or "
         "sslmode verify-full";
}

std::string conninfo_of(const nlohmann::json& connection) {
  const auto milliseconds = [&](const char* name) {
    return connection.at(name).get<std::int64_t>();
  };
  std::vector<std::string> settings = {
      setting("port", std::to_string(connection.at("port").get<std::int64_t>())),
      // libpq counts whole seconds, and takes 1 for 2.
      setting("connect_timeout", std::to_string(std::max<std::int64_t>(
                                     2, (milliseconds("connect_timeout") + 999) / 1000))),
      setting("client_encoding", "UTF8"),
      setting("options", server_options(milliseconds("statement_timeout"))),
      // A peer that vanished is noticed within half a minute.
      "keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=30000"};
  settings.push_back(setting("sslmode", sslmode_of(connection)));
  for (const char* name : {"host", "user", "password", "dbname", "sslrootcert", "sslcert", "sslkey",
                           "sslpassword", "application_name"}) {
    const auto found = connection.find(name);
    if (found == connection.end() || !found->is_string()) continue;
    const auto value = found->get<std::string>();
    if (!value.empty()) settings.push_back(setting(name, value));
  }
  return join(settings, " ");
}

}  // namespace sluice::denorm
