#pragma once

#include <sstream>
#include <string>

#include "metrics/metrics.hpp"

namespace sluice::test {

/// The sum over all labels of a metric as /metrics shows it; 0 if there is none.
inline double metric_value(const Metrics& metrics, const std::string& name) {
  double sum = 0;
  std::istringstream lines(metrics.text());
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(name + "{", 0) == 0) sum += std::stod(line.substr(line.rfind(' ')));
  }
  return sum;
}

}  // namespace sluice::test
