#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/loaded_pipeline.hpp"
#include "app/source_watch.hpp"
#include "job/job_runner.hpp"
#include "metrics/metrics.hpp"
#include "pipeline/pipeline.hpp"
#include "service/service_runner.hpp"

namespace sluice {

/// Everything that runs for one pipeline file. Thread-safe.
class RunningPipeline {
 public:
  RunningPipeline(LoadedPipeline loaded, Metrics& metrics);

  void start();
  void request_stop();
  void stop();

  const std::string& name() const { return name_; }
  const Pipeline* pipeline() const { return pipeline_.get(); }
  /// Null for a file without a flow, as pipeline().
  SourceWatch* source() const { return source_.get(); }
  const std::vector<std::unique_ptr<JobRunner>>& jobs() const { return jobs_; }
  const std::vector<std::unique_ptr<ServiceRunner>>& services() const { return services_; }

 private:
  const std::string name_;
  const std::chrono::milliseconds shutdown_timeout_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<SourceWatch> source_;
  std::vector<std::unique_ptr<JobRunner>> jobs_;
  std::vector<std::unique_ptr<ServiceRunner>> services_;
};

/// The pipelines of this process. Thread-safe once all are added.
class Host {
 public:
  void add(LoadedPipeline loaded);
  /// A pipeline that could not be loaded: it is shown as failed, and the others run.
  void add_failed(const std::string& name, const std::string& trace);
  void start();
  /// Drains all pipelines at once.
  void stop();

  /// In Prometheus' text format.
  std::string metrics_text() const;
  /// No pipeline that could run.
  bool is_empty() const { return pipelines_.empty(); }
  bool has(const std::string& name) const;
  RunningPipeline* find(const std::string& name) const;

  /// {"pipelines": [{name, state, tasks, jobs, services, source, warnings}]}
  Json status() const;
  /// {"ready", "problems", "warnings", "sources"}: ready if there are no problems, whatever the
  /// warnings. `sources` has what is measured of each pipeline's source.
  Json readiness() const;

 private:
  std::vector<std::string> problems() const;

  Metrics metrics_;
  std::vector<std::unique_ptr<RunningPipeline>> pipelines_;
  std::vector<std::pair<std::string, std::string>> failed_;
};

}  // namespace sluice
