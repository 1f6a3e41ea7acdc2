#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::denorm {

/// The snapshot of the statement that holds this expression, as text: PostgreSQL's pg_snapshot, and
/// how far the id that the next transaction gets is from the first one, 3. A commit that waits for
/// a standby is in the log, but has not ended; while no later one ends, its id is not below xmax.
inline constexpr const char* kSnapshotSql = "pg_current_snapshot()::text || ':' || age('3'::xid)";

/// What a statement could see.
class Snapshot {
 public:
  enum class Visibility {
    kVisible,
    kInProgress,  // had not ended when the snapshot was taken: it will
    kAhead,       // no transaction has had that id
  };

  /// From the text that kSnapshotSql gives, "xmin:xmax:xid,xid,…:distance". Without the distance,
  /// xmax is taken for the next id. Throws std::invalid_argument if it is not one.
  static Snapshot parse(std::string_view text);

  /// How many transactions the snapshot sees. On one primary, of two snapshots the one that sees
  /// more has the larger count, and two with the same count see the same.
  [[nodiscard]] std::uint64_t visible_count() const { return xmax_ - in_progress_.size(); }

  /// Whether the snapshot sees the transaction. `xid` is what logical decoding reports: the low
  /// 32 bits; a full 64-bit id does as well.
  [[nodiscard]] Visibility visibility(std::uint64_t xid) const;

  /// The 64-bit id for the low 32 bits of one: the id closest to the snapshot's xmax.
  [[nodiscard]] std::uint64_t full_xid(std::uint64_t xid) const;

 private:
  Snapshot(std::uint64_t xmax, std::vector<std::uint64_t> in_progress);
  void set_next(std::int32_t distance);

  std::uint64_t xmax_;
  std::uint64_t next_;                      // what the next transaction gets; not below xmax
  std::vector<std::uint64_t> in_progress_;  // sorted
};

/// Bits of a document's version that hold the count of transactions; the epoch is above them.
inline constexpr int kVersionCountBits = 48;
/// Largest version_epoch: versions must stay positive as signed 64-bit integers.
inline constexpr std::int64_t kMaxVersionEpoch = (std::int64_t{1} << (63 - kVersionCountBits)) - 1;

/// The version of what a statement with this snapshot has read.
[[nodiscard]] std::int64_t version_of(const Snapshot& snapshot, std::int64_t epoch);

}  // namespace sluice::denorm
