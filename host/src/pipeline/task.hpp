#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/coalescer.hpp"
#include "pipeline/dead_letters.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/intake.hpp"
#include "pipeline/offset_ledger.hpp"
#include "pipeline/pipeline_metrics.hpp"
#include "pipeline/trouble.hpp"

namespace sluice {

/// Told what becomes of a task; called by any of its threads.
struct TaskListener {
  /// Once the group has given it its partitions, if there are any.
  std::function<void()> running;
  /// As soon as it is known, for what is under way may take long to end; before run() throws it.
  std::function<void(const std::string& reason)> failed;
};

/// One task of a pipeline: consume ▸ decode ▸ route ▸ coalesce (Intake) in the calling thread,
/// materialize ▸ write (Writer) in the writers' threads. A task is run once; a failed one is
/// replaced by a new one.
class Task {
 public:
  /// `trouble` is told what keeps it from getting on.
  Task(const Flow& flow, int number, PipelineMetrics& metrics, Trouble& trouble,
       TaskListener listener);

  /// Until `stop` is requested: then it drains what it has read, commits and leaves the group,
  /// within the pipeline's shutdown_timeout. Throws what made it fail.
  void run(const std::stop_token& stop);

 private:
  void prepare_sink(const std::stop_token& stop) const;
  void take_part(const std::stop_token& stop);
  void start_writers();
  void drain();
  void stop_writers();
  void fail(const std::exception& error);
  void rethrow_failure() const;

  const Flow& flow_;
  const int number_;
  PipelineMetrics& metrics_;
  Trouble& trouble_;
  const TaskListener listener_;
  OffsetLedger ledger_;
  // librdkafka waits, when a client goes, for every message that is still held: so the intake,
  // which has the consumer, comes before all that holds records, and goes after it.
  std::unique_ptr<Intake> intake_;
  Coalescer coalescer_;
  std::unique_ptr<DeadLetters> dead_letters_;
  std::stop_source stop_stages_;  ///< for plugins and writers: requested after the drain
  std::atomic<int> writers_left_{0};
  std::vector<std::jthread> writers_;
  mutable std::mutex failure_mutex_;
  std::exception_ptr failure_;
};

}  // namespace sluice
