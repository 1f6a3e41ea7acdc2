#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

namespace sluice {

/// Tells where two sets of ids of any size differ, without holding them: ids fall into 65,536
/// buckets by a hash, and each bucket has the sum of another one. Where the sums of a bucket are
/// alike, both sets have the same ids in it (but for one chance in 2^64).
class IdSums {
 public:
  void add(std::string_view id) { sums_[bucket_of(id)] += mixed(hash(id)); }
  bool is_alike(const IdSums& other, std::string_view id) const {
    return sums_[bucket_of(id)] == other.sums_[bucket_of(id)];
  }
  bool operator==(const IdSums&) const = default;

 private:
  static std::uint64_t hash(std::string_view id) { return std::hash<std::string_view>{}(id); }
  static std::size_t bucket_of(std::string_view id) { return hash(id) >> 48; }
  // The finaliser of splitmix64: within a bucket the hashes have their high bits in common.
  static std::uint64_t mixed(std::uint64_t hash) {
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebU;
    return hash ^ hash >> 31;
  }

  std::array<std::uint64_t, 1U << 16> sums_{};  // 512 KB: not for the stack
};

}  // namespace sluice
