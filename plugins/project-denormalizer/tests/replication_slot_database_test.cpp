// What the plugin tells of the replication slot at a real PostgreSQL.
#include <chrono>
#include <libpq-fe.h>

#include "plugin_driver.hpp"

namespace sluice::denorm {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReplicationSlotTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    drop_slot();
  }
  void TearDown() override {
    drop_slot();
    sql("ALTER SYSTEM RESET max_slot_wal_keep_size");
    sql("SELECT pg_reload_conf()");
  }

  void drop_slot() {
    sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
        "WHERE slot_name = 'feed'");
  }
  void create_slot() { sql("SELECT pg_create_logical_replication_slot('feed', 'pgoutput')"); }
  /// About 1 MB of log.
  void write_log() {
    sql("SELECT pg_logical_emit_message(false, 'x', repeat('x', 1048576)); SELECT pg_switch_wal()");
  }
  /// The server looks at slots when it writes a checkpoint. Past `megabytes` of log they are lost.
  void limit_log(int megabytes) {
    sql("ALTER SYSTEM SET max_slot_wal_keep_size = '" + std::to_string(megabytes) + "MB'");
    sql("SELECT pg_reload_conf()");
  }

  static json options() {
    return {{"version_epoch", 0},
            {"fanout_threshold", 1},
            {"replication_slot", "feed"},
            {"document", {{"table", "nowhere"}}}};
  }
  json state() {
    EXPECT_EQ(plugin_.source_state(), SLUICE_OK) << plugin_.error();
    return to_json(Value{plugin_.out().values.at(0)});
  }

  Plugin plugin_{options(), cluster().connection()};
};

TEST_F(ReplicationSlotTest, WithoutOneConfiguredNothingIsToldAndNoDatabaseAsked) {
  auto without = options();
  without.erase("replication_slot");
  json nowhere = cluster().connection();
  nowhere["host"] = "/nowhere";
  Plugin plugin(without, nowhere);
  EXPECT_EQ(plugin.source_state(), SLUICE_OK) << plugin.error();
  EXPECT_EQ(to_json(Value{plugin.out().values.at(0)}), json::object());
}

TEST_F(ReplicationSlotTest, OneThatIsMissingIsAWarning) {
  const json told = state();
  EXPECT_EQ(told["values"],
            (json{{"replication_slot", "feed"}, {"replication_slot_active", false}}));
  EXPECT_THAT(told["warnings"], ElementsAre(HasSubstr("no replication slot feed")));
}

TEST_F(ReplicationSlotTest, ItsLagGrowsWithTheLogAndShrinksAsItIsRead) {
  create_slot();
  const auto number = [&](const char* name) { return state()["values"][name].get<std::int64_t>(); };
  const auto before = number("replication_slot_lag_bytes");
  EXPECT_EQ(state()["values"]["replication_slot_safe_bytes"], nullptr) << "there is no limit";
  write_log();
  EXPECT_GE(number("replication_slot_lag_bytes"), before + 1048576);
  EXPECT_GE(number("replication_slot_retained_bytes"), number("replication_slot_lag_bytes"));
  sql("SELECT pg_replication_slot_advance('feed', pg_current_wal_lsn())");
  EXPECT_LT(number("replication_slot_lag_bytes"), 1048576);
}

TEST_F(ReplicationSlotTest, OneThatNobodyReadsIsAWarning) {
  create_slot();
  const json told = state();
  EXPECT_EQ(told["values"]["replication_slot_active"], false);
  EXPECT_EQ(told["values"]["replication_slot_wal_status"], "reserved");
  EXPECT_THAT(told["warnings"], ElementsAre(HasSubstr("no connector reads")));
}

// A walsender, as the connector has it.
TEST_F(ReplicationSlotTest, OneThatIsReadIsAllRight) {
  create_slot();
  sql("CREATE PUBLICATION feed");
  PGconn* const reader = PQconnectdb((cluster().conninfo() + " replication=database").c_str());
  PGresult* const started = PQexec(
      reader,
      "START_REPLICATION SLOT feed LOGICAL 0/0 (proto_version '1', publication_names 'feed')");
  EXPECT_EQ(PQresultStatus(started), PGRES_COPY_BOTH) << PQerrorMessage(reader);
  const json told = state();
  EXPECT_EQ(told["values"]["replication_slot_active"], true);
  EXPECT_THAT(told["warnings"], IsEmpty());
  PQclear(started);
  PQfinish(reader);
  for (bool active = true; active;) {
    active =
        sql("SELECT active FROM pg_replication_slots WHERE slot_name = 'feed'")[0][0].as<bool>();
  }
}

TEST_F(ReplicationSlotTest, WhatIsLeftBeforeItIsLostIsToldAndThenThatItIs) {
  limit_log(40);
  create_slot();
  json told;
  const auto status = [&] { return told["values"]["replication_slot_wal_status"]; };
  const auto safe = [&] { return told["values"]["replication_slot_safe_bytes"]; };
  for (int i = 0; i < 20 && (told = state(), status() != "unreserved"); ++i) write_log();
  ASSERT_EQ(status(), "unreserved") << told;
  EXPECT_LE(safe().get<std::int64_t>(), 0);
  EXPECT_THAT(told["warnings"],
              ElementsAre(HasSubstr("no connector reads"), HasSubstr("max_slot_wal_keep_size")));
  sql("CHECKPOINT");
  told = state();
  EXPECT_EQ(status(), "lost");
  EXPECT_EQ(safe(), 0);
  EXPECT_THAT(told["warnings"], ElementsAre(HasSubstr("drop it, register the connector anew")));
}

TEST_F(ReplicationSlotTest, AServerThatHangsIsNotWaitedForForLong) {
  create_slot();
  state();
  cluster().freeze();
  const auto began = std::chrono::steady_clock::now();
  const auto status = plugin_.source_state();
  const auto took = std::chrono::steady_clock::now() - began;
  cluster().thaw();
  EXPECT_EQ(status, SLUICE_RETRY);
  EXPECT_LT(took, std::chrono::seconds(20));
  EXPECT_EQ(plugin_.source_state(), SLUICE_OK) << plugin_.error();
}

TEST_F(ReplicationSlotTest, AServerThatIsAwayIsToldAndAskedAgain) {
  state();
  sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
      "backend_type = 'client backend'");
  EXPECT_EQ(plugin_.source_state(), SLUICE_RETRY);
  EXPECT_EQ(plugin_.source_state(), SLUICE_OK) << plugin_.error();
}

}  // namespace
}  // namespace sluice::denorm
