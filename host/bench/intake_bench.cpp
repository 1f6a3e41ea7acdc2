// Reads what a pipeline's topics hold, and prints how fast as a line of JSON.
//
//   intake-bench (sluice|librdkafka) PIPELINE EVENTS
//
// sluice: consume ▸ decode ▸ route ▸ coalesce as a task does it; what is coalesced is discarded.
// librdkafka: the same records by the same client, discarded as bytes. Both begin at the first
// record and end with number EVENTS. Offsets are committed to the pipeline's group_id: a new one
// each time.
#include <chrono>
#include <iostream>
#include <librdkafka/rdkafka.h>
#include <stop_token>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include <sluice/sdk.hpp>

#include "app/loaded_pipeline.hpp"
#include "cli/load.hpp"
#include "log/log.hpp"
#include "pipeline/intake.hpp"
#include "pipeline/kafka_properties.hpp"

namespace sluice {
namespace {

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Time from its making on: by the clock, of all threads, and of the calling one.
class Stopwatch {
 public:
  void print(std::int64_t events) const {
    const auto taken = std::chrono::duration<double>(Clock::now() - began_).count();
    std::cout << Json{{"events", events},
                      {"seconds", taken},
                      {"process_cpu_seconds", cpu_seconds(RUSAGE_SELF) - process_},
                      {"thread_cpu_seconds", cpu_seconds(RUSAGE_THREAD) - thread_}}
              << std::endl;
  }

 private:
  Clock::time_point began_ = Clock::now();
  double process_ = cpu_seconds(RUSAGE_SELF);
  double thread_ = cpu_seconds(RUSAGE_THREAD);
};

// A writer without a database and without an index.
void discard(Coalescer& coalescer, const std::stop_token& stop) {
  while (auto turn = coalescer.take(stop)) {
    if (turn->walk) {
      coalescer.end_page(std::move(*turn->walk), std::nullopt);
    } else {
      coalescer.end_flush(std::move(turn->keys), {});
    }
  }
}

void run_sluice(const Flow& flow, std::int64_t events) {
  Metrics all;
  PipelineMetrics metrics(all, {});
  Trouble trouble;
  OffsetLedger ledger;
  std::unique_ptr<Intake> intake;  // goes after all that holds records: see Task
  Coalescer coalescer(limits_of(flow.config), ledger);
  const std::jthread writer([&](const std::stop_token& stop) { discard(coalescer, stop); });
  intake = std::make_unique<Intake>(
      flow, 0, metrics, trouble, ledger, coalescer, nullptr, [] {}, std::stop_token());
  while (metrics.records.Value() == 0) intake->take_in({});
  const auto before = static_cast<std::int64_t>(metrics.records.Value());
  const Stopwatch stopwatch;
  while (metrics.records.Value() < static_cast<double>(events) || coalescer.pending() > 0) {
    intake->take_in({});
    intake->settle_offsets();
  }
  stopwatch.print(static_cast<std::int64_t>(metrics.records.Value()) - before);
}

void run_librdkafka(const SourceConfig& source, std::int64_t events) {
  const auto client = make_kafka_client(
      RD_KAFKA_CONSUMER, make_kafka_conf(group_consumer_properties(source, "bench")), "bench");
  rd_kafka_poll_set_consumer(client.get());
  const KafkaListPtr topics(rd_kafka_topic_partition_list_new(1));
  for (const auto& topic : source.topics) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  check_kafka("subscribe", rd_kafka_subscribe(client.get(), topics.get()));
  const std::unique_ptr<rd_kafka_queue_t, KafkaDeleter> queue(
      rd_kafka_queue_get_consumer(client.get()));
  std::vector<rd_kafka_message_t*> messages(1000);
  const auto read = [&] {
    const auto count =
        rd_kafka_consume_batch_queue(queue.get(), 50, messages.data(), messages.size());
    std::int64_t records = 0;
    for (ssize_t i = 0; i < count; ++i) {
      const MessagePtr message(messages[static_cast<std::size_t>(i)]);
      records += message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    return records;
  };
  std::int64_t before = 0;
  while (before == 0) before = read();
  const Stopwatch stopwatch;
  auto after = before;
  while (after < events) after += read();
  stopwatch.print(after - before);
  rd_kafka_consumer_close(client.get());
}

int run(const std::string& side, const std::string& file, std::int64_t events) {
  start_log(LogFormat::kJson, "warn");  // standard output is for the figures
  PluginRegistry registry(PluginRegistry::default_folders({}));
  const auto loaded = load_with_flow(file, registry);
  if (!loaded) return 1;
  if (side == "sluice") {
    run_sluice(*loaded->flow, events);
  } else {
    run_librdkafka(loaded->flow->config.source, events);
  }
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int count, char** arguments) {
  const std::string side = count == 4 ? arguments[1] : "";
  if (side != "sluice" && side != "librdkafka") {
    std::cerr << "usage: intake-bench (sluice|librdkafka) PIPELINE EVENTS\n";
    return 2;
  }
  try {
    return sluice::run(side, arguments[2], std::stoll(arguments[3]));
  } catch (const std::exception& e) {
    std::cerr << "error: " << e.what() << "\n";
    return 1;
  }
}
