#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "rest.hpp"

namespace sluice::opensearch {

/// What the alias's name stands for.
struct Binding {
  std::vector<std::string> indices;  ///< sorted; empty: nothing has that name
  bool is_alias = false;             ///< false with an index: a concrete index has that name
};

struct TargetInfo {
  std::string name;
  std::int64_t created_ms = 0;  ///< since the epoch
  bool current = false;         ///< the alias points at it
};

/// The dated indices behind one alias: makes, lists, swaps and removes them.
/// All functions throw RetryError or FatalError.
class Targets {
 public:
  /// Both must outlive this.
  Targets(Rest& rest, const SinkConfig& config) : rest_(rest), config_(config) {}

  Binding binding();

  /// Makes index and alias unless something has the alias's name already.
  void ensure_bound();

  /// Settings and mappings of a new index, as ensure_bound sends them.
  nlohmann::json index_body() const;

  /// Makes an index for bulk loading (no refresh, no replicas) and gives its name.
  std::string create(std::string_view date);

  /// Restores what create held back, refreshes, and waits until the index can be searched.
  void finish(std::string_view name);

  /// Makes the alias point at `name` alone, in one step. Refuses an index that create did not make.
  void swap(std::string_view name);

  /// Closes an index for writes, whoever sends them, and returns when none is under way any more.
  void fence(std::string_view name);

  /// Takes back what fence did. An index that someone else has closed stays so; gone is fine.
  void unfence(std::string_view name);

  /// The indices behind the alias that fence closed.
  std::vector<std::string> fenced();

  /// Removes an index; gone is fine. Refuses one that the alias points at.
  void drop(std::string_view name);

  /// What set_note left with the index; null: nothing.
  nlohmann::json note(std::string_view name);

  /// Keeps a note with the index, in its mapping; null removes it.
  void set_note(std::string_view name, const nlohmann::json& note);

  /// Oldest first.
  std::vector<TargetInfo> list();

 private:
  bool try_create(const std::string& name, const nlohmann::json& body);
  void require_own_name(std::string_view name) const;
  void require_marker(std::string_view name);
  /// The `_meta` of its mapping.
  nlohmann::json read_meta(std::string_view name);
  /// Null removes the member.
  void change_meta(std::string_view name, const nlohmann::json::json_pointer& member,
                   const nlohmann::json& value);

  Rest& rest_;
  const SinkConfig& config_;
};

}  // namespace sluice::opensearch
