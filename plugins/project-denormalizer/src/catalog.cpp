#include "catalog.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace sluice::denorm {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row.back();
}

}  // namespace

const CatalogColumn* CatalogTable::find(const std::string& column) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const CatalogColumn& c) { return c.name == column; });
  return found == columns.end() ? nullptr : &*found;
}

bool CatalogTable::is_unique(const std::vector<std::string>& among) const {
  return std::any_of(unique_keys.begin(), unique_keys.end(), [&](const auto& key) {
    return std::all_of(key.begin(), key.end(), [&](const std::string& column) {
      return std::find(among.begin(), among.end(), column) != among.end();
    });
  });
}

std::vector<std::string> CatalogTable::known_key_columns() const {
  if (replica_identity == ReplicaIdentity::kNothing) return {};
  if (replica_identity != ReplicaIdentity::kIndex) return primary_key;
  std::vector<std::string> known;
  std::copy_if(primary_key.begin(), primary_key.end(), std::back_inserter(known),
               [&](const std::string& column) {
                 return std::find(identity_index.begin(), identity_index.end(), column) !=
                        identity_index.end();
               });
  return known;
}

const char* to_string(ReplicaIdentity identity) {
  switch (identity) {
    case ReplicaIdentity::kFull:
      return "full";
    case ReplicaIdentity::kIndex:
      return "index";
    case ReplicaIdentity::kNothing:
      return "nothing";
    default:
      return "default";
  }
}

std::vector<std::string> nearest_names(const std::string& name,
                                       const std::vector<std::string>& candidates) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance <= std::max<std::size_t>(2, name.size() / 3))
      ranked.emplace_back(distance, candidate);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> out;
  for (const auto& [distance, candidate] : ranked) {
    if (out.size() < 3 && distance <= ranked.front().first + 1) out.push_back(candidate);
  }
  return out;
}

}  // namespace sluice::denorm
