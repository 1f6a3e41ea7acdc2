// A scripted host in memory: targets behind an alias, a clock, and a record of what was called.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sluice/host_side.hpp>
#include <sluice/sdk.hpp>

struct sluice_job_host {
  using Milliseconds = std::chrono::milliseconds;

  // ---- The script
  bool lock_is_free = true;
  nlohmann::json targets = nlohmann::json::array();  // {name, created_ms, current}
  std::map<std::string, nlohmann::json> notes;       // by target; gone with it
  int first_offset = 0;                              // of what Kafka still holds
  std::int64_t source_count = 10;
  std::deque<std::int64_t> target_counts;    // one for each call; then source_count
  std::deque<sluice_replay_result> replays;  // one for each call; then nothing to replay
  std::deque<Milliseconds> replay_times;     // by which the clock goes on
  std::deque<nlohmann::json> differences;    // one for each call of compare; then none
  long replays_until_level = 1;              // after the fence
  Milliseconds in_flight{60'000};
  bool swap_happens_though_it_fails = false;
  struct Failure {
    sluice_status status;
    int call = 1;  // which call of that function fails; 0: each
  };
  std::map<std::string, Failure> failures;
  std::string reason;  // of each failure; empty: the function's name tells

  // ---- The record
  std::vector<std::string> calls;  // function names, without progress
  std::vector<std::string> steps;
  std::vector<std::string> dropped;
  std::set<std::string> fenced;  // targets that take no writes now
  std::vector<Milliseconds> waits;
  std::vector<nlohmann::json> replayed_from;
  std::vector<nlohmann::json> replayed_to;
  std::vector<nlohmann::json> compared_again;
  std::optional<std::int64_t> offsets_time;
  std::string created_date;
  std::size_t readers = 0;
  std::size_t page = 0;
  std::chrono::system_clock::time_point now{
      Milliseconds(1'769'223'600'000)};  // 2026-01-24 03:00 UTC

  std::string current() const;  // the target in use; empty if none is
  std::vector<std::string> names() const;
  long count(const std::string& function) const;

  // ---- Behind the functions
  sluice_status called(const std::string& function);
  const sluice_value* lend(const nlohmann::json& value);

  std::string error;
  int ends = 100;     // end offset, one more at each look
  long level_at = 0;  // calls of replay
  std::optional<sluice::Arena> lent;
  sluice_value lent_value{};
};

namespace sluice::reconcile {

const sluice_job_api* fake_job_api();

}  // namespace sluice::reconcile
