#include "denormalizer.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <mutex>
#include <random>
#include <set>

#include <sluice/json.hpp>

#include "altered_tables.hpp"
#include "capture_advice.hpp"
#include "catalog_query.hpp"
#include "connection_options.hpp"
#include "cursors.hpp"
#include "document_config.hpp"
#include "document_reader.hpp"
#include "document_sql.hpp"
#include "explain.hpp"
#include "expression_sql.hpp"
#include "problem.hpp"
#include "replication_slot.hpp"
#include "resolve.hpp"
#include "router.hpp"
#include "sql_text.hpp"
#include "time_limit.hpp"

namespace sluice::denorm {
namespace {

constexpr std::size_t kFirstRowsPerStatement = 5000;
constexpr std::size_t kBlocksPerRange = 64;

// What is asked for operators is asked again soon.
constexpr std::chrono::milliseconds kWatchTimeout{3000};

// How long a walk waits for a transaction id that the database has not reached. Then the database
// was restored or replaced, and what it says is all there is.
constexpr std::chrono::milliseconds kAheadPatience{60'000};

std::string watch_conninfo_of(nlohmann::json connection) {
  for (const char* const timeout : {"connect_timeout", "statement_timeout"}) {
    connection[timeout] =
        std::min<std::int64_t>(connection.at(timeout).get<std::int64_t>(), kWatchTimeout.count());
  }
  return conninfo_of(connection);
}

// A task has several instances, and all would say the same.
void warn_once(const Context& context, const std::string& warning) {
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  if (!warning.empty() && told.insert(warning).second) context.warn(warning);
}

// Throws RetryError if the walk's transaction is not visible yet.
void await_visible(const WalkCursor& cursor, const Snapshot& snapshot, const Context& context) {
  if (cursor.tx_id == 0) return;
  const auto visibility = snapshot.visibility(static_cast<std::uint64_t>(cursor.tx_id));
  if (visibility == Snapshot::Visibility::kVisible) return;
  const std::string transaction = "transaction " + std::to_string(cursor.tx_id);
  const bool patient = now_ms() - cursor.begun_ms < kAheadPatience.count();
  if (visibility == Snapshot::Visibility::kInProgress || patient) {
    throw RetryError(transaction + " is not visible yet");
  }
  context.warn("the database has not reached " + transaction +
               " (restored or failed over?); the walk goes on without it");
}

// Why PostgreSQL takes no such statement; empty if it does. Throws SqlFailure for passing faults.
std::string refusal_of(Connection& connection, const std::string& sql) {
  try {
    connection.check(sql);
    return "";
  } catch (const SqlFailure& failure) {
    if (failure.remedy() == Remedy::kReconnect || failure.remedy() == Remedy::kRetry) throw;
    return failure.what();
  }
}

}  // namespace

TreeDenormalizer::TreeDenormalizer(Value config, Context context)
    : context_(context), rows_per_statement_(kFirstRowsPerStatement) {
  const nlohmann::json options = to_json(config);
  conninfo_ = conninfo_of(options.at("connection"));
  watch_conninfo_ = watch_conninfo_of(options.at("connection"));
  warn_once(context_, exposure_of(options.at("connection")));
  version_epoch_ = options.at("version_epoch").get<std::int64_t>();
  fanout_threshold_ = options.at("fanout_threshold").get<std::size_t>();
  replication_slot_ = options.value("replication_slot", "");
  tree_ = parse_document(options.at("document"), "/document");
}

// Calls work(session) and turns its failures into what the host is to do.
void TreeDenormalizer::with_session(const std::function<void(Session&)>& work) {
  try {
    if (!session_) session_.emplace(open_session());
    work(*session_);
    session_->proven = true;
  } catch (const SqlFailure& failure) {
    give_up(failure);
  }
}

TreeDenormalizer::Session TreeDenormalizer::open_session() {
  Connection connection(conninfo_);
  std::string fingerprint = current_fingerprint(connection);
  const Catalog catalog = load_catalog(connection, tables_of(tree_));
  Plan plan = make_plan(tree_, catalog);
  plan.fingerprint = std::move(fingerprint);
  check_statement(connection, plan);
  for (const TableName& table : plan.needing_full_identity) {
    context_.warn("table " + table.text() +
                  " needs REPLICA IDENTITY FULL: without it the document that a row was deleted "
                  "or moved away from is not known");
  }
  return {std::move(connection), std::move(plan), false};
}

std::string TreeDenormalizer::current_fingerprint(Connection& connection) const {
  const auto row = connection.execute("SELECT " + fingerprint_sql(tables_of(tree_)), {})[0];
  return row[0].c_str();
}

// Throws if the user's expressions make no statement, with each that is wrong by itself.
void TreeDenormalizer::check_statement(Connection& connection, const Plan& plan) {
  const std::string refused = refusal_of(connection, plan.materialize_sql);
  if (refused.empty()) return;
  std::vector<Problem> problems;
  for (const WrittenSql& piece : written_pieces(plan.root)) {
    const std::string message = refusal_of(connection, piece.statement);
    if (!message.empty()) problems.push_back({piece.pointer, message});
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
  throw FatalError(plan.root.pointer + ": PostgreSQL refuses the document's statement: " + refused);
}

void TreeDenormalizer::give_up(const SqlFailure& failure) {
  const bool proven = session_ && session_->proven;
  switch (failure.remedy()) {
    case Remedy::kReconnect:
      session_.reset();
      throw RetryError(failure.what());
    case Remedy::kRetry:
      throw RetryError(failure.what());
    case Remedy::kReplan:
      session_.reset();
      if (proven) throw RetryError(failure.what());
      throw FatalError(failure.what());
    case Remedy::kData:
      throw RecordError(failure.what());
    case Remedy::kDenied:
      break;
  }
  throw FatalError(failure.what());
}

void TreeDenormalizer::route(std::span<const sluice_change* const> changes, KeyOutput& output) {
  with_session([&](Session& session) {
    const auto is_altered = [&] {
      return current_fingerprint(session.connection) != session.plan.fingerprint;
    };
    const bool hinted = std::any_of(
        changes.begin(), changes.end(),
        [&](const sluice_change* change) { return hints_at_alteration(*change, session.plan); });
    if (hinted && is_altered()) session = open_session();
    Router router(session.plan, session.connection, fanout_threshold_, output);
    const Router::Counts counts = router.route(changes);
    if (counts.failed > 0 && is_altered()) throw TablesAltered();
    context_.count("ignored_changes_total", static_cast<double>(counts.ignored));
    context_.count("looked_up_rows_total", static_cast<double>(counts.looked_up));
    context_.count("walks_total", static_cast<double>(counts.walks));
  });
}

void TreeDenormalizer::walk(std::string_view state, std::size_t limit, KeyOutput& output) {
  WalkCursor cursor = WalkCursor::decode(state);
  with_session([&](Session& session) {
    const Plan& plan = session.plan;
    std::string sql;
    if (!cursor.route) {
      sql = walk_all_sql(plan.root, plan.key_types, cursor.last.has_value());
    } else {
      const Route& route = plan.routes.at(*cursor.route);
      sql = cursor.last ? route.walk_next_sql : route.walk_sql;
    }
    std::vector<std::string> parameters = cursor.values;
    if (cursor.last) parameters.insert(parameters.end(), cursor.last->begin(), cursor.last->end());
    parameters.push_back(std::to_string(limit));

    const pqxx::result rows = session.connection.execute(sql, parameters);
    std::vector<KeyValues> keys;
    for (const pqxx::row& row : rows) {
      if (row[0].is_null()) {
        keys.push_back(key_values(row, 1, plan.key_size()));
      } else {
        await_visible(cursor, Snapshot::parse(row[0].c_str()), context_);
      }
    }
    for (const KeyValues& key : keys) output.key(0, encode_key({key.begin(), key.end()}));
    if (keys.size() < limit) return;
    cursor.last = keys.back();
    output.walk(0, cursor.encode());
  });
}

void TreeDenormalizer::materialize(std::span<const sluice_key* const> keys,
                                   DocumentOutput& output) {
  with_session([&](Session& session) {
    DocumentReader(session.plan, session.connection, version_epoch_, rows_per_statement_, output)
        .materialize(keys);
  });
}

void TreeDenormalizer::scan(std::string_view state, std::size_t limit, DocumentOutput& output) {
  const ScanCursor cursor = ScanCursor::decode(state);
  with_session([&](Session& session) {
    DocumentReader(session.plan, session.connection, version_epoch_, rows_per_statement_, output)
        .scan(cursor, limit);
  });
}

// Keys of rows in about that many blocks of the root's table, picked at random, in key order.
pqxx::result TreeDenormalizer::sampled_keys(Session& session, std::size_t blocks) {
  const auto size = session.connection.execute(
      "SELECT greatest(pg_relation_size($1::regclass) / current_setting('block_size')::int, 1)",
      {quote_table(session.plan.root.table)});
  const double percent =
      std::min(100.0, 100.0 * static_cast<double>(blocks) / size[0][0].as<double>());
  return session.connection.execute(session.plan.sample_keys_sql, {std::to_string(percent)});
}

void TreeDenormalizer::ranges(std::size_t count, CursorOutput& output) {
  with_session([&](Session& session) {
    const std::size_t key_size = session.plan.key_size();
    const pqxx::result keys = sampled_keys(session, count * kBlocksPerRange);
    ScanCursor range;
    for (std::size_t i = 1; i < count && keys.size() >= count; ++i) {
      const auto at = static_cast<pqxx::result::size_type>(i * keys.size() / count);
      range.upto = key_values(keys[at], 0, key_size);
      output.range(range.encode());
      range.after = range.upto;
    }
    range.upto.reset();
    output.range(range.encode());
  });
}

void TreeDenormalizer::snapshot(ValueOutput& output) {
  with_session([&](Session& session) {
    if (!replication_slot_.empty()) {
      const std::string problem = slot_problem(session.connection, replication_slot_);
      if (!problem.empty()) throw RetryError(problem);
    }
    const auto row = session.connection.execute(std::string("SELECT ") + kSnapshotSql, {});
    output.value(make_string(output.copy(row[0][0].c_str())));
  });
}

void TreeDenormalizer::seen(std::string_view snapshot, std::span<const std::int64_t> tx_ids,
                            std::span<std::uint8_t> seen) {
  const Snapshot past = Snapshot::parse(snapshot);
  for (std::size_t i = 0; i < tx_ids.size(); ++i) {
    if (tx_ids[i] == 0) continue;
    switch (past.visibility(static_cast<std::uint64_t>(tx_ids[i]))) {
      case Snapshot::Visibility::kVisible:
        seen[i] = SLUICE_SEEN;
        break;
      case Snapshot::Visibility::kInProgress:
        seen[i] = SLUICE_UNSEEN;
        break;
      case Snapshot::Visibility::kAhead:
        seen[i] = SLUICE_UNKNOWN;
        break;
    }
  }
}

std::int64_t TreeDenormalizer::count() {
  std::int64_t documents = 0;
  with_session([&](Session& session) {
    documents = session.connection.execute(session.plan.count_sql, {})[0][0].as<std::int64_t>();
  });
  return documents;
}

void TreeDenormalizer::sample(std::size_t count, KeyOutput& output) {
  with_session([&](Session& session) {
    const pqxx::result rows = sampled_keys(session, std::max(count, kBlocksPerRange));
    std::vector<pqxx::row> picked;
    std::sample(rows.begin(), rows.end(), std::back_inserter(picked), count,
                std::minstd_rand(std::random_device{}()));
    for (const pqxx::row& row : picked) {
      const KeyValues key = key_values(row, 0, session.plan.key_size());
      output.key(0, encode_key({key.begin(), key.end()}));
    }
  });
}

bool TreeDenormalizer::lock(std::string_view name) {
  try {
    lock_.emplace(conninfo_);
    const auto acquired = lock_->execute("SELECT pg_try_advisory_lock(hashtextextended($1, 0))",
                                         {std::string(name)})[0][0];
    if (acquired.as<bool>()) return true;
  } catch (const SqlFailure& failure) {
    lock_.reset();
    throw RetryError(failure.what());
  }
  lock_.reset();
  return false;
}

// The server keeps a session's locks for as long as the session lives.
void TreeDenormalizer::check_lock() {
  if (!lock_) throw RetryError("the lock is not held");
  try {
    lock_->execute("SELECT 1", {});
  } catch (const SqlFailure& failure) {
    lock_.reset();
    throw RetryError("the lock was lost: " + std::string(failure.what()));
  }
}

// Closing alone would free it only when the server notices.
void TreeDenormalizer::unlock() {
  try {
    if (lock_) lock_->execute("SELECT pg_advisory_unlock_all()", {});
  } catch (const SqlFailure&) {  // it went with its session
  }
  lock_.reset();
}

// On a connection of its own: it is for people, at any time, and leaves the session as it is.
void TreeDenormalizer::explain(ValueOutput& output) {
  try {
    Connection connection(conninfo_);
    const Catalog catalog = load_catalog(connection, tables_of(tree_));
    const Plan plan = make_plan(tree_, catalog);
    check_statement(connection, plan);
    output.value(to_value(denorm::explain(plan, catalog, connection, replication_slot_), output));
  } catch (const SqlFailure& failure) {
    if (failure.remedy() != Remedy::kReconnect && failure.remedy() != Remedy::kRetry) {
      throw FatalError(failure.what());
    }
    output.value(to_value(explain_offline(tree_), output));
    throw RetryError(failure.what());
  }
}

// On a connection of its own as well: it must tell of a slot even where the tables do not fit.
void TreeDenormalizer::source_state(ValueOutput& output) {
  if (replication_slot_.empty()) return Denormalizer::source_state(output);
  try {
    if (!watch_) watch_.emplace(watch_conninfo_);
    const TimeLimit limit(*watch_, kWatchTimeout);
    output.value(to_value(slot_state(*watch_, replication_slot_), output));
  } catch (const SqlFailure& failure) {
    watch_.reset();
    throw RetryError(failure.what());
  }
}

}  // namespace sluice::denorm
