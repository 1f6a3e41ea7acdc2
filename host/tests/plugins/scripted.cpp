// A plugin of every kind, for tests: see script.hpp.
#include <array>
#include <charconv>
#include <optional>

#include <sluice/json.hpp>
#include <sluice/sdk.hpp>

#include "script.hpp"

namespace {

using sluice::to_string_view;
using sluice::test::kFanSize;
using sluice::test::Script;

constexpr const char* kSchema = R"({
  "type": "object",
  "properties": {
    "script": {"type": "integer", "default": 0, "description": "Address of the test's script."},
    "password": {"type": "string", "format": "secret", "description": "Not used."},
    "refuse": {"type": "boolean", "default": false, "description": "The constructor throws."},
    "complaint": {"type": "string", "description": "The constructor throws this."},
    "explanation": {"type": "string", "default": "{}", "description": "JSON that explain gives."},
    "misfit": {"type": "string", "description": "explain fails with this."},
    "away": {"type": "string", "description": "explain fails with this, for a while."}
  }
})";

/// What all kinds have in common.
class Scripted {
 public:
  Scripted(sluice::Value config, sluice::Context context) : context_(context) {
    if (config.has("refuse") && config["refuse"].as_bool()) {
      throw sluice::FatalError("refused, as asked");
    }
    if (config.has("complaint")) throw sluice::FatalError(text_of(config, "complaint"));
    explanation_ = text_of(config, "explanation");
    misfit_ = text_of(config, "misfit");
    away_ = text_of(config, "away");
    const auto address = config.has("script") ? config["script"].as_int64() : 0;
    script_ = address == 0 ? &own_ : reinterpret_cast<Script*>(address);
  }

 protected:
  void tell(sluice::ValueOutput& output) {
    output.value(sluice::to_value(nlohmann::ordered_json::parse(explanation_), output));
    if (!misfit_.empty()) throw sluice::FatalError(misfit_);
    if (!away_.empty()) throw sluice::RetryError(away_);
  }
  Script& script() const { return *script_; }
  const sluice::Context& context() const { return context_; }

 private:
  static std::string text_of(sluice::Value config, const char* option) {
    return config.has(option) ? std::string(config[option].as_string()) : std::string();
  }

  Script own_;
  Script* script_;
  std::string explanation_, misfit_, away_;
  sluice::Context context_;
};

