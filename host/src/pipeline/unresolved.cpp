#include "pipeline/unresolved.hpp"

#include <utility>

namespace sluice {
namespace {

constexpr std::size_t kNamed = 10;

}  // namespace

void Unresolved::add(std::string_view id, std::string_view reason) {
  ++count_;
  name({std::string(id), std::string(reason)});
}

void Unresolved::add(const Unresolved& others) {
  count_ += others.count_;
  for (const auto& document : others.named_) name(document);
}

void Unresolved::name(Document document) {
  if (named_.size() < kNamed) named_.push_back(std::move(document));
}

std::string Unresolved::describe() const {
  std::string text;
  for (const auto& [id, reason] : named_) {
    text += (text.empty() ? "" : ", ") + (id.empty() ? "one without a known id" : id) + " (" +
            reason + ')';
  }
  const auto more = count_ - static_cast<std::int64_t>(named_.size());
  return more == 0 ? text : text + ", and " + std::to_string(more) + " more";
}

}  // namespace sluice
