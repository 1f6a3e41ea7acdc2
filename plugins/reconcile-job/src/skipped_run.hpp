#pragma once

#include <sluice/sdk.hpp>

#include "owned_value.hpp"

namespace sluice::reconcile {

// The result of a run that leaves the work to another one.
inline OwnedValue skipped_run(const Context& context) {
  context.info("another run holds the lock: nothing to do");
  const sluice_field skipped = make_field("skipped", make_string("another run holds the lock"));
  return OwnedValue(Value(make_object({&skipped, 1})));
}

}  // namespace sluice::reconcile
