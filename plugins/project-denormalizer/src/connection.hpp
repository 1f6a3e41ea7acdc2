#pragma once

#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::denorm {

/// What a failed statement calls for.
enum class Remedy {
  kReconnect,  // the connection is gone
  kRetry,      // a passing fault: lock, deadlock, time-out, resources
  kReplan,     // tables are not what they were
  kDenied,     // missing privileges
  kData,       // these rows, not the statement or the server
};

/// By SQLSTATE; an empty one means that the connection was lost.
[[nodiscard]] Remedy remedy_of(std::string_view sqlstate);

class SqlFailure : public std::runtime_error {
 public:
  SqlFailure(Remedy remedy, const std::string& message)
      : std::runtime_error(message), remedy_(remedy) {}

  [[nodiscard]] Remedy remedy() const { return remedy_; }

 private:
  Remedy remedy_;
};

/// The plan was made for other tables than there are.
class TablesAltered : public SqlFailure {
 public:
  TablesAltered()
      : SqlFailure(Remedy::kReconnect, "the tables have been altered: the catalog is read again") {}
};

/// A connection to a primary, for reading only. Never reconnects by itself: after a failure with
/// Remedy::kReconnect, throw it away. One thread at a time.
class Connection {
 public:
  /// Connects. Throws SqlFailure (kReconnect), also if the server is a standby or too old.
  explicit Connection(const std::string& conninfo);

  /// Runs one statement outside any transaction block; it is prepared at its first use.
  /// Parameters are passed as text. Throws SqlFailure.
  pqxx::result execute(const std::string& sql, const std::vector<std::string>& parameters);

  /// Has the server parse and analyse the statement. Throws SqlFailure.
  void check(const std::string& sql);

  /// The planner's estimate of what the statement costs, whatever its parameters. Throws
  /// SqlFailure.
  double estimated_cost(const std::string& sql);

  /// The descriptor of its socket; -1 once it is lost.
  [[nodiscard]] int socket() const { return connection_->sock(); }

 private:
  const std::string& prepared(const std::string& sql);
  void refuse_unsuitable_server();

  std::unique_ptr<pqxx::connection> connection_;
  std::unordered_map<std::string, std::string> statements_;  // SQL to name
};

}  // namespace sluice::denorm
