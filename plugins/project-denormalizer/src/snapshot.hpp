#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::denorm {

/// What a statement could see: PostgreSQL's pg_snapshot.
class Snapshot {
 public:
  enum class Visibility {
    kVisible,
    kInProgress,  // still running when the snapshot was taken: it will end
    kAhead,       // not begun, or ended too lately for this snapshot to know it
  };

  /// From the text form "xmin:xmax:xid,xid,…". Throws std::invalid_argument if it is not one.
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

  std::uint64_t xmax_;
  std::vector<std::uint64_t> in_progress_;  // sorted
};

/// Bits of a document's version that hold the count of transactions; the epoch is above them.
inline constexpr int kVersionCountBits = 48;
/// Largest version_epoch: versions must stay positive as signed 64-bit integers.
inline constexpr std::int64_t kMaxVersionEpoch = (std::int64_t{1} << (63 - kVersionCountBits)) - 1;

/// The version of what a statement with this snapshot has read.
[[nodiscard]] std::int64_t version_of(const Snapshot& snapshot, std::int64_t epoch);

}  // namespace sluice::denorm
