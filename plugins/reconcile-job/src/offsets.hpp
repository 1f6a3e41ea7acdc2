#pragma once

#include <sluice/value.hpp>

namespace sluice::reconcile {

// All three are lists of {topic, partition, offset}, as the host gives them. True if Kafka still
// has every record from `noted` on: no partition begins later or ends earlier. What is not noted
// counts from 0.
bool are_within(Value noted, Value first, Value end);

}  // namespace sluice::reconcile
