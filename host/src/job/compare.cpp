#include "job/compare.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include <sluice/host_side.hpp>
#include <sluice/json.hpp>

#include "job/exact_json.hpp"

namespace sluice {
namespace {

using nlohmann::json;

/// What one side has of a document.
struct Side {
  json body;  ///< discarded: none
  std::int64_t version = 0;
  std::string trouble;  ///< why it could not be read

  bool exists() const { return !body.is_discarded(); }
};

json body_of(const sluice_document& document, std::string& trouble) {
  if (document.body == nullptr) return json(json::value_t::discarded);
  try {
    const Value body(document.body);
    return parse_exactly(body.type() == SLUICE_JSON ? body.as_json() : to_json(body).dump());
  } catch (const std::exception& e) {
    trouble = e.what();
    return json(json::value_t::discarded);
  }
}

Side side_of(const sluice_document& document) {
  Side side;
  side.body = body_of(document, side.trouble);
  side.version = document.version;
  return side;
}

/// By the place of their key in the call. Keys without a document are not there.
std::map<std::size_t, Side> sides_of(const sluice_output& output) {
  std::map<std::size_t, Side> sides;
  for (const auto& document : output.documents) sides[document.index] = side_of(document);
  for (const auto& [index, outcome, message] : output.outcomes) {
    sides[index] = {json(json::value_t::discarded), 0, std::string(to_string_view(message))};
  }
  return sides;
}

Side take(std::map<std::size_t, Side>& sides, std::size_t index) {
  const auto found = sides.find(index);
  if (found == sides.end()) return {json(json::value_t::discarded), 0, {}};
  return std::move(found->second);
}

std::string place_of(const std::string& name) {
  return (json::json_pointer() / name).to_string();
}

/// JSON pointer to the first place where two different values differ.
std::string first_difference(const json& left, const json& right) {
  if (left.is_object() && right.is_object()) {
    for (const auto& [name, value] : left.items()) {
      const auto other = right.find(name);
      if (other == right.end()) return place_of(name);
      if (value != *other) return place_of(name) + first_difference(value, *other);
    }
    for (const auto& [name, value] : right.items()) {
      if (!left.contains(name)) return place_of(name);
    }
  }
  if (left.is_array() && right.is_array()) {
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
      const auto place = "/" + std::to_string(i);
      if (i >= left.size() || i >= right.size()) return place;
      if (left[i] != right[i]) return place + first_difference(left[i], right[i]);
    }
  }
  return {};
}

std::optional<Difference> difference(std::string_view id, const Side& source, const Side& index) {
  Difference found{std::string(id), {}, DriftKind::kDiffering, {}, source.version, index.version};
  if (source.exists()) {
    found.source = std::to_string(
        std::hash<std::string>{}(source.body.dump(-1, ' ', false, json::error_handler_t::replace)));
  }
  if (!source.trouble.empty() || !index.trouble.empty()) {
    found.kind = DriftKind::kUnreadable;
    found.detail = source.trouble.empty() ? index.trouble : source.trouble;
  } else if (source.exists() && index.exists()) {
    if (source.body == index.body) return std::nullopt;
    found.detail = first_difference(source.body, index.body);
  } else if (source.exists()) {
    found.kind = DriftKind::kMissing;
  } else if (index.exists()) {
    found.kind = DriftKind::kExtra;
  } else {
    return std::nullopt;
  }
  return found;
}

/// Keys for a call, in the order of their ids.
class Keys {
 public:
  void add(std::string_view id) { keys_.push_back({keys_.size(), to_view(id), nullptr, 0, 0}); }
  std::size_t size() const { return keys_.size(); }
  std::vector<const sluice_key*> pointers() const {
    std::vector<const sluice_key*> pointers;
    for (const auto& key : keys_) pointers.push_back(&key);
    return pointers;
  }

 private:
  std::vector<sluice_key> keys_;
};

std::map<std::size_t, Side> fetch(const WritingStages& stages, std::string_view target,
                                  const Keys& keys) {
  sluice_output fetched;
  const auto pointers = keys.pointers();
  const auto& sink = stages.sink();
  sink.call([&](void* self, sluice_error* error) {
    return sink.plugin().sink->fetch(self, to_view(target), pointers.data(), pointers.size(),
                                     &fetched, error);
  });
  return sides_of(fetched);
}

std::map<std::size_t, Side> materialize(const WritingStages& stages, const Keys& keys) {
  sluice_output read;
  const auto pointers = keys.pointers();
  const auto& source = stages.source();
  source.call([&](void* self, sluice_error* error) {
    return source.plugin().denormalizer->materialize(self, pointers.data(), pointers.size(), &read,
                                                     error);
  });
  return sides_of(read);
}

std::set<std::string> pick(const WritingStages& stages, std::size_t count,
                           const std::vector<std::string>& again) {
  std::set<std::string> ids(again.begin(), again.end());
  sluice_output output;
  const auto& source = stages.source();
  source.call([&](void* self, sluice_error* error) {
    return source.plugin().denormalizer->sample(self, count, &output, error);
  });
  for (const auto& key : output.keys) ids.emplace(to_string_view(key.id));
  return ids;
}

}  // namespace

const char* to_string(DriftKind kind) {
  switch (kind) {
    case DriftKind::kMissing:
      return "missing";
    case DriftKind::kExtra:
      return "extra";
    case DriftKind::kDiffering:
      return "differing";
    default:
      return "unreadable";
  }
}

// The index first: then what the source says is the newer of the two.
std::vector<Difference> compare_ids(const WritingStages& stages, std::string_view target,
                                    std::span<const std::string> ids) {
  if (ids.empty()) return {};
  Keys keys;
  for (const auto& id : ids) keys.add(id);
  auto there = fetch(stages, target, keys);
  auto here = materialize(stages, keys);
  std::vector<Difference> differences;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto found = difference(ids[i], take(here, i), take(there, i));
    if (found) differences.push_back(std::move(*found));
  }
  return differences;
}

std::vector<Difference> compare(const WritingStages& stages, std::string_view target,
                                std::size_t count, const std::vector<std::string>& again) {
  const auto picked = pick(stages, count, again);
  const std::vector<std::string> ids(picked.begin(), picked.end());
  return compare_ids(stages, target, ids);
}

ComparedPage compare_page(const WritingStages& stages, std::string_view target,
                          std::string_view cursor, std::size_t limit) {
  sluice_output read;
  const auto& source = stages.source();
  source.call([&](void* self, sluice_error* error) {
    return source.plugin().denormalizer->scan(self, to_view(cursor), limit, &read, error);
  });
  ComparedPage page;
  if (!read.cursors.empty()) page.next = to_string_view(read.cursors.front().state);
  for (const auto& row : failed_rows(read, source)) {
    page.differences.push_back(
        {std::string(row.id), {}, DriftKind::kUnreadable, std::string(row.reason), 0, 0});
  }
  if (read.documents.empty()) return page;

  Keys keys;
  for (const auto& document : read.documents) keys.add(to_string_view(document.id));
  auto there = fetch(stages, target, keys);
  for (std::size_t i = 0; i < read.documents.size(); ++i) {
    const auto id = to_string_view(read.documents[i].id);
    const auto index = take(there, i);
    if (index.exists()) page.present.emplace_back(id);
    auto found = difference(id, side_of(read.documents[i]), index);
    if (found) page.differences.push_back(std::move(*found));
    ++page.compared;
  }
  return page;
}

}  // namespace sluice
