#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "config/pipeline_config.hpp"
#include "dlq/letter.hpp"
#include "dlq/replayed_letters.hpp"
#include "pipeline/record_batch.hpp"
#include "pipeline/record_producer.hpp"
#include "pipeline/topic_offsets.hpp"

namespace sluice {

/// Which letters are replayed: those named, whether they were before or not; or else those that
/// match the filter and were not.
struct LetterSelection {
  std::set<LetterId> named;
  LetterFilter filter;
};

struct LetterReplay {
  std::int64_t letters = 0;  ///< replayed; in a dry run: that would be
  std::int64_t records = 0;  ///< sent for them: one for all letters of the same record
  std::int64_t failed = 0;   ///< could not be replayed, each named
};

/// Sends a pipeline's dead letters back to where they came from: to the same topic and partition,
/// with the record's key, value and headers. What was replayed is remembered after the brokers have
/// it (acks=all), so a crash in between replays at most one batch once more. One thread at a time.
class Replayer {
 public:
  /// Told of each letter: an empty problem means that it was replayed (in a dry run: can be).
  using Listener = std::function<void(const Letter&, const std::string& problem)>;

  /// Throws RetryError if the brokers do not answer, FatalError if they refuse the properties.
  Replayer(const FlowConfig& flow, std::string pipeline, bool dry_run, Listener listener);

  /// Throws as the constructor does; RetryError also when Kafka stops taking records.
  void run(const LetterSelection& selection);

  /// So far.
  const LetterReplay& result() const { return result_; }

 private:
  /// A letter of the batch at hand that is to be replayed.
  struct Pending {
    Letter letter;
    std::string problem;
    std::optional<std::size_t> outgoing;  ///< which; none: its record was delivered before
  };
  struct Batch {
    std::vector<Pending> letters;
    std::vector<OutgoingRecord> outgoing;
    std::unordered_map<std::string, std::size_t> places;        ///< of origins in `outgoing`
    std::vector<RecordRef> fetched;                             ///< what `outgoing` has views of
    std::map<std::int32_t, std::vector<std::int64_t>> skipped;  ///< letters that are not selected
  };

  std::vector<PartitionOffset> starts(const LetterSelection& selection) const;
  std::vector<PartitionOffset> ends(const LetterSelection& selection) const;
  void replay(const RecordBatch& records, const LetterSelection& selection);
  void add(Batch& batch, const sluice_record& record, Letter letter);
  std::string make_outgoing(Batch& batch, const sluice_record& record, const Letter& letter);
  std::string complete(OutgoingRecord& out, Batch& batch, const Letter& letter) const;
  bool send(Batch& batch);
  void report_missing();
  void settle(const RecordBatch& records, const Batch& batch);

  const FlowConfig& flow_;
  const std::string pipeline_;
  const bool dry_run_;
  const Listener listener_;
  const SourceConfig letters_source_;
  const std::vector<PartitionExtent> letter_extents_;
  std::map<TopicPartition, PartitionExtent> source_extents_;
  ReplayedLetters replayed_;
  std::optional<RecordProducer> producer_;
  std::map<std::int32_t, std::int64_t> reached_;  ///< of each partition, to where it was read
  std::unordered_set<std::string> sent_;          ///< origins of records that were delivered
  std::set<LetterId> missing_;                    ///< named, and not seen yet
  LetterReplay result_;
};

}  // namespace sluice
