#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <sluice/sdk.hpp>

#include "connection.hpp"
#include "cursors.hpp"
#include "plan.hpp"

namespace sluice::denorm {

/// From changes to the keys of the documents that they may touch; for one batch.
///
/// Nothing is missed, because every link between rows has events of its own. Say a row's change in
/// transaction T touches a document through a chain of links. Snapshots of a primary are ordered,
/// so among T and the transactions that made the links one becomes visible last. When the event of
/// that one is looked up, all others are visible: the climb finds the document, and the read that
/// follows sees them all. A link that is removed has an event with the old row likewise. This
/// holds if a lookup's snapshot sees the change that it is for; where it does not yet, the lookup
/// is put off: the change becomes a walk, which waits (see WalkCursor::tx_id).
class Router {
 public:
  struct Counts {
    std::size_t ignored = 0;    // changes of tables outside the tree, or of columns without use
    std::size_t looked_up = 0;  // rows looked up
    std::size_t walks = 0;
    std::size_t failed = 0;
  };

  Router(const Plan& plan, Connection& connection, std::size_t fanout_threshold, KeyOutput& output)
      : plan_(plan), connection_(connection), threshold_(fanout_threshold), output_(output) {}

  /// Throws SqlFailure; then nothing of what was emitted counts.
  Counts route(std::span<const sluice_change* const> changes);

 private:
  // Source values of one route, with the changes (by position in the batch) that have them.
  using Wanted = std::map<KeyValues, std::vector<std::size_t>>;
  using WantedSpan = std::span<const Wanted::value_type* const>;

  void route_change(std::size_t index);
  void route_truncate(std::size_t index, const std::vector<std::size_t>& routes);
  bool follow(std::size_t index, std::size_t route, bool full_before);
  void add(std::size_t index, std::size_t route, const KeyValues& values, bool urgent);
  void look_up_all(std::size_t route, const Wanted& wanted);
  void look_up(std::size_t route, WantedSpan wanted);
  void emit_found(std::size_t route, WantedSpan wanted, const pqxx::result& rows);
  void emit_walk(std::size_t index, std::optional<std::size_t> route, const KeyValues& values,
                 bool visible);

  const Plan& plan_;
  Connection& connection_;
  std::size_t threshold_;
  KeyOutput& output_;
  std::span<const sluice_change* const> changes_;
  std::map<std::size_t, Wanted> lookups_;  // by route
  std::size_t found_ = 0;                  // keys that lookups have given
  Counts counts_;
};

/// The transaction that a read for this change must see; 0 for rows read by a snapshot, whose own
/// transaction wrote nothing.
[[nodiscard]] std::int64_t awaited_tx(const sluice_change& change);

}  // namespace sluice::denorm
