#include "job/target_notes.hpp"

#include <algorithm>

#include <sluice/json.hpp>

#include "config/redact.hpp"
#include "config/utf8.hpp"

namespace sluice {
namespace {

using nlohmann::json;

json describe(const PluginInstance& sink) {
  sluice_output output;
  sink.call([&](void* self, sluice_error* error) {
    return sink.plugin().sink->describe(self, &output, error);
  });
  return output.values.empty() ? json() : to_json(Value(output.values.front()));
}

// FNV-1a: the same in every build.
std::string hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return std::to_string(hash);
}

// All that a document in a target depends on, besides the source: a target that was begun under
// another configuration can't be gone on with. Secrets change nothing, and stay out of it.
std::string fingerprint(const Flow& flow, const PluginInstance& sink) {
  Json parts = Json::array();
  for (const auto* spec : {&flow.plugins.denormalizer, &flow.plugins.sink}) {
    const auto& plugin = spec->library->descriptor();
    parts.push_back({plugin.name, plugin.version, redact(spec->config, spec->library->schema())});
  }
  parts.push_back(Json(describe(sink)));
  return hash(parts.dump());
}

bool is_utf8(std::string_view text) {
  return find_invalid_utf8(text) == std::string_view::npos;
}

// Cursors are the source's own: one that is no text has no place in JSON.
bool is_text(const CopyState& state) {
  return is_utf8(state.snapshot) && std::all_of(state.ranges.begin(), state.ranges.end(), is_utf8);
}

}  // namespace

bool TargetNotes::are_kept() const {
  const auto& sink = *sink_.plugin().sink;
  return sink.struct_size >= SLUICE_SIZE_WITH(sluice_sink, note) && sink.note != nullptr &&
         sink.set_note != nullptr;
}

std::optional<TargetNote> TargetNotes::read(const std::string& target) const {
  const json raw = read_raw(target);
  if (!raw.contains("job") || raw.value("fingerprint", "") != fingerprint(flow_, sink_)) {
    return std::nullopt;
  }
  TargetNote note{raw["job"], std::nullopt};
  if (raw.contains("copy")) {
    const auto& copy = raw["copy"];
    note.copy.emplace();
    copy.at("snapshot").get_to(note.copy->snapshot);
    copy.at("ranges").get_to(note.copy->ranges);
    copy.at("documents").get_to(note.copy->documents);
  }
  return note;
}

void TargetNotes::write(const std::string& target, const TargetNote& note) const {
  json raw{{"fingerprint", fingerprint(flow_, sink_)}, {"job", note.job}};
  if (note.copy && is_text(*note.copy)) {
    raw["copy"] = {{"snapshot", note.copy->snapshot},
                   {"ranges", note.copy->ranges},
                   {"documents", note.copy->documents}};
  }
  write_raw(target, raw);
}

void TargetNotes::mark_complete(const std::string& target) const {
  write_raw(target, {{"complete", true}});
}

void TargetNotes::mark_unfilled(const std::string& target) const {
  write_raw(target, {{"complete", false}});
}

std::optional<bool> TargetNotes::is_complete(const std::string& target) const {
  const json raw = read_raw(target);
  if (raw.empty()) return std::nullopt;
  return raw.value("complete", false);
}

json TargetNotes::read_raw(const std::string& target) const {
  json note;
  if (are_kept()) {
    sluice_output output;
    sink_.call([&](void* self, sluice_error* error) {
      return sink_.plugin().sink->note(self, to_view(target), &output, error);
    });
    if (!output.values.empty()) note = to_json(Value(output.values.front()));
  }
  return note.is_object() ? note : json::object();
}

void TargetNotes::write_raw(const std::string& target, const json& note) const {
  if (!are_kept()) return;
  Arena memory;
  const sluice_value value = to_value(note, memory);
  sink_.call([&](void* self, sluice_error* error) {
    return sink_.plugin().sink->set_note(self, to_view(target), &value, error);
  });
}

}  // namespace sluice
