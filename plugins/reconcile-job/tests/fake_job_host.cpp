#include "fake_job_host.hpp"

#include <algorithm>

#include <sluice/json.hpp>

using nlohmann::json;

std::string sluice_job_host::current() const {
  for (const auto& target : targets) {
    if (target["current"]) return target["name"];
  }
  return "";
}

std::vector<std::string> sluice_job_host::names() const {
  std::vector<std::string> names;
  for (const auto& target : targets) names.push_back(target["name"]);
  return names;
}

long sluice_job_host::count(const std::string& function) const {
  return std::count(calls.begin(), calls.end(), function);
}

sluice_status sluice_job_host::called(const std::string& function) {
  calls.push_back(function);
  // As the contract says: results live until the next call. What is kept too long shows.
  lent.reset();
  lent_value = {};
  const auto failure = failures.find(function);
  if (failure == failures.end()) return SLUICE_OK;
  const auto [status, call] = failure->second;
  if (call != 0 && call != count(function)) return SLUICE_OK;
  error = reason.empty() ? function + " failed" : reason;
  return status;
}

const sluice_value* sluice_job_host::lend(const json& value) {
  lent_value = sluice::to_value(value, lent.emplace());
  return &lent_value;
}

namespace sluice::reconcile {

namespace {

template <typename T>
T next(std::deque<T>& script, T otherwise) {
  if (script.empty()) return otherwise;
  T value = script.front();
  script.pop_front();
  return value;
}

json offsets(int offset) {
  return json::array({{{"topic", "t"}, {"partition", 0}, {"offset", offset}}});
}

// ABI functions; `call` runs only if the script has no failure for it.
template <typename Call>
sluice_status run(sluice_job_host* host, const char* function, Call call) {
  const auto status = host->called(function);
  if (status == SLUICE_OK) call();
  return status;
}

sluice_status swap_target(sluice_job_host* host, sluice_view target) {
  const auto status = host->called("swap_target");
  if (status == SLUICE_OK || host->swap_happens_though_it_fails) {
    for (auto& each : host->targets) each["current"] = each["name"] == to_string_view(target);
  }
  return status;
}

sluice_status drop_target(sluice_job_host* host, sluice_view target) {
  return run(host, "drop_target", [&] {
    const std::string name(to_string_view(target));
    if (name == host->current()) throw std::logic_error("the target in use was dropped");
    host->dropped.push_back(name);
    auto& targets = host->targets;
    for (auto it = targets.begin(); it != targets.end(); ++it) {
      if ((*it)["name"] == name) {
        targets.erase(it);
        host->notes.erase(name);
        return;
      }
    }
  });
}

sluice_job_api make_api() {
  sluice_job_api api{};
  api.struct_size = sizeof(api);
  api.last_error = [](sluice_job_host* host) { return to_view(host->error); };
  api.lock = [](sluice_job_host* host, sluice_view, std::int32_t* acquired) {
    return run(host, "lock", [&] { *acquired = host->lock_is_free ? 1 : 0; });
  };
  api.offsets = [](sluice_job_host* host, std::int64_t time, const sluice_value** result) {
    const char* const function = time < 0    ? "end_offsets"
                                 : time == 0 ? "first_offsets"
                                             : "offsets_at";
    return run(host, function, [&] {
      if (time > 0) host->offsets_time = time;
      *result = host->lend(offsets(time < 0 ? ++host->ends : time == 0 ? host->first_offset : 1));
    });
  };
  api.copy = [](sluice_job_host* host, sluice_view, std::size_t readers, std::size_t page,
                std::int64_t* documents) {
    return run(host, "copy", [&] {
      host->readers = readers;
      host->page = page;
      *documents = host->source_count;
    });
  };
  api.replay = [](sluice_job_host* host, const sluice_value* from, const sluice_value* to,
                  sluice_view, sluice_replay_result* result) {
    host->replayed_from.push_back(to_json(Value(from))[0]["offset"]);
    host->replayed_to.push_back(to_json(Value(to))[0]["offset"]);
    return run(host, "replay", [&] {
      host->now += next(host->replay_times, std::chrono::milliseconds(10));
      *result = next(host->replays, sluice_replay_result{});
    });
  };
  api.compare = [](sluice_job_host* host, sluice_view, std::size_t, const sluice_value* again,
                   const sluice_value** result) {
    host->compared_again.push_back(to_json(Value(again)));
    return run(host, "compare",
               [&] { *result = host->lend(next(host->differences, json(json::array()))); });
  };
  api.count_source = [](sluice_job_host* host, std::int64_t* documents) {
    return run(host, "count_source", [&] { *documents = host->source_count; });
  };
  api.max_in_flight_ms = [](sluice_job_host* host) -> std::int64_t {
    return host->in_flight.count();
  };
  api.create_target = [](sluice_job_host* host, sluice_view date, const sluice_value** name) {
    return run(host, "create_target", [&] {
      host->created_date = to_string_view(date);
      const auto created = host->now.time_since_epoch() / std::chrono::milliseconds(1);
      host->targets.push_back({{"name", "new"}, {"created_ms", created}, {"current", false}});
      *name = host->lend("new");
    });
  };
  api.finish_target = [](sluice_job_host* host, sluice_view) {
    return run(host, "finish_target", [] {});
  };
  api.swap_target = swap_target;
  api.fence_target = [](sluice_job_host* host, sluice_view target) {
    host->fenced.emplace(to_string_view(target));  // also where it is reported as failed
    host->level_at = host->count("replay") + host->replays_until_level;
    return host->called("fence_target");
  };
  api.is_level = [](sluice_job_host* host) -> std::int32_t {
    return host->count("replay") >= host->level_at ? 1 : 0;
  };
  api.unfence_target = [](sluice_job_host* host, sluice_view target) {
    return run(host, "unfence_target",
               [&] { host->fenced.erase(std::string(to_string_view(target))); });
  };
  api.drop_target = drop_target;
  api.list_targets = [](sluice_job_host* host, const sluice_value** result) {
    return run(host, "list_targets", [&] { *result = host->lend(host->targets); });
  };
  api.refresh = [](sluice_job_host* host, sluice_view) { return run(host, "refresh", [] {}); };
  api.count_target = [](sluice_job_host* host, sluice_view, std::int64_t* documents) {
    return run(host, "count_target",
               [&] { *documents = next(host->target_counts, host->source_count); });
  };
  api.wait = [](sluice_job_host* host, std::int64_t ms) {
    return run(host, "wait", [&] {
      host->waits.emplace_back(ms);
      host->now += std::chrono::milliseconds(ms);
    });
  };
  api.note = [](sluice_job_host* host, sluice_view target, const sluice_value** result) {
    return run(host, "note", [&] {
      const auto found = host->notes.find(std::string(to_string_view(target)));
      *result = host->lend(found == host->notes.end() ? json() : found->second);
    });
  };
  api.set_note = [](sluice_job_host* host, sluice_view target, const sluice_value* note) {
    const json kept = to_json(Value(note));
    return run(host, "set_note", [&] {
      const std::string name(to_string_view(target));
      if (kept.is_null()) {
        host->notes.erase(name);
      } else {
        host->notes[name] = kept;
      }
    });
  };
  api.progress = [](sluice_job_host* host, sluice_view step, std::int64_t, std::int64_t) {
    host->steps.emplace_back(to_string_view(step));
  };
  return api;
}

}  // namespace

const sluice_job_api* fake_job_api() {
  static const sluice_job_api api = make_api();
  return &api;
}

}  // namespace sluice::reconcile
