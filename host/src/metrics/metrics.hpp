#pragma once

#include <map>
#include <memory>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <string>

namespace sluice {

using Labels = std::map<std::string, std::string>;

/// The metrics of this process, in Prometheus' terms. Thread-safe. What is returned lives as long
/// as the process's metrics: keep the reference where it is used often.
class Metrics {
 public:
  Metrics() : registry_(std::make_shared<prometheus::Registry>()) {}

  prometheus::Counter& counter(const std::string& name, const std::string& help,
                               const Labels& labels);
  prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels);
  /// Buckets from 1 ms to 60 s.
  prometheus::Histogram& histogram(const std::string& name, const std::string& help,
                                   const Labels& labels);

  /// Takes away a gauge that `gauge` gave, which is then gone.
  void remove_gauge(const std::string& name, prometheus::Gauge& gauge);

  /// All of it in Prometheus' text format.
  std::string text() const;

 private:
  std::shared_ptr<prometheus::Registry> registry_;
};

}  // namespace sluice
