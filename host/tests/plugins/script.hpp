#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/sdk.hpp>

namespace sluice::test {

/// What the plugin `scripted` is to do, and what it was asked for. A test hands its address over in
/// the plugin's configuration (`script`); without one, everything works as by default. All hooks
/// are optional, may throw, are called without the lock, and must be set before the plugin is used.
///
/// By default the decoder reads a record as `WORD ID [TX]`, a change of the table WORD with that
/// id and transaction; the denormalizer routes by that word:
///   put   the document ID
///   del   the document ID, urgent
///   fan   a walk over the documents ID-0 to ID-99
///   sweep a walk over all documents of the sink
///   none  nothing
/// and reads for every key a document with the next version, and the sink writes it.
struct Script {
  // Decoder, transform, denormalizer.
  std::function<void(std::span<const sluice_record* const>)> on_decode;
  std::function<void(std::span<const sluice_change* const>, ChangeOutput&)> transform;
  std::function<void(std::span<const sluice_change* const>, KeyOutput&)> route;
  std::function<void(std::string_view cursor)> on_walk;
  std::function<void(std::span<const sluice_key* const>, DocumentOutput&)> materialize;
  std::function<void(std::string_view cursor, DocumentOutput&)> scan;
  std::function<void()> on_snapshot;
  std::function<bool(std::int64_t tx_id)> seen;  ///< without it the source does not know
  std::function<std::string()> source_state;     ///< JSON text; without it: {}
  // Sink.
  std::function<void()> prepare;
  std::function<void(std::string_view target, std::span<const sluice_document* const>,
                     OutcomeOutput&)>
      write;
  std::function<void(std::span<const sluice_key* const>, DocumentOutput&)> fetch;
  // Job: the result is JSON text. Service.
  std::function<std::string(JobHost&)> run;
  std::function<void()> start;
  std::function<void(std::chrono::milliseconds)> stop;
  std::function<void()> health;

  /// What came to the sink and was written by default.
  struct Written {
    std::string target;
    std::string id;
    std::int64_t version = 0;
    bool deleted = false;
  };

  std::mutex mutex;  ///< guards what follows
  std::vector<Written> written;
  std::map<std::string, std::int64_t> index;  ///< the sink's documents: id to version
  std::int64_t next_version = 1;
  bool locked = false;
  std::map<std::string, std::string> notes;  ///< kept with targets: JSON text
  std::string in_use;                        ///< the target in use; empty: the sink lists none
  std::int64_t rows = 20;                    ///< what `count` of the source says

  std::size_t writes() {
    const std::lock_guard lock(mutex);
    return written.size();
  }
  /// How often a document was written.
  std::size_t writes_of(std::string_view id) {
    const std::lock_guard lock(mutex);
    std::size_t count = 0;
    for (const auto& write : written) count += write.id == id ? 1 : 0;
    return count;
  }
  std::size_t documents() {
    const std::lock_guard lock(mutex);
    return index.size();
  }
  /// The default of `write` for one document.
  void record(std::string_view target, const sluice_document& document) {
    const std::lock_guard lock(mutex);
    const std::string id(to_string_view(document.id));
    written.push_back({std::string(target), id, document.version, document.body == nullptr});
    if (document.body == nullptr) {
      index.erase(id);
    } else {
      index[id] = document.version;
    }
  }
};

/// The pages of a walk that `fan` starts.
constexpr int kFanSize = 100;

}  // namespace sluice::test
