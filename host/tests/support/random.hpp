#pragma once

#include <cstdlib>
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace sluice::test {

/// A new seed for each run, or the one in SLUICE_TEST_SEED, to run a failed test again.
inline unsigned random_seed() {
  const char* const given = std::getenv("SLUICE_TEST_SEED");
  return given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
}

}  // namespace sluice::test

/// Shows the seed with every failure in this scope.
#define SLUICE_TRACE_SEED(seed) SCOPED_TRACE("SLUICE_TEST_SEED=" + std::to_string(seed))
