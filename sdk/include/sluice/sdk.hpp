// The C++ SDK: derive from a kind below, then register with SLUICE_PLUGIN in one source file.
//
//   class Upper : public sluice::Transform {
//    public:
//     Upper(sluice::Value config, sluice::Context context);
//     void transform(std::span<const sluice_change* const> changes, sluice::ChangeOutput& output)
//     override;
//   };
//   SLUICE_PLUGIN("upper", "1.0.0", "Upper-cases names", R"({"type":"object","properties":{}})",
//   Upper)
//
// Every function may throw. RetryError: a passing fault, the host calls again later. RecordError:
// this input can never succeed. FatalError, and any other exception: the task fails with the
// message. Nothing escapes the plugin.
//
// An instance is called by one thread at a time and needs no locks; several instances live side by
// side.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include <sluice/output.hpp>
#include <sluice/plugin_abi.h>
#include <sluice/value.hpp>

namespace sluice {

struct RetryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct RecordError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct FatalError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An instance's line to the host; cheap to copy, thread-safe, valid for the life of the instance.
class Context {
 public:
  explicit Context(sluice_context* context) : context_(context) {}

  void debug(std::string_view message) const { log(SLUICE_LOG_DEBUG, message); }
  void info(std::string_view message) const { log(SLUICE_LOG_INFO, message); }
  void warn(std::string_view message) const { log(SLUICE_LOG_WARN, message); }
  void error(std::string_view message) const { log(SLUICE_LOG_ERROR, message); }

  // True once the instance should finish: leave with RetryError if work remains.
  bool stopping() const { return detail::host->stopping(context_) != 0; }

  // Metrics; names are [a-z0-9_]+.
  void count(std::string_view name, double value = 1) const {
    detail::host->counter_add(context_, to_view(name), value);
  }
  void gauge(std::string_view name, double value) const {
    detail::host->gauge_set(context_, to_view(name), value);
  }
  void observe(std::string_view name, std::chrono::duration<double> seconds) const {
    detail::host->histogram_observe(context_, to_view(name), seconds.count());
  }

