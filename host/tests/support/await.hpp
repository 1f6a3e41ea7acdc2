#pragma once

#include <chrono>
#include <thread>

namespace sluice::test {

/// Waits until the condition holds; false if it does not within the limit, which is generous, for
/// loaded machines.
template <typename Condition>
bool await(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace sluice::test
