#pragma once

#include <chrono>
#include <cstdint>

#include <sluice/value.hpp>

namespace sluice::reconcile {

enum class Action { kRebuild, kVerify };

// What each means is said in the schema.
struct Options {
  std::chrono::milliseconds retention;
  std::size_t readers;
  std::size_t page;
  std::chrono::milliseconds lead;
  std::chrono::milliseconds max_lag;
  int max_rounds;
  std::size_t sample;
  int max_checks;
  std::chrono::milliseconds settle;
  Action action = Action::kRebuild;
  bool repair = false;
};

const char* config_schema();

// Throws FatalError if options do not go together.
Options read_options(Value config);

}  // namespace sluice::reconcile
