#include "job/bootstrap.hpp"

#include <algorithm>
#include <string>

#include <sluice/sdk.hpp>

#include "job/compare.hpp"
#include "job/target_notes.hpp"
#include "pipeline/stages.hpp"

namespace sluice {
namespace {

constexpr std::size_t kSample = 200;

/// Empty if there is none, as where a concrete index has the alias's name.
std::string target_in_use(const PluginInstance& sink) {
  sluice_output output;
  sink.call([&](void* self, sluice_error* error) {
    return sink.plugin().sink->list_targets(self, &output, error);
  });
  if (output.values.empty()) return {};
  std::string name;
  for (const auto& item : Value(output.values.front()).as_array()) {
    const Value target(item);
    if (target["current"].as_bool()) name = target["name"].as_string();
  }
  return name;
}

// Where deleted rows still have their documents, as many documents as rows are no proof.
bool lacks_a_document(const WritingStages& stages) {
  const auto differences = compare(stages, {}, kSample, {});
  return std::any_of(differences.begin(), differences.end(),
                     [](const Difference& each) { return each.kind == DriftKind::kMissing; });
}

}  // namespace

bool needs_filling(const Flow& flow, Metrics& metrics, const std::stop_token& stop) {
  const WritingStages stages(flow.plugins, flow.name, &metrics, stop);
  const auto& sink = stages.sink();
  sink.call(
      [&](void* self, sluice_error* error) { return sink.plugin().sink->prepare(self, error); });
  const TargetNotes notes(flow, sink);
  const auto target = notes.are_kept() ? target_in_use(sink) : std::string();
  if (!target.empty()) {
    if (const auto is_complete = notes.is_complete(target)) return !*is_complete;
  }
  // "Filled" is said for good. Only once changes are captured will nothing be missing after that:
  // the source gives no snapshot before.
  stages.snapshot();
  const auto in_source = stages.count_source();
  const auto in_use = stages.count_target("");
  if (target.empty()) return in_use == 0 && in_source > 0;
  if (in_source == 0 || (in_use >= in_source && !lacks_a_document(stages))) return false;
  // By the next start, which may come before a job has filled it, events may have made up the
  // number.
  notes.mark_unfilled(target);
  return true;
}

}  // namespace sluice
