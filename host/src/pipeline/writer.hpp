#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "pipeline/coalescer.hpp"
#include "pipeline/dead_letters.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/pipeline_metrics.hpp"
#include "pipeline/stages.hpp"
#include "pipeline/trouble.hpp"

namespace sluice {

/// Takes pending keys from the coalescer, reads the documents, writes them, and settles each key by
/// its outcome. A task has several, each with a thread and plugin instances of its own.
class Writer {
 public:
  /// `dead_letters` may be null: then failed records are only logged.
  Writer(const Flow& flow, Coalescer& coalescer, DeadLetters* dead_letters,
         PipelineMetrics& metrics, Trouble& trouble, const std::stop_token& stop);

  /// Until the coalescer is drained or a stop is requested. Throws FatalError if the task cannot go
  /// on.
  void run(const std::stop_token& stop);

 private:
  void flush(std::vector<KeyWork> keys, const std::stop_token& stop);
  void walk_page(WalkWork walk, const std::stop_token& stop);
  std::optional<Clock::duration> next_page(WalkWork& walk, const std::stop_token& stop);
  bool is_visible(const WalkWork& walk) const;
  std::vector<KeyResult> write(const std::vector<KeyWork>& keys);
  void tell_refusals(const std::vector<KeyResult>& results, Clock::time_point began);
  bool write_page(const WalkWork& walk, const std::vector<std::string>& ids,
                  const std::stop_token& stop);
  std::optional<Clock::duration> retry_after(KeyWork& work, const KeyResult& result,
                                             std::vector<DeadLetter>& letters);
  void look_ahead(KeyWork& work) const;
  void give_up(std::vector<DeadLetter> letters, const std::stop_token& stop);

  const Flow& flow_;
  Coalescer& coalescer_;
  DeadLetters* dead_letters_;
  PipelineMetrics& metrics_;
  Trouble& trouble_;
  WritingStages stages_;
  Backoff away_;   ///< while the database or the sink as a whole is away
  Backoff retry_;  ///< of single keys
  std::optional<Clock::time_point> refusals_logged_;
};

}  // namespace sluice
