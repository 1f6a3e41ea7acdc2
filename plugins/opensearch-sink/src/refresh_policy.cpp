#include "refresh_policy.hpp"

#include <algorithm>

namespace sluice::opensearch {

std::string_view RefreshPolicy::choose(std::size_t documents, bool live,
                                       Clock::time_point now) const {
  if (option_ != "auto") return option_;
  return live && documents <= kLittle && now >= next_ ? "true" : "false";
}

void RefreshPolicy::asked(std::string_view chosen, Clock::time_point now) {
  if (!is_own(chosen)) return;
  asked_ = now;
  next_ = now + kAfterFailure;
}

void RefreshPolicy::answered(std::string_view chosen, Clock::time_point now) {
  if (!is_own(chosen)) return;
  next_ = now + std::max<Clock::duration>(kPause, kShare * (now - asked_));
}

}  // namespace sluice::opensearch