 private:
  void log(std::int32_t level, std::string_view message) const {
    detail::host->log(context_, level, to_view(message));
  }
  sluice_context* context_;
};

// ---- Kinds. What each function must emit is said at its namesake in plugin_abi.h.
// ----------------------------

class Decoder {
 public:
  static constexpr std::uint32_t kKind = SLUICE_KIND_DECODER;
  virtual ~Decoder() = default;
  virtual void decode(std::span<const sluice_record* const> records, ChangeOutput& output) = 0;
};

class Transform {
 public:
  static constexpr std::uint32_t kKind = SLUICE_KIND_TRANSFORM;
  virtual ~Transform() = default;
  virtual void transform(std::span<const sluice_change* const> changes, ChangeOutput& output) = 0;
};

class Denormalizer {
 public:
  static constexpr std::uint32_t kKind = SLUICE_KIND_DENORMALIZER;
  virtual ~Denormalizer() = default;
  virtual void route(std::span<const sluice_change* const> changes, KeyOutput& output) = 0;
  virtual void walk(std::string_view cursor, std::size_t limit, KeyOutput& output) = 0;
  virtual void materialize(std::span<const sluice_key* const> keys, DocumentOutput& output) = 0;
  virtual void ranges(std::size_t count, CursorOutput& output) = 0;
  virtual void scan(std::string_view cursor, std::size_t limit, DocumentOutput& output) = 0;
  virtual std::int64_t count() = 0;
  virtual void sample(std::size_t count, KeyOutput& output) = 0;
  // What a read that begins now can see, and which transactions that includes (all SLUICE_UNSEEN in
  // `seen` at the start). Without them, rebuilds do more than they need to.
  virtual void snapshot(ValueOutput& output) { output.value(make_string("")); }
  virtual void seen(std::string_view /*snapshot*/, std::span<const std::int64_t> /*tx_ids*/,
                    std::span<std::uint8_t> /*seen*/) {}
  virtual bool lock(std::string_view name) = 0;  // false: another holds it
  virtual void check_lock() = 0;                 // throws RetryError once the lock has been lost
  virtual void unlock() = 0;
  // Since 1.1.
  virtual void explain(ValueOutput& output) { output.value(make_object({})); }
  // Since 1.2.
  virtual void source_state(ValueOutput& output) { output.value(make_object({})); }
};

class Sink {
 public:
  static constexpr std::uint32_t kKind = SLUICE_KIND_SINK;
  virtual ~Sink() = default;
  virtual void prepare() = 0;
  virtual void write(std::string_view target, std::span<const sluice_document* const> documents,
                     OutcomeOutput& output) = 0;
  virtual std::chrono::milliseconds max_in_flight() const = 0;
  virtual void describe(ValueOutput& output) = 0;
  virtual void create_target(std::string_view date, ValueOutput& output) = 0;
  virtual void finish_target(std::string_view target) = 0;
  virtual void swap_target(std::string_view target) = 0;
  virtual void drop_target(std::string_view target) = 0;
  virtual void list_targets(ValueOutput& output) = 0;
  virtual void refresh(std::string_view target) = 0;
  virtual std::int64_t count(std::string_view target) = 0;
  virtual void fetch(std::string_view target, std::span<const sluice_key* const> keys,
                     DocumentOutput& output) = 0;
  virtual void keys(std::string_view target, std::string_view cursor, std::size_t limit,
                    KeyOutput& output) = 0;
  // Since 1.1. Where a sink keeps no notes, an interrupted rebuild begins anew.
  virtual void set_note(std::string_view /*target*/, Value /*note*/) {}
  virtual void note(std::string_view /*target*/, ValueOutput& /*output*/) {}
  // Since 1.2. Where a sink has no fence, readers may see older documents for a moment after a
  // rebuild's swap.
  virtual void fence_target(std::string_view /*target*/) {}
  virtual void unfence_target(std::string_view /*target*/) {}
};

// The pipeline's stages, lent to a job for one run. Failures are thrown as the exceptions above.
// Values returned live until the next call. Use from the thread that runs the job.
class JobHost {
 public:
  JobHost(const sluice_job_api* api, sluice_job_host* host) : api_(api), host_(host) {}

  bool lock(std::string_view name) {
    std::int32_t acquired = 0;
    check([&] { return api_->lock(host_, to_view(name), &acquired); });
    return acquired != 0;
  }
  // Offsets of the first records at or after that time.
  Value offsets_at(std::chrono::milliseconds since_epoch) {
    return value(
        [&](const sluice_value** out) { return api_->offsets(host_, since_epoch.count(), out); });
  }
  Value end_offsets() {
    return value([&](const sluice_value** out) { return api_->offsets(host_, -1, out); });
  }
  std::int64_t copy(std::string_view target, std::size_t readers, std::size_t page) {
    return number(
        [&](std::int64_t* out) { return api_->copy(host_, to_view(target), readers, page, out); });
  }
  sluice_replay_result replay(Value from, Value to, std::string_view target) {
    sluice_replay_result result{};
    check([&] { return api_->replay(host_, from.raw(), to.raw(), to_view(target), &result); });
    return result;
  }
  Value compare(std::string_view target, std::size_t count, Value again) {
    return value([&](const sluice_value** out) {
      return api_->compare(host_, to_view(target), count, again.raw(), out);
    });
  }
  std::int64_t count_source() {
    return number([&](std::int64_t* out) { return api_->count_source(host_, out); });
  }

  std::chrono::milliseconds max_in_flight() {
    return std::chrono::milliseconds(api_->max_in_flight_ms(host_));
  }
  std::string create_target(std::string_view date) {
    return std::string(value([&](const sluice_value** out) {
                         return api_->create_target(host_, to_view(date), out);
                       }).as_string());
  }
  void finish_target(std::string_view target) { on_target(api_->finish_target, target); }
  void swap_target(std::string_view target) { on_target(api_->swap_target, target); }
  void drop_target(std::string_view target) { on_target(api_->drop_target, target); }
  void fence_target(std::string_view target) { on_target(api_->fence_target, target); }
  void unfence_target(std::string_view target) { on_target(api_->unfence_target, target); }
  // Whether replays since fence_target have brought all that readers can have seen in its target.
  bool is_level() { return api_->is_level(host_) != 0; }
  void refresh(std::string_view target) { on_target(api_->refresh, target); }
  Value list_targets() {
    return value([&](const sluice_value** out) { return api_->list_targets(host_, out); });
  }
  std::int64_t count_target(std::string_view target) {
    return number(
        [&](std::int64_t* out) { return api_->count_target(host_, to_view(target), out); });
  }

