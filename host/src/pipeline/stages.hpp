#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/record_batch.hpp"
#include "plugin/plugin_instance.hpp"

namespace sluice {

/// The plugins of one pipeline, ready to be instantiated.
struct PipelinePlugins {
  PluginSpec decoder;
  std::vector<PluginSpec> transforms;
  PluginSpec denormalizer;
  PluginSpec sink;
};

/// A record that some stage can never process.
struct FailedRecord {
  std::size_t record;  ///< index in the batch
  const char* stage;   ///< as in Kafka Connect: VALUE_CONVERTER, TRANSFORMATION, TASK_PUT
  std::string plugin;
  std::string reason;
};

/// A document that a record touched, or a walk over many of them.
struct RoutedKey {
  std::size_t record;
  std::string_view id;  ///< lives as long as Routed
  std::int64_t tx_id;
  bool urgent;
};
struct RoutedWalk {
  std::size_t record;
  std::string cursor;
  bool sweep;
  std::int64_t tx_id;
};

/// A record's transaction as a list: empty if it has none (0).
inline std::vector<std::int64_t> tx_ids_of(std::int64_t tx_id) {
  return tx_id == 0 ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{tx_id};
}

struct Routed {
  std::vector<RoutedKey> keys;
  std::vector<RoutedWalk> walks;
  std::vector<FailedRecord> failures;
  std::vector<std::unique_ptr<sluice_output>> memory;
};

/// decode ▸ transform ▸ route: records to document keys. One thread at a time.
class RoutingStages {
 public:
  RoutingStages(const PipelinePlugins& plugins, const std::string& pipeline, Metrics* metrics,
                const std::stop_token& stop);

  /// Throws RetryError when a stage cannot work now (the whole batch is to be tried again),
  /// FatalError when one is broken. Records that cannot be processed are among the failures.
  Routed route(const RecordBatch& batch);

 private:
  using Changes = std::vector<const sluice_change*>;
  void decode(std::span<const sluice_record* const> records, std::size_t first, Changes& changes,
              Routed& routed) const;
  void transform(const PluginInstance& plugin, std::span<const sluice_change* const> changes,
                 Changes& transformed, Routed& routed) const;
  void find_keys(std::span<const sluice_change* const> changes, Routed& routed) const;
  static void add_failures(const sluice_output& output,
                           std::span<const sluice_change* const> changes,
                           const PluginInstance& plugin, Routed& routed);

  std::unique_ptr<PluginInstance> decoder_;
  std::vector<std::unique_ptr<PluginInstance>> transforms_;
  std::unique_ptr<PluginInstance> router_;
};

/// A document to be read and written.
struct KeyRequest {
  std::string_view id;
  std::span<const std::int64_t> tx_ids;
};

struct KeyResult {
  sluice_outcome outcome = SLUICE_ITEM_RETRY;
  std::string reason;
  std::string plugin;  ///< who failed it
};

/// A row of which no document can be made.
struct FailedRow {
  std::string_view id;  ///< empty: the source did not tell it
  std::string_view reason;
};

/// Those of a scan's page; they live as long as it does. Throws RetryError if the page has a row
/// that could not be read now.
std::vector<FailedRow> failed_rows(const sluice_output& page, const PluginInstance& source);

/// Keys that a walk, a scan or a sample gave, and where to go on (nullopt: that was all).
struct KeyPage {
  std::vector<std::string> ids;
  std::optional<std::string> next;
};

/// materialize ▸ write: document keys to the index. One thread at a time. All functions throw
/// RetryError when the source or the sink cannot work now, FatalError when one is broken.
class WritingStages {
 public:
  WritingStages(const PipelinePlugins& plugins, const std::string& pipeline, Metrics* metrics,
                const std::stop_token& stop);

  /// Reads the documents and writes them to the target (empty: the one in use). One result for each
  /// key. When it throws, some documents may have been written: writing them again does no harm.
  std::vector<KeyResult> write(std::string_view target, std::span<const KeyRequest> keys);

  KeyPage walk(std::string_view cursor, std::size_t limit);
  KeyPage sweep(std::string_view target, std::string_view cursor, std::size_t limit);

  /// One page of a scan: written; the keys that must be tried again or have failed, in the source
  /// or in the sink, are in `unsettled`. The id of one that failed is empty if it is not known.
  struct ScanResult {
    std::int64_t written = 0;
    std::vector<std::pair<std::string, KeyResult>> unsettled;
    std::optional<std::string> next;
  };
  ScanResult scan(std::string_view target, std::string_view cursor, std::size_t limit);
  std::vector<std::string> ranges(std::size_t count);

  /// What a read that begins now can see, and whether a read begun after that sees these
  /// transactions: SLUICE_SEEN, SLUICE_UNSEEN or SLUICE_UNKNOWN for each.
  std::string snapshot() const;
  std::vector<std::uint8_t> seen(std::string_view snapshot,
                                 const std::vector<std::int64_t>& tx_ids) const;

  /// Documents that the source would give now, and that the target holds (empty: the one in use).
  std::int64_t count_source() const;
  std::int64_t count_target(std::string_view target) const;

  const PluginInstance& source() const { return *source_; }
  const PluginInstance& sink() const { return *sink_; }

 private:
  std::vector<KeyResult> write_together(std::string_view target, std::span<const KeyRequest> keys);
  void write_documents(std::string_view target, sluice_output& read,
                       std::vector<KeyResult>& results);

  std::unique_ptr<PluginInstance> source_;
  std::unique_ptr<PluginInstance> sink_;
};

}  // namespace sluice
