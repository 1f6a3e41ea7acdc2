#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <sluice/host_side.hpp>
#include <sluice/plugin_abi.h>

#include "job/target_notes.hpp"
#include "metrics/metrics.hpp"
#include "pipeline/flow.hpp"
#include "pipeline/replay.hpp"
#include "pipeline/stages.hpp"

namespace sluice {

struct JobProgress {
  std::string step;
  std::int64_t done = 0;
  std::int64_t total = 0;  ///< 0: unknown
};

/// The functions that a job plugin gets; they work on the job's JobHostState.
const sluice_job_api& job_api();

}  // namespace sluice

/// One run of a job: its pipeline, lent to it. Opaque to the plugin. Used by the thread that runs
/// the job.
struct sluice_job_host {
  const sluice::Flow& flow;
  sluice::Metrics& metrics;
  std::stop_token stop;
  std::function<void(const sluice::JobProgress&)> on_progress;

  sluice::WritingStages stages;
  sluice::TargetNotes notes;
  std::unique_ptr<sluice::PluginInstance>
      lock_holder;                               ///< the lock lives on this instance's connection
  std::unique_ptr<sluice_output> result_memory;  ///< of the last call's result
  sluice_value result{};
  std::string copied_target;    ///< what copy() has filled
  sluice::Snapshots snapshots;  ///< what copy()'s reads have seen; what was there at the fence
  bool is_level = false;        ///< since the fence
  std::string last_error;
  sluice::JobProgress last_progress;

  sluice_job_host(const sluice::Flow& flow, sluice::Metrics& metrics, std::stop_token stop,
                  std::function<void(const sluice::JobProgress&)> on_progress);
};