std::string_view next_word(std::string_view& text) {
  const auto end = std::min(text.find(' '), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class ScriptedDecoder : public sluice::Decoder, Scripted {
 public:
  using Scripted::Scripted;

  void decode(std::span<const sluice_record* const> records,
              sluice::ChangeOutput& output) override {
    if (script().on_decode) script().on_decode(records);
    for (std::size_t i = 0; i < records.size(); ++i) {
      std::string_view text = to_string_view(records[i]->value);
      const auto word = next_word(text);
      const auto id = next_word(text);
      if (word == "bad") {
        output.fail(i, "cannot be decoded");
        continue;
      }
      if (word == "throw") throw sluice::RecordError("a call with this record fails");
      if (word == "fatal") throw sluice::FatalError("the decoder is broken");
      if (text == "outside") {
        emit(records.size(), word, id, text, output);
      } else {
        emit(i, word, id, text, output);
      }
    }
  }

 private:
  static void emit(std::size_t record, std::string_view word, std::string_view id,
                   std::string_view tx_id, sluice::ChangeOutput& output) {
    sluice_change change{};
    change.record = record;
    change.op = SLUICE_OP_UPDATE;
    change.table = sluice::to_view(output.copy(word));
    change.key = output.copy(sluice::make_string(output.copy(id)));
    change.tx_id = number(tx_id);
    output.change(change);
  }
};

class ScriptedTransform : public sluice::Transform, Scripted {
 public:
  using Scripted::Scripted;

  void transform(std::span<const sluice_change* const> changes,
                 sluice::ChangeOutput& output) override {
    if (script().transform) return script().transform(changes, output);
    for (const auto* change : changes) output.change(*change);
  }
};

class ScriptedDenormalizer : public sluice::Denormalizer, Scripted {
 public:
  using Scripted::Scripted;
  ~ScriptedDenormalizer() override { release(); }

  void route(std::span<const sluice_change* const> changes, sluice::KeyOutput& output) override {
    if (script().route) return script().route(changes, output);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto word = to_string_view(changes[i]->table);
      const auto id = sluice::Value(changes[i]->key).as_string();
      if (word == "put") output.key(i, id);
      if (word == "del") output.key(i, id, true);
      if (word == "fan") output.walk(i, std::string(id) + " 0");
      if (word == "sweep") output.sweep(i);
    }
  }

  void walk(std::string_view cursor, std::size_t limit, sluice::KeyOutput& output) override {
    if (script().on_walk) script().on_walk(cursor);
    const std::string name(next_word(cursor));
    const auto first = number(cursor);
    const auto end = std::min<std::int64_t>(first + static_cast<std::int64_t>(limit), kFanSize);
    for (auto i = first; i < end; ++i) output.key(0, name + "-" + std::to_string(i));
    if (end < kFanSize) output.walk(0, name + " " + std::to_string(end));
  }

  void materialize(std::span<const sluice_key* const> keys,
                   sluice::DocumentOutput& output) override {
    if (script().materialize) return script().materialize(keys, output);
    std::int64_t version = 0;
    {
      const std::lock_guard lock(script().mutex);
      version = script().next_version++;
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      output.document(i, output.copy(to_string_view(keys[i]->id)), version, R"({"sound":true})");
    }
  }

  // Two ranges, of documents 0 to 9 and 10 to 19.
  void ranges(std::size_t, sluice::CursorOutput& output) override {
    output.range("0 10");
    output.range("10 20");
  }
  void scan(std::string_view cursor, std::size_t limit, sluice::DocumentOutput& output) override {
    if (script().on_walk) script().on_walk(cursor);
    if (script().scan) return script().scan(cursor, output);
    const auto first = number(next_word(cursor));
    const auto end = number(cursor);
    const auto last = std::min<std::int64_t>(first + static_cast<std::int64_t>(limit), end);
    for (auto i = first; i < last; ++i) {
      output.document(0, output.copy("row-" + std::to_string(i)), 1, R"({"sound":true})");
    }
    if (last < end) output.next(std::to_string(last) + " " + std::to_string(end));
  }
  void snapshot(sluice::ValueOutput& output) override {
    if (script().on_snapshot) script().on_snapshot();
    output.value(sluice::make_string(script().seen ? "now" : ""));
  }
  void seen(std::string_view, std::span<const std::int64_t> tx_ids,
            std::span<std::uint8_t> seen) override {
    for (std::size_t i = 0; i < tx_ids.size(); ++i) {
      seen[i] = script().seen && script().seen(tx_ids[i]) ? SLUICE_SEEN : SLUICE_UNSEEN;
    }
  }
  std::int64_t count() override {
    const std::lock_guard lock(script().mutex);
    return script().rows;
  }
  void sample(std::size_t count, sluice::KeyOutput& output) override {
    for (std::size_t i = 0; i < std::min<std::size_t>(count, 20); ++i) {
      output.key(0, "row-" + std::to_string(i));
    }
  }

  bool lock(std::string_view) override {
    const std::lock_guard guard(script().mutex);
    if (script().locked) return false;
    return holds_lock_ = script().locked = true;
  }
  void check_lock() override {
    if (!holds_lock_) throw sluice::RetryError("the lock was lost");
  }
  void unlock() override { release(); }
  void explain(sluice::ValueOutput& output) override { tell(output); }
  void source_state(sluice::ValueOutput& output) override {
    const auto state = script().source_state ? script().source_state() : std::string("{}");
    output.value(sluice::to_value(nlohmann::ordered_json::parse(state), output));
  }

 private:
  void release() {
    if (!holds_lock_) return;
    const std::lock_guard guard(script().mutex);
    script().locked = holds_lock_ = false;
  }

  bool holds_lock_ = false;
};

class ScriptedSink : public sluice::Sink, Scripted {
 public:
  using Scripted::Scripted;

  void prepare() override {
    if (script().prepare) script().prepare();
  }
  void write(std::string_view target, std::span<const sluice_document* const> documents,
             sluice::OutcomeOutput& output) override {
    context().count("writes_total");
    if (script().write) return script().write(target, documents, output);
    for (std::size_t i = 0; i < documents.size(); ++i) {
      script().record(target, *documents[i]);
      output.done(i);
    }
  }
  std::chrono::milliseconds max_in_flight() const override { return std::chrono::seconds(7); }
  void describe(sluice::ValueOutput& output) override {
    output.value(sluice::make_json(R"({"mappings":{"dynamic":false}})"));
  }
  void create_target(std::string_view date, sluice::ValueOutput& output) override {
    output.value(sluice::make_string(output.copy("index-" + std::string(date))));
  }
  void finish_target(std::string_view) override {}
  void swap_target(std::string_view) override {}
  void drop_target(std::string_view target) override {
    throw sluice::FatalError(std::string(target) + " is in use");
  }
  void list_targets(sluice::ValueOutput& output) override {
    const std::lock_guard lock(script().mutex);
    if (script().in_use.empty()) return;
    const std::array fields{
        sluice::make_field("name", sluice::make_string(output.copy(script().in_use))),
        sluice::make_field("created_ms", sluice::make_int64(1)),
        sluice::make_field("current", sluice::make_bool(true))};
    const sluice_value target = sluice::make_object(output.copy(fields));
    output.value(sluice::make_array({output.copy(target), 1}));
  }
  void refresh(std::string_view) override {}
  std::int64_t count(std::string_view) override {
    return static_cast<std::int64_t>(script().documents());
  }
  void fetch(std::string_view, std::span<const sluice_key* const> keys,
             sluice::DocumentOutput& output) override {
    if (script().fetch) return script().fetch(keys, output);
    const std::lock_guard lock(script().mutex);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto found = script().index.find(std::string(to_string_view(keys[i]->id)));
      if (found == script().index.end()) continue;
      output.document(i, output.copy(found->first), found->second, R"({"sound":true})");
    }
  }
  void keys(std::string_view, std::string_view cursor, std::size_t limit,
            sluice::KeyOutput& output) override {
    const std::lock_guard lock(script().mutex);
    auto at = script().index.upper_bound(std::string(cursor));
    std::string last;
    for (; at != script().index.end() && limit > 0; ++at, --limit) {
      output.key(0, last = at->first);
    }
    if (at != script().index.end()) output.walk(0, last);
  }
  void set_note(std::string_view target, sluice::Value note) override {
    const std::lock_guard lock(script().mutex);
    script().notes[std::string(target)] = sluice::to_json(note).dump();
  }
  void note(std::string_view target, sluice::ValueOutput& output) override {
    const std::lock_guard lock(script().mutex);
    const auto found = script().notes.find(std::string(target));
    if (found != script().notes.end()) output.value(sluice::make_json(output.copy(found->second)));
  }
};

class ScriptedJob : public sluice::Job, Scripted {
 public:
  using Scripted::Scripted;

  sluice::Value run(sluice::JobHost& host) override {
    text_ = script().run ? script().run(host) : std::string(R"({"ran":true})");
    result_ = sluice::make_json(text_);
    return sluice::Value(result_);
  }

 private:
  std::string text_;
  sluice_value result_{};
};

class ScriptedService : public sluice::Service, Scripted {
 public:
  using Scripted::Scripted;

  void start() override {
    if (script().start) script().start();
  }
  void stop(std::chrono::milliseconds timeout) override {
    if (script().stop) script().stop(timeout);
  }
  void health() override {
    if (script().health) script().health();
  }
};

}  // namespace

SLUICE_PLUGIN_SCHEDULED("scripted", "1.2.3", "Does what a test tells it to", kSchema, "0 4 * * *",
                        ScriptedDecoder, ScriptedTransform, ScriptedDenormalizer, ScriptedSink,
                        ScriptedJob, ScriptedService)
