#include "pipeline/trouble.hpp"

namespace sluice {
namespace {

Trouble::Clock::duration patience_with(std::size_t part) {
  return part == Trouble::kDocuments ? Trouble::kPatienceWithDocuments : Trouble::kPatience;
}

}  // namespace

void Trouble::set_waiting(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  waiting_ = reason;
}

void Trouble::note(Part part, const std::string& reason, Clock::time_point began) {
  const std::lock_guard lock(mutex_);
  auto& retried = retried_.at(part);
  if (retried.reason.empty()) retried.since = began;
  retried.reason = reason.empty() ? "no reason given" : reason;
}

void Trouble::clear(Part part) {
  const std::lock_guard lock(mutex_);
  retried_.at(part).reason.clear();
}

void Trouble::clear() {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  warning_.clear();
  for (auto& retried : retried_) retried.reason.clear();
}

void Trouble::set_warning(const std::string& warning) {
  const std::lock_guard lock(mutex_);
  warning_ = warning;
}

std::string Trouble::warning() const {
  const std::lock_guard lock(mutex_);
  return warning_;
}

std::string Trouble::text(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) return waiting_;
  const Retried* longest = nullptr;
  for (std::size_t part = 0; part < retried_.size(); ++part) {
    const auto& retried = retried_.at(part);
    if (retried.reason.empty() || now - retried.since <= patience_with(part)) continue;
    if (longest == nullptr || retried.since < longest->since) longest = &retried;
  }
  if (longest == nullptr) return {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - longest->since);
  return "retrying for " + std::to_string(seconds.count()) + " s: " + longest->reason;
}

}  // namespace sluice
