#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sluice/sdk.hpp>

#include "bulk_body.hpp"
#include "config.hpp"
#include "refresh_policy.hpp"
#include "rest.hpp"
#include "targets.hpp"

namespace sluice::opensearch {

/// Writes documents in bulk requests.
class BulkWriter {
 public:
  /// All must outlive this.
  BulkWriter(Rest& rest, Targets& targets, const SinkConfig& config, const Context& context)
      : rest_(rest),
        targets_(targets),
        config_(config),
        context_(context),
        refresh_(config.refresh) {}

  /// Writes to the index `target`, or if that is empty to the one in use, and emits the outcomes.
  /// Throws RetryError where the fate of documents without an outcome is unknown.
  void write(std::string_view target, std::span<const sluice_document* const> documents,
             OutcomeOutput& output);

 private:
  /// What the documents of one call are sent to.
  struct Destination {
    std::string name;
    bool is_alias = false;
  };
  /// One call to write.
  struct Call {
    std::string_view target;
    OutcomeOutput& output;
    std::chrono::steady_clock::time_point deadline;
    std::string_view refresh;
    BulkBody body;
    std::optional<Destination> destination;  ///< the same for all requests of the call
  };

  void send(Call& call, std::size_t first, std::size_t count);
  void emit(Call& call, std::string_view answer, std::span<const BulkItem> items);
  void meet_fence();
  Destination destination_of(std::string_view target);
  std::string path(const Destination& destination, std::string_view refresh) const;

  Rest& rest_;
  Targets& targets_;
  const SinkConfig& config_;
  const Context& context_;
  RefreshPolicy refresh_;
  std::optional<std::chrono::steady_clock::time_point> fenced_since_;  ///< without a write since
};

}  // namespace sluice::opensearch
