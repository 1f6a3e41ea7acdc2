#include "pipeline/pipeline_metrics.hpp"

namespace sluice {

PipelineMetrics::PipelineMetrics(Metrics& metrics, const Labels& labels)
    : all(metrics),
      records(metrics.counter("sluice_records_total", "Records read from Kafka", labels)),
      keys(metrics.counter("sluice_keys_routed_total", "Document keys that changes were routed to",
                           labels)),
      written(metrics.counter("sluice_documents_written_total", "Documents written or deleted",
                              labels)),
      superseded(metrics.counter("sluice_documents_superseded_total",
                                 "Writes that found a newer version in the index: as good as done",
                                 labels)),
      retried(metrics.counter("sluice_documents_retried_total",
                              "Documents put back to be read and written again", labels)),
      not_visible(metrics.counter("sluice_reads_not_visible_total",
                                  "Reads that did not see the change's transaction yet", labels)),
      dead_letters(metrics.counter("sluice_dead_letters_total",
                                   "Records sent to the dead-letter topic", labels)),
      walk_pages(metrics.counter("sluice_walk_pages_total",
                                 "Pages of fan-out walks that were written", labels)),
      walk_documents(metrics.counter("sluice_walk_documents_total",
                                     "Documents that fan-out walks have passed", labels)),
      lag(metrics.gauge("sluice_lag_records",
                        "Records between what is settled and the end of the topics", labels)),
      pending(metrics.gauge("sluice_pending_keys", "Document keys that wait or are being written",
                            labels)),
      walks(metrics.gauge("sluice_walks", "Fan-out walks under way", labels)),
      walk_seconds(metrics.gauge("sluice_walk_oldest_seconds",
                                 "Time since the change of the oldest fan-out walk under way",
                                 labels)),
      in_flight_bytes(metrics.gauge("sluice_in_flight_bytes",
                                    "Payload of records that are not settled", labels)),
      flush_seconds(
          metrics.histogram("sluice_flush_seconds", "Time to read and write one flush", labels)),
      wait_seconds(metrics.histogram("sluice_key_seconds",
                                     "Time from a key's first change to its write", labels)) {}

}  // namespace sluice