  // Null: none.
  Value note(std::string_view target) {
    return value([&](const sluice_value** out) { return api_->note(host_, to_view(target), out); });
  }
  void set_note(std::string_view target, Value note) {
    check([&] { return api_->set_note(host_, to_view(target), note.raw()); });
  }
  Value verify(std::string_view target, bool repair) {
    return value([&](const sluice_value** out) {
      return api_->verify(host_, to_view(target), repair ? 1 : 0, out);
    });
  }

  // Throws RetryError at once if the run should stop.
  void wait(std::chrono::milliseconds time) {
    check([&] { return api_->wait(host_, time.count()); });
  }
  void progress(std::string_view step, std::int64_t done = 0, std::int64_t total = 0) {
    api_->progress(host_, to_view(step), done, total);
  }

 private:
  using TargetCall = sluice_status (*)(sluice_job_host*, sluice_view);

  template <typename Call>
  void check(Call call) {
    const sluice_status status = call();
    if (status == SLUICE_OK) return;
    const std::string reason(to_string_view(api_->last_error(host_)));
    if (status == SLUICE_RETRY) throw RetryError(reason);
    if (status == SLUICE_RECORD_ERROR) throw RecordError(reason);
    throw FatalError(reason);
  }
  template <typename Call>
  Value value(Call call) {
    const sluice_value* result = nullptr;
    check([&] { return call(&result); });
    return Value{result};
  }
  template <typename Call>
  std::int64_t number(Call call) {
    std::int64_t result = 0;
    check([&] { return call(&result); });
    return result;
  }
  void on_target(TargetCall call, std::string_view target) {
    check([&] { return call(host_, to_view(target)); });
  }

  const sluice_job_api* api_;
  sluice_job_host* host_;
};

class Job {
 public:
  static constexpr std::uint32_t kKind = SLUICE_KIND_JOB;
  virtual ~Job() = default;
  // Returns a summary (an object, or null) that lives as long as the instance or until the next
  // run.
  virtual Value run(JobHost& host) = 0;
};

class Service {
 public:
  static constexpr std::uint32_t kKind = SLUICE_KIND_SERVICE;
  virtual ~Service() = default;
  virtual void start() = 0;                                  // returns when it accepts work
  virtual void stop(std::chrono::milliseconds timeout) = 0;  // lets work under way end, then stops
  virtual void health() = 0;  // throws when something is wrong; any thread
};

}  // namespace sluice

#include <sluice/detail/trampolines.hpp>

// Registers a plugin; use once, in one source file, outside any namespace. SCHEMA is a JSON Schema
// text. Then the classes, one for each kind, each with a constructor (sluice::Value config,
// sluice::Context context).
#define SLUICE_PLUGIN(NAME, VERSION, SUMMARY, SCHEMA, ...) \
  SLUICE_PLUGIN_SCHEDULED(NAME, VERSION, SUMMARY, SCHEMA, nullptr, __VA_ARGS__)

// The same for a plugin with a job that has a default schedule (cron, five fields).
#define SLUICE_PLUGIN_SCHEDULED(NAME, VERSION, SUMMARY, SCHEMA, SCHEDULE, ...)                  \
  extern "C" __attribute__((visibility("default"))) const sluice_plugin* sluice_plugin_entry(   \
      const sluice_host* host) noexcept {                                                       \
    static const sluice_plugin descriptor =                                                     \
        ::sluice::detail::Registration<__VA_ARGS__>::descriptor(NAME, VERSION, SUMMARY, SCHEMA, \
                                                                SCHEDULE);                      \
    return ::sluice::detail::accept(host) ? &descriptor : nullptr;                              \
  }
