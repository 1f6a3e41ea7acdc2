#include "router.hpp"

#include <unordered_set>

#include "changed_row.hpp"
#include "snapshot.hpp"
#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

// Rows looked up by one statement: bounds its result to this times the threshold.
constexpr std::size_t kLookupChunk = 500;

// Keys that the lookups of one batch give: bounds what a thousand changes of a thousand documents
// each come to. The rest are walked for.
constexpr std::size_t kMaxFoundKeys = 50'000;

std::vector<std::string_view> key_columns(const pqxx::row& row, int first, std::size_t count) {
  std::vector<std::string_view> columns;
  for (std::size_t i = 0; i < count; ++i) {
    const auto field = row[first + static_cast<int>(i)];
    columns.emplace_back(field.c_str(), field.size());
  }
  return columns;
}

}  // namespace

std::int64_t awaited_tx(const sluice_change& change) {
  return change.op == SLUICE_OP_READ || change.snapshot != 0 ? 0 : change.tx_id;
}

Router::Counts Router::route(std::span<const sluice_change* const> changes) {
  changes_ = changes;
  for (std::size_t i = 0; i < changes.size(); ++i) route_change(i);
  for (const auto& [route, wanted] : lookups_) look_up_all(route, wanted);
  return counts_;
}

void Router::route_change(std::size_t index) {
  const sluice_change& change = *changes_[index];
  if (change.op == SLUICE_OP_MESSAGE) return;
  const TableName table = table_of(change);
  const auto routes = plan_.routes_of.find(table);
  if (routes == plan_.routes_of.end()) {
    ++counts_.ignored;
    return;
  }
  if (change.op == SLUICE_OP_TRUNCATE) {
    route_truncate(index, routes->second);
    return;
  }
  try {
    bool used = false;
    for (const std::size_t route : routes->second) {
      used = follow(index, route, plan_.tables.at(table).full_before) || used;
    }
    if (!used) ++counts_.ignored;
  } catch (const RecordError& e) {
    ++counts_.failed;
    output_.fail(index, e.what());
  }
}

void Router::route_truncate(std::size_t index, const std::vector<std::size_t>& routes) {
  if (routes.front() == 0) {
    output_.sweep(index);  // no root rows are left
  } else {
    emit_walk(index, std::nullopt, {}, false);
  }
}

// Returns false if the change is of no interest to this route.
bool Router::follow(std::size_t index, std::size_t route_index, bool full_before) {
  using State = SourceValues::State;
  const Route& route = plan_.routes[route_index];
  const sluice_change& change = *changes_[index];
  if (leaves_unchanged(change, route, full_before)) return false;

  const bool deleted = change.op == SLUICE_OP_DELETE;
  const bool updated = change.op == SLUICE_OP_UPDATE;
  const Value old_row = updated || deleted ? trusted_before(change, full_before) : Value();
  SourceValues after;
  if (!deleted) {
    after = source_values(Value{change.after}, route, old_row);
    if (after.state == State::kMissing) {
      throw RecordError("the change of " + route.table.text() + " has no column " + after.missing +
                        ", by which it is found in documents (" + route.place + ")");
    }
    if (after.state == State::kKnown) add(index, route_index, after.values, false);
  }
  if (!updated && !deleted) return true;

  const SourceValues before = source_values(old_row, route);
  if (before.state == State::kMissing && deleted) {
    throw RecordError("the deleted row of " + route.table.text() + " does not tell its " +
                      before.missing + ", by which it is found in documents (" + route.place +
                      "): the table needs REPLICA IDENTITY FULL");
  }
  if (before.state == State::kKnown && (deleted || before.values != after.values)) {
    add(index, route_index, before.values, deleted && route_index == 0);
  }
  return true;
}

void Router::add(std::size_t index, std::size_t route_index, const KeyValues& values, bool urgent) {
  const Route& route = plan_.routes[route_index];
  if (!route.is_direct()) {
    std::vector<std::size_t>& changes = lookups_[route_index][values];
    if (changes.empty() || changes.back() != index) changes.push_back(index);
    return;
  }
  std::vector<std::string_view> key;
  for (const std::size_t i : route.direct) key.emplace_back(values[i]);
  output_.key(index, encode_key(key), urgent);
}

void Router::look_up_all(std::size_t route, const Wanted& wanted) {
  std::vector<const Wanted::value_type*> entries;
  for (const auto& entry : wanted) entries.push_back(&entry);
  const WantedSpan all(entries);
  for (std::size_t i = 0; i < all.size(); i += kLookupChunk) {
    look_up(route, all.subspan(i, std::min(kLookupChunk, all.size() - i)));
  }
  counts_.looked_up += wanted.size();
}

void Router::look_up(std::size_t route_index, WantedSpan wanted) {
  const Route& route = plan_.routes[route_index];
  std::vector<std::string> parameters;
  for (std::size_t column = 0; column < route.source.size(); ++column) {
    std::vector<std::string_view> values;
    for (const auto* entry : wanted) values.emplace_back(entry->first[column]);
    parameters.push_back(array_literal(values));
  }
  parameters.push_back(std::to_string(threshold_ + 1));
  try {
    emit_found(route_index, wanted, connection_.execute(route.lookup_sql, parameters));
  } catch (const SqlFailure& failure) {
    if (failure.remedy() != Remedy::kData) throw;
    if (wanted.size() > 1) {  // find the one that is to blame
      look_up(route_index, wanted.first(wanted.size() / 2));
      look_up(route_index, wanted.subspan(wanted.size() / 2));
      return;
    }
    counts_.failed += wanted.front()->second.size();
    for (const std::size_t index : wanted.front()->second) output_.fail(index, failure.what());
  }
}

void Router::emit_found(std::size_t route, WantedSpan wanted, const pqxx::result& rows) {
  std::optional<Snapshot> snapshot;
  std::vector<std::size_t> row_counts(wanted.size());
  std::vector<std::unordered_set<std::string>> keys(wanted.size());
  for (const pqxx::row& row : rows) {
    if (!row[0].is_null()) {
      snapshot = Snapshot::parse(row[0].c_str());
      continue;
    }
    const auto position = row[1].as<std::size_t>() - 1;
    ++row_counts.at(position);
    keys.at(position).insert(encode_key(key_columns(row, 2, plan_.key_size())));
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& [values, changes] = *wanted[i];
    for (const std::size_t index : changes) {
      const std::int64_t tx_id = awaited_tx(*changes_[index]);
      const bool visible = tx_id == 0 || snapshot->visibility(static_cast<std::uint64_t>(tx_id)) ==
                                             Snapshot::Visibility::kVisible;
      const bool is_huge = row_counts[i] > threshold_ || found_ + keys[i].size() > kMaxFoundKeys;
      if (!visible || is_huge) {
        emit_walk(index, route, values, visible);
        continue;
      }
      found_ += keys[i].size();
      for (const std::string& key : keys[i]) output_.key(index, key);
    }
  }
}

// What a lookup has seen already, later ones see too: then the cursor names the row alone, and the
// host can tell that two walks are the same.
void Router::emit_walk(std::size_t index, std::optional<std::size_t> route, const KeyValues& values,
                       bool visible) {
  const std::int64_t awaited = visible ? 0 : awaited_tx(*changes_[index]);
  const WalkCursor cursor{route, values, awaited, visible ? 0 : now_ms(), std::nullopt};
  output_.walk(index, cursor.encode());
  ++counts_.walks;
}

}  // namespace sluice::denorm
