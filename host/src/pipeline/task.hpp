#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

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

/// Told what becomes of a task; called by any of its threads.
struct TaskListener {
  /// Once the group has given it its partitions, if there are any.
  std::function<void()> running;
  /// As soon as it is known, for what is under way may take long to end; before run() throws it.
  std::function<void(const std::string& reason)> failed;
};

/// One task of a pipeline: consume ▸ decode ▸ route ▸ coalesce in the calling thread, materialize ▸
/// write in the writers' threads. A task is run once; a failed one is replaced by a new one.
class Task {
 public:
  /// `trouble` is told what keeps it from getting on.
  Task(const Flow& flow, int number, PipelineMetrics& metrics, Trouble& trouble,
       TaskListener listener);

  /// Until `stop` is requested: then it drains what it has read, commits and leaves the group,
  /// within the pipeline's shutdown_timeout. Throws what made it fail.
  void run(const std::stop_token& stop);

 private:
  /// Records and, for each, its partition's ledger at the time it was read.
  struct Batch {
    std::shared_ptr<const RecordBatch> records;
    std::vector<std::shared_ptr<PartitionLedger>> ledgers;

    std::vector<Hold> holds_of(std::size_t record) const;
  };

  void prepare_sink(const std::stop_token& stop) const;
  void take_part(const std::stop_token& stop);
  void make_consumer();
  void explain_waiting();
  void start_writers();
  void take_in(GroupConsumer& consumer, const std::stop_token& stop);
  void read_ahead(GroupConsumer& consumer);
  void hand_over(const Batch& batch, Routed routed, const std::stop_token& stop);
  Routed route(GroupConsumer& consumer, const RecordBatch& batch, const std::stop_token& stop);
  void give_up(const std::shared_ptr<const RecordBatch>& batch,
               const std::vector<FailedRecord>& failures, const std::stop_token& stop);
  void settle_offsets(GroupConsumer& consumer);
  void drain(GroupConsumer& consumer);
  void stop_writers();
  void fail(const std::exception& error);
  void rethrow_failure() const;

  const Flow& flow_;
  const int number_;
  PipelineMetrics& metrics_;
  Trouble& trouble_;
  const TaskListener listener_;
  std::atomic<std::int64_t> in_flight_bytes_{0};
  OffsetLedger ledger_;
  // librdkafka waits, when a client goes, for every message that is still held: so the consumer
  // comes before all that holds records, and goes after it.
  std::unique_ptr<GroupConsumer> consumer_;
  std::unique_ptr<KafkaWatch> kafka_watch_;
  bool has_answer_ = false;  ///< the group has told which partitions are ours
  Coalescer coalescer_;
  std::unique_ptr<DeadLetters> dead_letters_;
  std::unique_ptr<RoutingStages> routing_;
  std::deque<Batch> backlog_;  ///< read, and not yet routed
  Clock::time_point next_lag_{};
  std::stop_source stop_stages_;  ///< for plugins and writers: requested after the drain
  std::atomic<int> writers_left_{0};
  std::vector<std::jthread> writers_;
  mutable std::mutex failure_mutex_;
  std::exception_ptr failure_;
};

}  // namespace sluice
