#include "job/compare.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include <sluice/json.hpp>

namespace sluice {
namespace {

using Bodies = std::map<std::size_t, nlohmann::json>;

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

Bodies bodies_of(const sluice_output& output) {
  Bodies bodies;
  for (const auto& document : output.documents) {
    if (document.body != nullptr) bodies[document.index] = to_json(Value(document.body));
  }
  return bodies;
}

std::optional<nlohmann::json> find(const Bodies& bodies, std::size_t index) {
  const auto found = bodies.find(index);
  return found == bodies.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::vector<Difference> compare(const WritingStages& stages, std::string_view target,
                                std::size_t count, const std::vector<std::string>& again) {
  const auto ids = pick(stages, count, again);
  if (ids.empty()) return {};
  std::vector<sluice_key> keys;
  for (const auto& id : ids) keys.push_back({keys.size(), to_view(id), nullptr, 0, 0});
  std::vector<const sluice_key*> pointers;
  for (const auto& key : keys) pointers.push_back(&key);

  sluice_output fetched;
  const auto& sink = stages.sink();
  sink.call([&](void* self, sluice_error* error) {
    return sink.plugin().sink->fetch(self, to_view(target), pointers.data(), pointers.size(),
                                     &fetched, error);
  });
  sluice_output read;
  const auto& source = stages.source();
  source.call([&](void* self, sluice_error* error) {
    return source.plugin().denormalizer->materialize(self, pointers.data(), pointers.size(), &read,
                                                     error);
  });

  const Bodies there = bodies_of(fetched);
  const Bodies here = bodies_of(read);
  std::vector<Difference> differences;
  for (const auto& key : keys) {
    const auto expected = find(here, key.index);
    if (expected == find(there, key.index)) continue;
    const std::string digest =
        expected ? std::to_string(std::hash<std::string>{}(expected->dump())) : std::string();
    differences.push_back({std::string(to_string_view(key.id)), digest});
  }
  return differences;
}

}  // namespace sluice
