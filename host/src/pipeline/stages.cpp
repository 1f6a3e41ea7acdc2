#include "pipeline/stages.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include <sluice/host_side.hpp>
#include <sluice/sdk.hpp>

namespace sluice {
namespace {

std::unique_ptr<PluginInstance> make(const PluginSpec& spec, const std::string& pipeline,
                                     Metrics* metrics, const std::stop_token& stop) {
  return std::make_unique<PluginInstance>(spec, pipeline, metrics, stop);
}

template <typename T>
std::vector<const T*> pointers_to(const std::vector<T>& items) {
  std::vector<const T*> pointers;
  pointers.reserve(items.size());
  for (const auto& item : items) pointers.push_back(&item);
  return pointers;
}

KeyPage page_of(const sluice_output& output) {
  KeyPage page;
  for (const auto& key : output.keys) page.ids.emplace_back(to_string_view(key.id));
  if (!output.cursors.empty()) page.next = to_string_view(output.cursors.front().state);
  return page;
}

// A snapshot's rows carry the transaction of the reader, which is open until the snapshot ends; the
// rows themselves were visible before it began.
std::int64_t tx_id_to_see(const sluice_change& change) {
  return change.snapshot != 0 || change.op == SLUICE_OP_READ ? 0 : change.tx_id;
}

// A plugin that names an item it was not given has a bug; nothing it says can be relied on.
void check_index(std::size_t index, std::size_t count, const PluginInstance& plugin) {
  if (index >= count)
    throw FatalError(plugin.name() + ": gave a result for an item that does not exist");
}

}  // namespace

// Nobody asked for these rows by a key, so the source tells it with the outcome.
std::vector<FailedRow> failed_rows(const sluice_output& page, const PluginInstance& source) {
  std::unordered_map<std::size_t, std::string_view> ids;
  for (const auto& key : page.keys) ids.emplace(key.index, to_string_view(key.id));
  std::vector<FailedRow> rows;
  for (const auto& [index, outcome, message] : page.outcomes) {
    const std::string_view reason = to_string_view(message);
    if (outcome != SLUICE_ITEM_ERROR) {
      throw RetryError(source.name() + ": a row could not be read: " + std::string(reason));
    }
    const auto id = ids.find(index);
    rows.push_back({id == ids.end() ? std::string_view() : id->second, reason});
  }
  return rows;
}

RoutingStages::RoutingStages(const PipelinePlugins& plugins, const std::string& pipeline,
                             Metrics* metrics, const std::stop_token& stop)
    : decoder_(make(plugins.decoder, pipeline, metrics, stop)),
      router_(make(plugins.denormalizer, pipeline, metrics, stop)) {
  for (const auto& spec : plugins.transforms)
    transforms_.push_back(make(spec, pipeline, metrics, stop));
}

Routed RoutingStages::route(const RecordBatch& batch) {
  Routed routed;
  std::vector<const sluice_record*> records;
  records.reserve(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) records.push_back(&batch[i]);

  Changes changes;
  changes.reserve(batch.size());
  decode(records, 0, changes, routed);
  for (const auto& plugin : transforms_) {
    if (changes.empty()) break;
    Changes transformed;
    transform(*plugin, changes, transformed, routed);
    for (const auto* change : transformed) check_index(change->record, batch.size(), *plugin);
    changes = std::move(transformed);
  }
  if (!changes.empty()) find_keys(changes, routed);
  return routed;
}

// A plugin may condemn a call as a whole. Then the culprit is found by halves, so that it fails
// alone.
void RoutingStages::decode(std::span<const sluice_record* const> records, std::size_t first,
                           Changes& changes, Routed& routed) const {
  auto& output = *routed.memory.emplace_back(std::make_unique<sluice_output>());
  try {
    decoder_->call([&](void* self, sluice_error* error) {
      return decoder_->plugin().decoder->decode(self, records.data(), records.size(), &output,
                                                error);
    });
  } catch (const RecordError& e) {
    if (records.size() == 1) {
      routed.failures.push_back({first, "VALUE_CONVERTER", decoder_->name(), e.what()});
      return;
    }
    const auto half = records.size() / 2;
    decode(records.first(half), first, changes, routed);
    decode(records.subspan(half), first + half, changes, routed);
    return;
  }
  for (const auto& [index, outcome, message] : output.outcomes) {
    check_index(index, records.size(), *decoder_);
    if (outcome != SLUICE_ITEM_ERROR) continue;
    routed.failures.push_back(
        {first + index, "VALUE_CONVERTER", decoder_->name(), std::string(to_string_view(message))});
  }
  for (auto& change : output.changes) {
    check_index(change.record, records.size(), *decoder_);
    change.record += first;
    changes.push_back(&change);
  }
}

void RoutingStages::transform(const PluginInstance& plugin,
                              std::span<const sluice_change* const> changes, Changes& transformed,
                              Routed& routed) const {
  auto& output = *routed.memory.emplace_back(std::make_unique<sluice_output>());
  try {
    plugin.call([&](void* self, sluice_error* error) {
      return plugin.plugin().transform->transform(self, changes.data(), changes.size(), &output,
                                                  error);
    });
  } catch (const RecordError& e) {
    if (changes.size() == 1) {
      routed.failures.push_back({changes[0]->record, "TRANSFORMATION", plugin.name(), e.what()});
      return;
    }
    const auto half = changes.size() / 2;
    transform(plugin, changes.first(half), transformed, routed);
    transform(plugin, changes.subspan(half), transformed, routed);
    return;
  }
  add_failures(output, changes, plugin, routed);
  for (const auto& change : output.changes) transformed.push_back(&change);
}

void RoutingStages::find_keys(std::span<const sluice_change* const> changes, Routed& routed) const {
  auto& output = *routed.memory.emplace_back(std::make_unique<sluice_output>());
  try {
    router_->call([&](void* self, sluice_error* error) {
      return router_->plugin().denormalizer->route(self, changes.data(), changes.size(), &output,
                                                   error);
    });
  } catch (const RecordError& e) {
    if (changes.size() == 1) {
      routed.failures.push_back({changes[0]->record, "TRANSFORMATION", router_->name(), e.what()});
      return;
    }
    const auto half = changes.size() / 2;
    find_keys(changes.first(half), routed);
    find_keys(changes.subspan(half), routed);
    return;
  }
  add_failures(output, changes, *router_, routed);
  routed.keys.reserve(routed.keys.size() + output.keys.size());
  for (const auto& key : output.keys) {
    check_index(key.index, changes.size(), *router_);
    const auto& change = *changes[key.index];
    routed.keys.push_back(
        {change.record, to_string_view(key.id), tx_id_to_see(change), key.urgent != 0});
  }
  for (const auto& cursor : output.cursors) {
    check_index(cursor.index, changes.size(), *router_);
    const auto& change = *changes[cursor.index];
    routed.walks.push_back({change.record, std::string(to_string_view(cursor.state)),
                            cursor.sweep != 0, tx_id_to_see(change)});
  }
}

void RoutingStages::add_failures(const sluice_output& output,
                                 std::span<const sluice_change* const> changes,
                                 const PluginInstance& plugin, Routed& routed) {
  for (const auto& [index, outcome, message] : output.outcomes) {
    check_index(index, changes.size(), plugin);
    if (outcome != SLUICE_ITEM_ERROR) continue;
    routed.failures.push_back({changes[index]->record, "TRANSFORMATION", plugin.name(),
                               std::string(to_string_view(message))});
  }
}

WritingStages::WritingStages(const PipelinePlugins& plugins, const std::string& pipeline,
                             Metrics* metrics, const std::stop_token& stop)
    : source_(make(plugins.denormalizer, pipeline, metrics, stop)),
      sink_(make(plugins.sink, pipeline, metrics, stop)) {}

std::vector<KeyResult> WritingStages::write(std::string_view target,
                                            std::span<const KeyRequest> requests) {
  try {
    return write_together(target, requests);
  } catch (const RecordError& e) {
    if (requests.size() == 1) return {{SLUICE_ITEM_ERROR, e.what(), source_->name()}};
  }
  // One of them spoils the call: by halves, so that it fails alone.
  const auto half = requests.size() / 2;
  auto results = write(target, requests.first(half));
  auto rest = write(target, requests.subspan(half));
  std::move(rest.begin(), rest.end(), std::back_inserter(results));
  return results;
}

std::vector<KeyResult> WritingStages::write_together(std::string_view target,
                                                     std::span<const KeyRequest> requests) {
  std::vector<sluice_key> keys;
  keys.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& tx_ids = requests[i].tx_ids;
    keys.push_back({i, to_view(requests[i].id), tx_ids.data(), tx_ids.size(), 0});
  }
  const auto pointers = pointers_to(keys);
  sluice_output documents;
  source_->call([&](void* self, sluice_error* error) {
    return source_->plugin().denormalizer->materialize(self, pointers.data(), pointers.size(),
                                                       &documents, error);
  });

