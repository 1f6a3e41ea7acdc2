#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "job/compare.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/kafka_consumer.hpp"
#include "pipeline/stages.hpp"

namespace sluice {

/// How long a difference may last before it counts.
struct Grace {
  std::chrono::milliseconds grace{};     ///< it has stayed as it is for so long …
  std::chrono::milliseconds patience{};  ///< … or, while the pipeline has not come past what Kafka
                                         ///< held when it was seen, for so long
  std::size_t page = 1000;  ///< documents compared at once
};

/// Documents that differed when they were first seen. The pipeline may have been on its way to
/// them: only those that stay different although nothing changes them any more count. Not
/// thread-safe.
class Suspects {
 public:
  Suspects(const Flow& flow, const WritingStages& stages, std::string target, Grace grace,
           std::stop_token stop);

  void add(Difference difference);
  std::size_t size() const { return suspects_.size(); }

  struct Verdict {
    std::vector<Difference> drift;     ///< those that count
    std::vector<Difference> changing;  ///< those that never stood still
  };
  /// Looks at them again, with growing pauses, until nothing more can become of any; then there are
  /// none. `on_look` is told how many are left. Throws RetryError if the source or the sink stay
  /// away or a stop is requested.
  Verdict judge(const std::function<void(std::size_t)>& on_look);

 private:
  using Clock = std::chrono::steady_clock;
  using Offsets = std::vector<PartitionOffset>;
  struct Suspect {
    Difference difference;
    Clock::time_point since;              ///< when it was first seen in this state
    std::shared_ptr<const Offsets> ends;  ///< of Kafka, then; null: not known
  };

  void look_again(Verdict& verdict);
  bool counts(const Suspect& suspect, Clock::time_point now, const Offsets* position) const;
  std::unordered_map<std::string, Difference> compare_all() const;
  std::shared_ptr<const Offsets> ask_kafka(Offsets (*question)(const SourceConfig&));

  const Flow& flow_;
  const WritingStages& stages_;
  const std::string target_;
  const Grace grace_;
  const std::stop_token stop_;
  bool kafka_answers_ = true;
  std::vector<Suspect> suspects_;
};

}  // namespace sluice
