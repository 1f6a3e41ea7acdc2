#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "job/job_host.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/stages.hpp"

namespace sluice {

/// How the index and the source differ, document by document.
struct VerifyReport {
  struct Example {
    std::string id;
    std::string problem;  ///< "missing", "extra" or "differing"
  };
  std::int64_t compared = 0;
  std::int64_t missing = 0;
  std::int64_t extra = 0;
  std::int64_t differing = 0;
  std::int64_t repaired = 0;
  std::vector<Example> examples;

  bool is_clean() const { return missing + extra + differing == repaired; }
};

nlohmann::json to_json(const VerifyReport& report);

/// Compares every document of the target (empty: the one in use) with the source, while both
/// change. Throws RetryError if either is away.
VerifyReport verify(const Flow& flow, WritingStages& stages, std::string_view target, bool repair,
                    const std::stop_token& stop,
                    const std::function<void(const JobProgress&)>& on_progress);

}  // namespace sluice