  std::vector<KeyResult> results(requests.size());
  for (const auto& [index, outcome, message] : documents.outcomes) {
    check_index(index, results.size(), *source_);
    results[index] = {outcome, std::string(to_string_view(message)), source_->name()};
  }
  write_documents(target, documents, results);
  return results;
}

// The sink numbers what it is given from 0 on; a key that gave no document has no part in that.
void WritingStages::write_documents(std::string_view target, sluice_output& read,
                                    std::vector<KeyResult>& results) {
  if (read.documents.empty()) return;
  std::vector<std::size_t> key_of;
  key_of.reserve(read.documents.size());
  for (auto& document : read.documents) {
    check_index(document.index, results.size(), *source_);
    key_of.push_back(std::exchange(document.index, key_of.size()));
  }
  const auto pointers = pointers_to(read.documents);
  sluice_output output;
  sink_->call([&](void* self, sluice_error* error) {
    return sink_->plugin().sink->write(self, to_view(target), pointers.data(), pointers.size(),
                                       &output, error);
  });
  for (const auto& [index, outcome, message] : output.outcomes) {
    check_index(index, pointers.size(), *sink_);
    results[key_of[index]] = {outcome, std::string(to_string_view(message)), sink_->name()};
  }
}

KeyPage WritingStages::walk(std::string_view cursor, std::size_t limit) {
  sluice_output output;
  source_->call([&](void* self, sluice_error* error) {
    return source_->plugin().denormalizer->walk(self, to_view(cursor), limit, &output, error);
  });
  return page_of(output);
}

