#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "job/copy.hpp"
#include "pipeline/flow.hpp"
#include "plugin/plugin_instance.hpp"

namespace sluice {

/// What is kept with a target while a job builds it.
struct TargetNote {
  nlohmann::json job;             ///< in the job's own words
  std::optional<CopyState> copy;  ///< absent: no copy has begun
};

/// Notes that the sink keeps with its targets, so that what a job has begun survives the host.
/// All functions throw RetryError where the sink is away. For one thread at a time.
class TargetNotes {
 public:
  /// Both must outlive this.
  TargetNotes(const Flow& flow, const PluginInstance& sink) : flow_(flow), sink_(sink) {}

  /// False: the sink keeps no notes; then there are none to read, and writing does nothing.
  bool are_kept() const;

  /// The note that a job left while the pipeline was configured as it is now.
  std::optional<TargetNote> read(const std::string& target) const;
  void write(const std::string& target, const TargetNote& note) const;

  /// In the place of the note: no job has anything left to do here.
  void mark_complete(const std::string& target) const;
  /// No job has filled it, and one is to.
  void mark_unfilled(const std::string& target) const;
  /// False: a job left something undone, under whatever configuration, or has yet to fill it.
  /// Nullopt: there is no note.
  std::optional<bool> is_complete(const std::string& target) const;

 private:
  nlohmann::json read_raw(const std::string& target) const;
  void write_raw(const std::string& target, const nlohmann::json& note) const;

  const Flow& flow_;
  const PluginInstance& sink_;
};

}  // namespace sluice
