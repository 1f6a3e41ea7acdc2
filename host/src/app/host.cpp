#include "app/host.hpp"

#include <algorithm>
#include <date/date.h>

namespace sluice {
namespace {

std::string iso_time(std::chrono::system_clock::time_point time) {
  return date::format("%FT%TZ", date::floor<std::chrono::milliseconds>(time));
}

Json time_or_null(const std::optional<std::chrono::system_clock::time_point>& time) {
  return time ? Json(iso_time(*time)) : Json();
}

Json task_json(const TaskStatus& task) {
  Json json{{"id", task.id}, {"state", to_string(task.state)}, {"restarts", task.restarts}};
  if (!task.trace.empty()) json["trace"] = task.trace;
  return json;
}

Json job_json(const JobRunner& job) {
  const JobStatus status = job.status();
  Json json{{"name", job.name()},
            {"state", to_string(status.state)},
            {"attempts", status.attempts},
            {"progress",
             {{"step", status.progress.step},
              {"done", status.progress.done},
              {"total", status.progress.total}}},
            {"started", time_or_null(status.started)},
            {"ended", time_or_null(status.ended)},
            {"next", time_or_null(status.next)},
            {"result", status.result}};
  if (!status.trace.empty()) json["trace"] = status.trace;
  return json;
}

Json service_json(const ServiceRunner& service) {
  const ServiceStatus status = service.status();
  Json json{{"name", service.name()}, {"state", status.running ? "RUNNING" : "FAILED"}};
  if (!status.trace.empty()) json["trace"] = status.trace;
  return json;
}

// As in Kafka Connect: a pipeline with a failed task has failed.
std::string overall_state(const std::vector<TaskStatus>& tasks) {
  const auto any = [&](TaskState state) {
    return std::any_of(tasks.begin(), tasks.end(),
                       [&](const auto& task) { return task.state == state; });
  };
  for (const auto state : {TaskState::kFailed, TaskState::kRestarting, TaskState::kUnassigned}) {
    if (any(state)) return to_string(state);
  }
  return to_string(TaskState::kRunning);
}

std::vector<std::string> warnings_of(const SourceState& source,
                                     const std::vector<TaskStatus>& tasks) {
  auto warnings = source.warnings;
  for (const auto& task : tasks) {
    const bool is_new = std::find(warnings.begin(), warnings.end(), task.warning) == warnings.end();
    if (!task.warning.empty() && is_new) warnings.push_back(task.warning);
  }
  return warnings;
}

Json pipeline_json(const RunningPipeline& running) {
  Json json{{"name", running.name()},
            {"state", "RUNNING"},
            {"tasks", Json::array()},
            {"jobs", Json::array()},
            {"services", Json::array()}};
  if (running.pipeline() != nullptr) {
    const auto tasks = running.pipeline()->tasks();
    json["state"] = overall_state(tasks);
    for (const auto& task : tasks) json["tasks"].push_back(task_json(task));
    const auto source = running.source()->state();
    json["source"] = source.values;
    json["warnings"] = warnings_of(source, tasks);
  }
  for (const auto& job : running.jobs()) json["jobs"].push_back(job_json(*job));
  for (const auto& service : running.services()) json["services"].push_back(service_json(*service));
  return json;
}

void add_problems(const RunningPipeline& running, std::vector<std::string>& problems) {
  if (running.pipeline() != nullptr) {
    for (const auto& task : running.pipeline()->tasks()) {
      if (task.gets_on) continue;
      const bool stuck = task.state == TaskState::kRunning;
      problems.push_back(
          running.name() + ": task " + std::to_string(task.id) + " is " + to_string(task.state) +
          (task.trace.empty() ? "" : (stuck ? ", but has been " : ": ") + task.trace));
    }
  }
  for (const auto& job : running.jobs()) {
    const auto status = job->status();
    if (!status.is_due_at_start || status.trace.empty()) continue;
    problems.push_back(running.name() + ": job " + job->name() +
                       ", which is to fill the index: " + status.trace);
  }
  for (const auto& service : running.services()) {
    const auto status = service->status();
    if (status.running && status.trace.empty()) continue;
    problems.push_back(running.name() + ": service " + service->name() + ": " + status.trace);
  }
}

}  // namespace

RunningPipeline::RunningPipeline(LoadedPipeline loaded, Metrics& metrics)
    : name_(loaded.name), shutdown_timeout_(loaded.shutdown_timeout) {
  if (loaded.flow) {
    pipeline_ = std::make_unique<Pipeline>(std::move(*loaded.flow), metrics);
    source_ = std::make_unique<SourceWatch>(name_, pipeline_->flow().plugins.denormalizer, metrics);
  }
  for (auto& job : loaded.jobs) {
    jobs_.push_back(std::make_unique<JobRunner>(pipeline_->flow(), std::move(job), metrics));
  }
  for (auto& service : loaded.services) {
    services_.push_back(std::make_unique<ServiceRunner>(name_, std::move(service), metrics));
  }
}

void RunningPipeline::start() {
  if (pipeline_) pipeline_->start();
  if (source_) source_->start();
  for (const auto& job : jobs_) job->start();
  for (const auto& service : services_) service->start();
}

void RunningPipeline::request_stop() {
  if (pipeline_) pipeline_->request_stop();
  if (source_) source_->request_stop();
  for (const auto& job : jobs_) job->request_stop();
}

void RunningPipeline::stop() {
  request_stop();
  for (const auto& service : services_) service->stop(shutdown_timeout_);
  if (pipeline_) pipeline_->stop();
  for (const auto& job : jobs_) job->stop();
  if (source_) source_->stop();
}

void Host::add(LoadedPipeline loaded) {
  pipelines_.push_back(std::make_unique<RunningPipeline>(std::move(loaded), metrics_));
}

void Host::add_failed(const std::string& name, const std::string& trace) {
  failed_.emplace_back(name, trace);
}

void Host::start() {
  for (const auto& pipeline : pipelines_) pipeline->start();
}

void Host::stop() {
  for (const auto& pipeline : pipelines_) pipeline->request_stop();
  for (const auto& pipeline : pipelines_) pipeline->stop();
}

RunningPipeline* Host::find(const std::string& name) const {
  const auto found = std::find_if(pipelines_.begin(), pipelines_.end(),
                                  [&](const auto& pipeline) { return pipeline->name() == name; });
  return found == pipelines_.end() ? nullptr : found->get();
}

bool Host::has(const std::string& name) const {
  return find(name) != nullptr ||
         std::any_of(failed_.begin(), failed_.end(),
                     [&](const auto& failed) { return failed.first == name; });
}

Json Host::status() const {
  Json list = Json::array();
  for (const auto& pipeline : pipelines_) list.push_back(pipeline_json(*pipeline));
  for (const auto& [name, trace] : failed_) {
    list.push_back({{"name", name}, {"state", "FAILED"}, {"trace", trace}});
  }
  return {{"pipelines", list}};
}

Json Host::readiness() const {
  const auto problems = this->problems();
  Json json{{"ready", problems.empty()},
            {"problems", problems},
            {"warnings", Json::array()},
            {"sources", Json::object()}};
  for (const auto& pipeline : pipelines_) {
    if (pipeline->source() == nullptr) continue;
    const auto source = pipeline->source()->state();
    if (!source.values.empty()) json["sources"][pipeline->name()] = source.values;
    for (const auto& warning : warnings_of(source, pipeline->pipeline()->tasks())) {
      json["warnings"].push_back(pipeline->name() + ": " + warning);
    }
  }
  return json;
}

std::string Host::metrics_text() const {
  for (const auto& pipeline : pipelines_) {
    if (pipeline->source() != nullptr) pipeline->source()->state();  // what is history goes
  }
  return metrics_.text();
}

std::vector<std::string> Host::problems() const {
  std::vector<std::string> problems;
  for (const auto& pipeline : pipelines_) add_problems(*pipeline, problems);
  for (const auto& [name, trace] : failed_) problems.push_back(name + ": " + trace);
  return problems;
}

}  // namespace sluice