KeyPage WritingStages::sweep(std::string_view target, std::string_view cursor, std::size_t limit) {
  sluice_output output;
  sink_->call([&](void* self, sluice_error* error) {
    return sink_->plugin().sink->keys(self, to_view(target), to_view(cursor), limit, &output,
                                      error);
  });
  return page_of(output);
}

WritingStages::ScanResult WritingStages::scan(std::string_view target, std::string_view cursor,
                                              std::size_t limit) {
  sluice_output page;
  source_->call([&](void* self, sluice_error* error) {
    return source_->plugin().denormalizer->scan(self, to_view(cursor), limit, &page, error);
  });
  ScanResult result;
  for (const auto& row : failed_rows(page, *source_)) {
    result.unsettled.emplace_back(
        row.id, KeyResult{SLUICE_ITEM_ERROR, std::string(row.reason), source_->name()});
  }
  // A scan was asked for no keys, so its documents are numbered as they came.
  for (std::size_t i = 0; i < page.documents.size(); ++i) page.documents[i].index = i;
  std::vector<KeyResult> results(page.documents.size());
  write_documents(target, page, results);

  if (!page.cursors.empty()) result.next = to_string_view(page.cursors.front().state);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].outcome == SLUICE_DONE || results[i].outcome == SLUICE_SUPERSEDED) {
      ++result.written;
    } else {
      result.unsettled.emplace_back(to_string_view(page.documents[i].id), std::move(results[i]));
    }
  }
  return result;
}

std::vector<std::string> WritingStages::ranges(std::size_t count) {
  sluice_output output;
  source_->call([&](void* self, sluice_error* error) {
    return source_->plugin().denormalizer->ranges(self, count, &output, error);
  });
  std::vector<std::string> cursors;
  for (const auto& cursor : output.cursors) cursors.emplace_back(to_string_view(cursor.state));
  return cursors;
}

std::int64_t WritingStages::count_source() const {
  std::int64_t documents = 0;
  source_->call([&](void* self, sluice_error* error) {
    return source_->plugin().denormalizer->count(self, &documents, error);
  });
  return documents;
}

std::int64_t WritingStages::count_target(std::string_view target) const {
  std::int64_t documents = 0;
  sink_->call([&](void* self, sluice_error* error) {
    return sink_->plugin().sink->count(self, to_view(target), &documents, error);
  });
  return documents;
}

std::string WritingStages::snapshot() const {
  sluice_output output;
  source_->call([&](void* self, sluice_error* error) {
    return source_->plugin().denormalizer->snapshot(self, &output, error);
  });
  return output.values.empty() ? std::string()
                               : std::string(Value(output.values.front()).as_string());
}

std::vector<std::uint8_t> WritingStages::seen(std::string_view snapshot,
                                              const std::vector<std::int64_t>& tx_ids) const {
  std::vector<std::uint8_t> seen(tx_ids.size(), 0);
  if (snapshot.empty() || tx_ids.empty()) return seen;
  source_->call([&](void* self, sluice_error* error) {
    return source_->plugin().denormalizer->seen(self, to_view(snapshot), tx_ids.data(),
                                                tx_ids.size(), seen.data(), error);
  });
  return seen;
}

}  // namespace sluice
