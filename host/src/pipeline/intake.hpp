#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/backoff.hpp"
#include "pipeline/coalescer.hpp"
#include "pipeline/dead_letters.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/kafka_consumer.hpp"
#include "pipeline/kafka_watch.hpp"
#include "pipeline/offset_ledger.hpp"
#include "pipeline/pipeline_metrics.hpp"
#include "pipeline/stages.hpp"
#include "pipeline/trouble.hpp"

namespace sluice {

/// consume ▸ decode ▸ transform ▸ route ▸ coalesce: a member of the pipeline's group that brings
/// the keys of documents which its records touch to the coalescer, and commits the records that are
/// settled. One thread at a time.
class Intake {
 public:
  /// `dead_letters` may be null: then failed records are only logged. `has_partitions` is called
  /// once the group has told which partitions are this member's, if any. `stop` ends what a plugin
  /// waits for. Throws FatalError if Kafka's client refuses its properties.
  Intake(const Flow& flow, int number, PipelineMetrics& metrics, Trouble& trouble,
         OffsetLedger& ledger, Coalescer& coalescer, DeadLetters* dead_letters,
         std::function<void()> has_partitions, const std::stop_token& stop);

  /// Reads what there is, for up to 50 ms, and takes in a batch of what it has read, unless too
  /// much is pending. A batch that a stage cannot work on now stays where it is until the next try
  /// is due. Throws FatalError if it cannot go on; RetryError if stopped amid dead letters.
  void take_in(const std::stop_token& stop);

  /// Gives Kafka the offsets of what is settled.
  void settle_offsets();

  /// From now on keeps its place in the group without taking anything in.
  void idle();
  /// Commits and leaves the group.
  void leave();

 private:
  /// Records and, for each of their runs, its partition's ledger at the time they were read (null:
  /// it is no longer ours).
  struct Batch {
    std::shared_ptr<const RecordBatch> records;
    std::vector<std::shared_ptr<PartitionLedger>> ledgers;

    Hold hold_of(std::size_t record) const;
  };

  ConsumerListener listener(std::function<void()> has_partitions);
  void explain_waiting();
  bool has_room() const;
  void read_ahead();
  void process(const Batch& batch, const std::stop_token& stop);
  void hand_over(const Batch& batch, Routed& routed);
  void give_up(const std::shared_ptr<const RecordBatch>& batch,
               const std::vector<FailedRecord>& failures, const std::stop_token& stop);
  void put_off(const std::string& reason, Clock::time_point began);

  const Flow& flow_;
  const int number_;
  PipelineMetrics& metrics_;
  Trouble& trouble_;
  OffsetLedger& ledger_;
  Coalescer& coalescer_;
  DeadLetters* dead_letters_;
  std::atomic<std::int64_t> in_flight_bytes_{0};
  RoutingStages routing_;
  bool has_answer_ = false;  ///< the group has told which partitions are ours
  GroupConsumer consumer_;
  KafkaWatch kafka_watch_;
  std::deque<Batch> backlog_;  ///< read, and not yet taken in
  Backoff backoff_;
  Clock::time_point next_try_{};
  Clock::time_point next_lag_{};
};

}  // namespace sluice
