#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "job/compare.hpp"
#include "job/job_host.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/stages.hpp"

namespace sluice {

struct VerifyOptions {
  std::string target;  ///< empty: the one in use
  bool repair = false;
  /// A difference counts once it has stayed as it is for so long …
  std::chrono::milliseconds grace{10'000};
  /// … or, while the pipeline has not come past what Kafka held when it was seen, for so long.
  std::chrono::milliseconds patience{60'000};
  std::size_t max_suspects = 100'000;  ///< differences looked at again together: bounds memory
  std::size_t readers = 2;             ///< connections that read the source at the same time
  std::size_t page = 1000;             ///< documents compared at once
  std::size_t max_examples = 20;       ///< documents named in the report: bounds memory
};

/// How the index and the source differ, document by document.
struct VerifyReport {
  struct Example {
    std::string id;
    std::string problem;  ///< "missing", "extra", "differing" or "unreadable"
    std::string detail;   ///< what differs first, or why it could not be read or repaired
  };
  std::int64_t compared = 0;  ///< documents of the source
  std::int64_t missing = 0;
  std::int64_t extra = 0;
  std::int64_t differing = 0;
  std::int64_t unreadable = 0;  ///< the source cannot make a document of the row
  std::int64_t repaired = 0;
  std::int64_t changing = 0;      ///< never stood still, so nothing can be said
  std::vector<Example> examples;  ///< at most max_examples; those that are left come first
  bool examples_cut = false;      ///< there are more than those

  /// Nothing differs, or all of it was repaired.
  bool is_clean() const { return missing + extra + differing == repaired && unreadable == 0; }
};

nlohmann::json to_json(const VerifyReport& report);

/// Compares every document of the target with the source, while both change. Each call goes to the
/// index that is in use at that time: where a rebuild swaps it meanwhile, what differs is judged,
/// and repaired, in the new one. Throws RetryError if the source or the sink is away or a stop was
/// requested, FatalError if a stage is broken.
VerifyReport verify(const Flow& flow, WritingStages& stages, const VerifyOptions& options,
                    const std::stop_token& stop,
                    const std::function<void(const JobProgress&)>& on_progress);

/// The same with all else by default.
VerifyReport verify(const Flow& flow, WritingStages& stages, std::string_view target, bool repair,
                    const std::stop_token& stop,
                    const std::function<void(const JobProgress&)>& on_progress);

}  // namespace sluice
