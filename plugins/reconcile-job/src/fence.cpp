#include "fence.hpp"

#include <exception>

namespace sluice::reconcile {

Fence::Fence(JobHost& host, Context context, std::string target)
    : host_(host), context_(context), target_(std::move(target)) {
  try {
    host_.fence_target(target_);
  } catch (const std::exception&) {
    open();  // it may have got half way
    throw;
  }
}

void Fence::open() noexcept {
  try {
    host_.unfence_target(target_);
  } catch (const std::exception& error) {
    context_.warn(
        target_ +
        " stays closed for writes until the pipeline opens it, within a minute: " + error.what());
  }
}

}  // namespace sluice::reconcile
