#pragma once

#include <sluice/sdk.hpp>

#include "owned_value.hpp"

namespace sluice::reconcile {

// One run: compares the index in use with the source, and with `repair` mends it. Returns the
// report. Throws FatalError with the counts if drift is left: another try would find it again.
OwnedValue verify(JobHost& host, bool repair, const Context& context);

}  // namespace sluice::reconcile
