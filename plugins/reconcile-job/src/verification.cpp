#include "verification.hpp"

#include <cstdlib>
#include <utility>
#include <vector>

namespace sluice::reconcile {

namespace {

constexpr std::size_t kNamed = 10;

std::string list(const std::vector<std::string>& ids) {
  std::string text = std::to_string(ids.size()) + " (";
  for (std::size_t i = 0; i < ids.size() && i < kNamed; ++i) text += (i == 0 ? "" : ", ") + ids[i];
  return text + (ids.size() > kNamed ? ", ...)" : ")");
}

}  // namespace

bool Verification::check(std::int64_t touched) {
  findings_.clear();
  const bool counts = counts_agree(touched);
  const bool samples = samples_agree();
  return counts && samples;
}

bool Verification::counts_agree(std::int64_t touched) {
  const std::int64_t source = host_.count_source();
  const std::int64_t target = host_.count_target(target_);
  if (std::abs(source - target) <= touched) return true;
  findings_ += "the source has " + std::to_string(source) + " documents, the index " +
               std::to_string(target) + "; ";
  return false;
}

bool Verification::samples_agree() {
  const bool first = !std::exchange(sampled_, true);
  if (first ? sample_ == 0 : differing_.empty()) return true;

  std::vector<sluice_value> ids;
  for (const auto& [id, digest] : differing_) ids.push_back(make_string(id));
  const sluice_value again = make_array(ids);
  const Value differences =
      host_.compare(target_, first ? sample_ : 0, ids.empty() ? Value() : Value(again));

  std::map<std::string, std::string> differing;
  std::vector<std::string> standing_still;
  for (const auto& item : differences.as_array()) {
    const Value difference(item);
    const std::string id(difference["id"].as_string());
    const std::string digest(difference["source"].as_string());
    const auto before = differing_.find(id);
    const bool moves = before != differing_.end() && before->second != digest;
    if (!moves) standing_still.push_back(id);
    differing[id] = digest;
  }
  differing_ = std::move(differing);
  if (standing_still.empty()) return true;
  findings_ += "sampled documents that differ from the source: " + list(standing_still) + "; ";
  return false;
}

}  // namespace sluice::reconcile
