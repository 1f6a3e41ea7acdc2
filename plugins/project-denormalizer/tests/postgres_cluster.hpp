#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace sluice::denorm {

/// A private PostgreSQL cluster in a temporary folder, reached by a socket there. Started by the
/// constructor, which throws if PostgreSQL isn't installed; stopped and removed by the destructor.
class PostgresCluster {
 public:
  PostgresCluster();
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  /// The option `connection` of the plugin, complete.
  [[nodiscard]] nlohmann::json connection() const;
  /// libpq's connection string, for a role that may do everything.
  [[nodiscard]] std::string conninfo() const;

  void start();
  void stop();
  /// Lets every process of the server hang, and go on.
  void freeze() const;
  void thaw() const;
  /// Makes the cluster a standby that waits for a primary for ever. Stops and starts it.
  void become_standby();

 private:
  void run(const std::string& command) const;
  void signal_all(const std::string& signal) const;

  std::filesystem::path folder_;
  bool running_ = false;
};

}  // namespace sluice::denorm
