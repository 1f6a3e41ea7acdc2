#include "job/job_host.hpp"

#include <chrono>
#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/json.hpp>
#include <sluice/sdk.hpp>

#include "base/wait.hpp"
#include "job/compare.hpp"
#include "job/copy.hpp"
#include "job/group_position.hpp"
#include "job/verify.hpp"
#include "pipeline/replay.hpp"
#include "pipeline/topic_offsets.hpp"

sluice_job_host::sluice_job_host(const sluice::Flow& the_flow, sluice::Metrics& the_metrics,
                                 std::stop_token the_stop,
                                 std::function<void(const sluice::JobProgress&)> the_progress)
    : flow(the_flow),
      metrics(the_metrics),
      stop(std::move(the_stop)),
      on_progress(std::move(the_progress)),
      stages(the_flow.plugins, the_flow.name, &the_metrics, stop),
      notes(the_flow, stages.sink()) {}

namespace sluice {
namespace {

using Host = sluice_job_host;

template <typename Body>
sluice_status guarded(Host* host, Body body) noexcept {
  try {
    body();
    return SLUICE_OK;
  } catch (const RetryError& e) {
    host->last_error = e.what();
    return SLUICE_RETRY;
  } catch (const RecordError& e) {
    host->last_error = e.what();
    return SLUICE_RECORD_ERROR;
  } catch (const std::exception& e) {
    host->last_error = e.what();
    return SLUICE_FATAL;
  }
}

/// Keeps the value until the next call.
void keep(Host* host, const nlohmann::json& json, const sluice_value** result) {
  host->result_memory = std::make_unique<sluice_output>();
  host->result = to_value(json, host->result_memory->arena);
  *result = &host->result;
}

nlohmann::json to_json(const std::vector<PartitionOffset>& offsets) {
  auto list = nlohmann::json::array();
  for (const auto& [partition, offset] : offsets) {
    list.push_back(
        {{"topic", partition.topic}, {"partition", partition.partition}, {"offset", offset}});
  }
  return list;
}

std::vector<PartitionOffset> to_offsets(const sluice_value* value) {
  std::vector<PartitionOffset> offsets;
  for (const auto& item : Value(value).as_array()) {
    const Value entry(item);
    offsets.push_back({{std::string(entry["topic"].as_string()),
                        static_cast<std::int32_t>(entry["partition"].as_int64())},
                       entry["offset"].as_int64()});
  }
  return offsets;
}

sluice_view last_error(Host* host) {
  return to_view(host->last_error);
}

sluice_status lock(Host* host, sluice_view name, std::int32_t* acquired) {
  return guarded(host, [&] {
    host->lock_holder = std::make_unique<PluginInstance>(
        host->flow.plugins.denormalizer, host->flow.name, &host->metrics, host->stop);
    const std::string full = host->flow.name + "/" + std::string(to_string_view(name));
    host->lock_holder->call([&](void* self, sluice_error* error) {
      return host->lock_holder->plugin().denormalizer->lock(self, to_view(full), acquired, error);
    });
  });
}

/// A lost lock means that another run may have begun: nothing more may be done in this one.
void check_lock(const Host* host) {
  if (host->lock_holder == nullptr) return;
  host->lock_holder->call([&](void* self, sluice_error* error) {
    return host->lock_holder->plugin().denormalizer->locked(self, error);
  });
}

sluice_status offsets(Host* host, std::int64_t timestamp_ms, const sluice_value** result) {
  return guarded(host, [&] {
    const auto& source = host->flow.config.source;
    keep(host,
         to_json(timestamp_ms < 0
                     ? end_offsets(source)
                     : settled_position(source, std::chrono::milliseconds(timestamp_ms))),
         result);
  });
}

// What cannot be kept now is kept the next time.
void keep_progress(Host* host, const std::string& target, TargetNote& note,
                   const CopyState& state) noexcept {
  try {
    check_lock(host);
    note.copy = state;
    host->notes.write(target, note);
  } catch (const std::exception& e) {
    spdlog::warn("{}: how far the copy to {} has come could not be kept: {}", host->flow.name,
                 target, e.what());
  }
}

CopyState begin_or_resume(Host* host, const std::string& target,
                          const std::optional<TargetNote>& note, std::size_t readers) {
  if (!note || !note->copy) return new_copy(host->stages, readers);
  spdlog::info("{}: the copy to {} goes on: {} documents are there, {} ranges are left",
               host->flow.name, target, note->copy->documents, note->copy->ranges.size());
  return *note->copy;
}

sluice_status copy(Host* host, sluice_view target, std::size_t readers, std::size_t page,
                   std::int64_t* documents) {
  return guarded(host, [&] {
    const std::string name(to_string_view(target));
    auto note = host->notes.read(name);
    CopyState state = begin_or_resume(host, name, note, readers);
    host->copied_target = name;
    host->snapshots.copied = state.snapshot;

    CopyOptions options{name, readers, page};
    options.on_progress = [host](const CopyState& now) {
      host->on_progress({"copy", now.documents, host->last_progress.total});
    };
    if (note) {
      options.save = [&](const CopyState& now) { keep_progress(host, name, *note, now); };
    }
    const auto copied = copy_rest(host->flow, host->metrics, options, std::move(state), host->stop);
    *documents = copied.documents;
    check_lock(host);
    if (const auto failed = copied.unresolved.count(); failed > 0) {
      throw RetryError(std::to_string(failed) +
                       " documents could not be written: " + copied.unresolved.describe());
    }
  });
}

sluice_status replay_records(Host* host, const sluice_value* from, const sluice_value* to,
                             sluice_view target, sluice_replay_result* result) {
  return guarded(host, [&] {
    check_lock(host);
    Snapshots snapshots = host->snapshots;
    if (to_string_view(target) != host->copied_target) snapshots.copied.clear();
    const auto replayed = replay(host->flow, host->metrics, to_offsets(from), to_offsets(to),
                                 to_string_view(target), snapshots, host->stop);
    host->is_level = host->is_level || replayed.is_level;
    *result = {replayed.records, replayed.documents, replayed.unresolved};
  });
}

sluice_status compare_documents(Host* host, sluice_view target, std::size_t count,
                                const sluice_value* again, const sluice_value** result) {
  return guarded(host, [&] {
    std::vector<std::string> ids;
    if (!Value(again).is_null()) {
      for (const auto& id : Value(again).as_array()) ids.emplace_back(Value(id).as_string());
    }
    auto list = nlohmann::json::array();
    for (const auto& difference : compare(host->stages, to_string_view(target), count, ids)) {
      if (difference.kind == DriftKind::kUnreadable) {
        // What can't be read can't be judged: the copy and the replay tell of it.
        spdlog::warn("{}: document {} was not compared: {}", host->flow.name, difference.id,
                     difference.detail);
        continue;
      }
      list.push_back({{"id", difference.id}, {"source", difference.source}});
    }
    keep(host, list, result);
  });
}

sluice_status count_source(Host* host, std::int64_t* documents) {
  return guarded(host, [&] { *documents = host->stages.count_source(); });
}

std::int64_t max_in_flight_ms(Host* host) {
  const auto& sink = host->stages.sink();
  return sink.plugin().sink->max_in_flight_ms(sink.self());
}

/// Calls a function of the sink that emits one value, and keeps that.
template <typename Function, typename... Arguments>
void keep_sink_value(Host* host, const sluice_value** result, Function function,
                     Arguments... arguments) {
  auto memory = std::make_unique<sluice_output>();
  host->stages.sink().call([&](void* self, sluice_error* error) {
    return function(self, arguments..., memory.get(), error);
  });
  if (memory->values.empty()) throw FatalError(host->stages.sink().name() + ": gave no value");
  host->result_memory = std::move(memory);
  *result = &host->result_memory->values.front();
}

sluice_status create_target(Host* host, sluice_view date, const sluice_value** name) {
  return guarded(host, [&] {
    check_lock(host);
    keep_sink_value(host, name, host->stages.sink().plugin().sink->create_target, date);
  });
}

template <sluice_status (*sluice_sink::*Function)(void*, sluice_view, sluice_error*)>
sluice_status on_target(Host* host, sluice_view target) {
  return guarded(host, [&] {
    check_lock(host);
    const auto& sink = host->stages.sink();
    sink.call([&](void* self, sluice_error* error) {
      return (sink.plugin().sink->*Function)(self, target, error);
    });
  });
}

bool has_fences(const Host* host) {
  const auto& sink = *host->stages.sink().plugin().sink;
  return sink.struct_size >= SLUICE_SIZE_WITH(sluice_sink, unfence_target) &&
         sink.fence_target != nullptr && sink.unfence_target != nullptr;
}

// The snapshot after the fence: what a write that got in has read, it sees.
sluice_status fence_target(Host* host, sluice_view target) {
  host->is_level = !has_fences(host);
  if (host->is_level) return SLUICE_OK;
  const sluice_status status = on_target<&sluice_sink::fence_target>(host, target);
  if (status != SLUICE_OK) return status;
  return guarded(host, [&] { host->snapshots.fenced = host->stages.snapshot(); });
}

sluice_status unfence_target(Host* host, sluice_view target) {
  host->snapshots.fenced.clear();
  return has_fences(host) ? on_target<&sluice_sink::unfence_target>(host, target) : SLUICE_OK;
}

std::int32_t is_level(Host* host) {
  return host->is_level ? 1 : 0;
}

sluice_status list_targets(Host* host, const sluice_value** targets) {
  return guarded(host, [&] {
    keep_sink_value(host, targets, host->stages.sink().plugin().sink->list_targets);
  });
}

sluice_status count_target(Host* host, sluice_view target, std::int64_t* documents) {
  return guarded(host, [&] { *documents = host->stages.count_target(to_string_view(target)); });
}

sluice_status note(Host* host, sluice_view target, const sluice_value** result) {
  return guarded(host, [&] {
    const auto note = host->notes.read(std::string(to_string_view(target)));
    keep(host, note ? note->job : nlohmann::json(), result);
  });
}

sluice_status set_note(Host* host, sluice_view target, const sluice_value* value) {
  return guarded(host, [&] {
    check_lock(host);
    const std::string name(to_string_view(target));
    if (Value(value).is_null()) return host->notes.mark_complete(name);
    auto note = host->notes.read(name).value_or(TargetNote{});
    note.job = to_json(Value(value));
    host->notes.write(name, note);
  });
}

sluice_status verify_target(Host* host, sluice_view target, std::int32_t repair,
                            const sluice_value** report) {
  return guarded(host, [&] {
    check_lock(host);
    keep(host,
         to_json(verify(host->flow, host->stages, to_string_view(target), repair != 0, host->stop,
                        host->on_progress)),
         report);
  });
}

sluice_status wait_for(Host* host, std::int64_t ms) {
  return guarded(host, [&] {
    if (!wait(host->stop, std::chrono::milliseconds(ms))) throw RetryError("stopped");
  });
}

void progress(Host* host, sluice_view step, std::int64_t done, std::int64_t total) {
  host->last_progress = {std::string(to_string_view(step)), done, total};
  host->on_progress(host->last_progress);
}

}  // namespace

const sluice_job_api& job_api() {
  static const sluice_job_api api{sizeof(sluice_job_api),
                                  last_error,
                                  lock,
                                  offsets,
                                  copy,
                                  replay_records,
                                  compare_documents,
                                  count_source,
                                  max_in_flight_ms,
                                  create_target,
                                  on_target<&sluice_sink::finish_target>,
                                  on_target<&sluice_sink::swap_target>,
                                  on_target<&sluice_sink::drop_target>,
                                  list_targets,
                                  on_target<&sluice_sink::refresh>,
                                  count_target,
                                  wait_for,
                                  progress,
                                  note,
                                  set_note,
                                  verify_target,
                                  fence_target,
                                  unfence_target,
                                  is_level};
  return api;
}

}  // namespace sluice
