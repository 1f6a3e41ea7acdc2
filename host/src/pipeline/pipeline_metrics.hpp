#pragma once

#include "metrics/metrics.hpp"

namespace sluice {

/// The metrics of one task (labels pipeline and task), by name and meaning in one place.
struct PipelineMetrics {
  PipelineMetrics(Metrics& metrics, const Labels& labels);

  Metrics& all;
  prometheus::Counter& records;
  prometheus::Counter& keys;
  prometheus::Counter& written;
  prometheus::Counter& superseded;
  prometheus::Counter& retried;
  prometheus::Counter& not_visible;
  prometheus::Counter& dead_letters;
  prometheus::Counter& walk_pages;
  prometheus::Counter& walk_documents;
  prometheus::Gauge& lag;
  prometheus::Gauge& pending;
  prometheus::Gauge& walks;
  prometheus::Gauge& walk_seconds;
  prometheus::Gauge& in_flight_bytes;
  prometheus::Histogram& flush_seconds;
  prometheus::Histogram& wait_seconds;
};

}  // namespace sluice
