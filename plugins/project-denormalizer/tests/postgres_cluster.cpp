#include "postgres_cluster.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace sluice::denorm {
namespace {

namespace fs = std::filesystem;

// The newest installed version's programs, where Debian puts them.
fs::path find_programs() {
  fs::path newest;
  if (fs::exists("/usr/lib/postgresql")) {
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql")) {
      const fs::path bin = version.path() / "bin";
      if (fs::exists(bin / "initdb") && bin > newest) newest = bin;
    }
  }
  if (newest.empty()) throw std::runtime_error("PostgreSQL is not installed (package postgresql)");
  return newest;
}

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

PostgresCluster::PostgresCluster() {
  std::string pattern = (fs::temp_directory_path() / "sluice-postgres-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  // The server refuses to run as root.
  if (geteuid() == 0 && std::system(("chown postgres " + folder_.string()).c_str()) != 0) {
    throw std::runtime_error("there is no user postgres to run the server");
  }
  run("initdb -D " + (folder_ / "data").string() +
      " -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync");
  start();
}

PostgresCluster::~PostgresCluster() {
  try {
    if (running_) stop();
  } catch (const std::exception&) {  // the folder goes all the same
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void PostgresCluster::run(const std::string& command) const {
  const fs::path log = folder_ / "log";
  const std::string as_postgres = geteuid() == 0 ? "runuser -u postgres -- " : "";
  const std::string line =
      as_postgres + (find_programs() / command).string() + " >>" + log.string() + " 2>&1";
  if (std::system(line.c_str()) != 0) {
    throw std::runtime_error(command + " failed:\n" + text_of(log));
  }
}

void PostgresCluster::start() {
  run("pg_ctl -D " + (folder_ / "data").string() + " -w -t 60 -o \"-k " + folder_.string() +
      " -c listen_addresses= -c fsync=off -c wal_level=logical -c shared_buffers=32MB\" -l " +
      (folder_ / "server.log").string() + " start");
  running_ = true;
}

void PostgresCluster::stop() {
  run("pg_ctl -D " + (folder_ / "data").string() + " -w -m immediate stop");
  running_ = false;
}

void PostgresCluster::freeze() const {
  signal_all("STOP");
}
void PostgresCluster::thaw() const {
  signal_all("CONT");
}

void PostgresCluster::signal_all(const std::string& signal) const {
  std::string postmaster;
  std::ifstream(folder_ / "data" / "postmaster.pid") >> postmaster;
  const std::string line = "kill -" + signal + " " + postmaster + " $(pgrep -P " + postmaster + ")";
  if (std::system(line.c_str()) != 0) throw std::runtime_error("cannot signal the server");
}

void PostgresCluster::become_standby() {
  run("pg_ctl -D " + (folder_ / "data").string() + " -w -m fast stop");
  std::ofstream(folder_ / "data" / "standby.signal").flush();
  start();
}

nlohmann::json PostgresCluster::connection() const {
  return {{"host", folder_.string()},
          {"port", 5432},
          {"user", "postgres"},
          {"password", ""},
          {"dbname", "postgres"},
          {"sslmode", "prefer"},
          {"connect_timeout", 3000},
          {"statement_timeout", 30000},
          {"application_name", "denormalizer-test"}};
}

std::string PostgresCluster::conninfo() const {
  return "host=" + folder_.string() + " user=postgres dbname=postgres";
}

}  // namespace sluice::denorm
