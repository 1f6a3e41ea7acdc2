#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sluice/sdk.hpp>

#include "connection.hpp"
#include "document_tree.hpp"
#include "plan.hpp"

namespace sluice::denorm {

/// Documents from tables of a PostgreSQL database, as configured (options_schema.hpp).
/// Connects when first used; after a fault in the connection or a change of the tables it starts
/// afresh, with a new connection and what the catalog then says.
class TreeDenormalizer : public Denormalizer {
 public:
  /// Throws FatalError for a document that the schema allows but that makes no sense.
  TreeDenormalizer(Value config, Context context);

  void route(std::span<const sluice_change* const> changes, KeyOutput& output) override;
  void walk(std::string_view cursor, std::size_t limit, KeyOutput& output) override;
  void materialize(std::span<const sluice_key* const> keys, DocumentOutput& output) override;
  void ranges(std::size_t count, CursorOutput& output) override;
  void scan(std::string_view cursor, std::size_t limit, DocumentOutput& output) override;
  std::int64_t count() override;
  void sample(std::size_t count, KeyOutput& output) override;
  void snapshot(ValueOutput& output) override;
  void seen(std::string_view snapshot, std::span<const std::int64_t> tx_ids,
            std::span<std::uint8_t> seen) override;
  bool lock(std::string_view name) override;
  void check_lock() override;
  void unlock() override;
  void explain(ValueOutput& output) override;
  void source_state(ValueOutput& output) override;

 private:
  struct Session {
    Connection connection;
    Plan plan;
    bool proven = false;  // a call has succeeded: the statements fit the tables
  };

  void with_session(const std::function<void(Session&)>& work);
  Session open_session();
  std::string current_fingerprint(Connection& connection) const;
  static void check_statement(Connection& connection, const Plan& plan);
  [[noreturn]] void give_up(const SqlFailure& failure);
  pqxx::result sampled_keys(Session& session, std::size_t blocks);

  Context context_;
  std::string conninfo_;
  std::string watch_conninfo_;  // the same, but an answer is not waited for for long
  std::int64_t version_epoch_ = 0;
  std::size_t fanout_threshold_ = 0;
  std::string replication_slot_;  // empty: not known
  Node tree_;
  std::optional<Session> session_;
  std::size_t rows_per_statement_;
  std::optional<Connection> lock_;
  std::optional<Connection> watch_;
};

}  // namespace sluice::denorm
