#include "pipeline/task.hpp"

#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/kafka_properties.hpp"
#include "pipeline/writer.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxBatch = 1000;
constexpr std::chrono::milliseconds kPoll{50};

CoalescerLimits limits_of(const FlowConfig& config) {
  return {config.coalesce.max_keys, config.coalesce.max_delay, config.coalesce.bulk_max_keys,
          static_cast<int>(config.fanout.share)};
}

std::string client_id(const Flow& flow, int number) {
  return "sluice-" + flow.name + "-" + std::to_string(number);
}

}  // namespace

Task::Task(const Flow& flow, int number, PipelineMetrics& metrics, Trouble& trouble,
           TaskListener listener)
    : flow_(flow),
      number_(number),
      metrics_(metrics),
      trouble_(trouble),
      listener_(std::move(listener)),
      coalescer_(limits_of(flow.config), ledger_) {}

void Task::run(const std::stop_token& stop) {
  try {
    take_part(stop);
  } catch (const std::exception& e) {
    if (!stop.stop_requested()) fail(e);
    stop_writers();
    throw;
  }
  rethrow_failure();
}

void Task::take_part(const std::stop_token& stop) {
  prepare_sink(stop);
  if (stop.stop_requested()) return;
  const auto& topic = flow_.config.errors.dead_letter_topic;
  if (!topic.empty()) {
    dead_letters_ = std::make_unique<DeadLetters>(
        producer_properties(flow_.config.source, client_id(flow_, number_)), topic, flow_.name,
        number_, trouble_);
  }
  routing_ = std::make_unique<RoutingStages>(flow_.plugins, flow_.name, &metrics_.all,
                                             stop_stages_.get_token());
  make_consumer();
  start_writers();
  while (!stop.stop_requested()) {
    rethrow_failure();
    take_in(*consumer_, stop);
    explain_waiting();
    settle_offsets(*consumer_);
  }
  drain(*consumer_);
  stop_writers();
}

void Task::prepare_sink(const std::stop_token& stop) const {
  const PluginInstance sink(flow_.plugins.sink, flow_.name, &metrics_.all, stop);
  Backoff backoff(flow_.config.errors.retry.initial, flow_.config.errors.retry.max);
  while (!stop.stop_requested()) {
    try {
      sink.call([&](void* self, sluice_error* error) {
        return sink.plugin().sink->prepare(self, error);
      });
      return;
    } catch (const RetryError& e) {
      const auto delay = backoff.next();
      spdlog::warn("{}: {} (tried again in {} ms)", flow_.name, e.what(), delay.count());
      trouble_.set_waiting("waiting for " + std::string(e.what()));
      wait(stop, delay);
    }
  }
}

void Task::make_consumer() {
  ConsumerListener listener;
  listener.assigned = [this](const std::vector<TopicPartition>& partitions) {
    spdlog::info("{}: task {}: {} partitions assigned", flow_.name, number_, partitions.size());
    ledger_.assign(partitions);
    if (std::exchange(has_answer_, true)) return;
    trouble_.set_waiting("");
    listener_.running();
  };
  listener.revoked = [this](const std::vector<TopicPartition>& partitions) {
    spdlog::info("{}: task {}: {} partitions revoked", flow_.name, number_, partitions.size());
    consumer_->store(ledger_.collect());
    ledger_.revoke(partitions);
  };
  listener.missing = [this](const std::string& topic) { kafka_watch_->note_missing(topic); };
  consumer_ = std::make_unique<GroupConsumer>(
      group_consumer_properties(flow_.config.source, client_id(flow_, number_)),
      flow_.config.source.topics, std::move(listener), &in_flight_bytes_);
  kafka_watch_ = std::make_unique<KafkaWatch>(consumer_->client(), trouble_);
  explain_waiting();
}

void Task::explain_waiting() {
  if (has_answer_) return;
  const auto failure = consumer_->failure();
  trouble_.set_waiting("waiting for partitions: no answer yet from source.brokers " +
                       flow_.config.source.brokers + (failure.empty() ? "" : ": " + failure));
}

void Task::start_writers() {
  const auto count = flow_.config.coalesce.writers;
  writers_left_ = static_cast<int>(count);
  for (std::size_t i = 0; i < count; ++i) {
    writers_.emplace_back([this] {
      const auto stop = stop_stages_.get_token();
      try {
        Writer(flow_, coalescer_, dead_letters_.get(), metrics_, trouble_, stop).run(stop);
      } catch (const std::exception& e) {
        if (!stop.stop_requested()) fail(e);
      }
      --writers_left_;
    });
  }
}

// consume ▸ decode ▸ transform ▸ route ▸ coalesce
void Task::take_in(GroupConsumer& consumer, const std::stop_token& stop) {
  const auto& limits = flow_.config.coalesce;
  const bool idle = coalescer_.pending() == 0 && coalescer_.walks().count == 0;
  const bool full = !coalescer_.has_room(limits.max_pending_keys) ||
                    in_flight_bytes_ >= static_cast<std::int64_t>(limits.max_pending_bytes);
  if (full && !idle) {
    consumer.pause();
    read_ahead(consumer);
    return;
  }
  consumer.resume();
  if (backlog_.empty()) read_ahead(consumer);
  if (backlog_.empty()) return;
  const Batch batch = std::move(backlog_.front());
  backlog_.pop_front();
  metrics_.records.Increment(static_cast<double>(batch.records->size()));
  hand_over(batch, route(consumer, *batch.records, stop), stop);
}

// Also called while the flow is paused: a member that does not poll is thrown out of the group. The
// ledgers are looked up here because a rebalance can only happen in a read: a batch must never
// count for a later assignment of its partition.
void Task::read_ahead(GroupConsumer& consumer) {
  Batch batch{consumer.read(kMaxBatch, kPoll), {}};
  if (batch.records == nullptr) return;
  batch.ledgers.reserve(batch.records->size());
  for (std::size_t i = 0; i < batch.records->size(); ++i) {
    batch.ledgers.push_back(ledger_.find(batch.records->partition_of(i)));
  }
  backlog_.push_back(std::move(batch));
}

Routed Task::route(GroupConsumer& consumer, const RecordBatch& batch, const std::stop_token& stop) {
  Backoff backoff(flow_.config.errors.retry.initial, flow_.config.errors.retry.max);
  while (true) {
    const auto began = Clock::now();
    try {
      auto routed = routing_->route(batch);
      trouble_.clear(Trouble::kRoute);
      return routed;
    } catch (const RetryError& e) {
      const auto delay = backoff.next();
      trouble_.note(Trouble::kRoute, e.what(), began);
      spdlog::warn("{}: {} (tried again in {} ms)", flow_.name, e.what(), delay.count());
      const auto until = Clock::now() + delay;
      while (Clock::now() < until) {
        if (stop.stop_requested()) throw;
        rethrow_failure();
        consumer.pause();
        read_ahead(consumer);
        settle_offsets(consumer);
      }
    }
  }
}

void Task::hand_over(const Batch& batch, Routed routed, const std::stop_token& stop) {
  give_up(batch.records, routed.failures, stop);
  const auto now = Clock::now();
  std::vector<Coalescer::Addition> additions;
  additions.reserve(routed.keys.size());
  for (const auto& key : routed.keys) {
    additions.push_back({{std::string(key.id), tx_ids_of(key.tx_id), batch.holds_of(key.record),
                          keep_record(batch.records, key.record), now, 0, std::nullopt},
                         key.urgent});
  }
  metrics_.keys.Increment(static_cast<double>(additions.size()));
  coalescer_.add(std::move(additions));
  for (auto& walk : routed.walks) {
    coalescer_.add(WalkWork{std::move(walk.cursor), walk.sweep, tx_ids_of(walk.tx_id),
                            batch.holds_of(walk.record),
                            copy_record((*batch.records)[walk.record], &in_flight_bytes_), now});
  }
  for (std::size_t i = 0; i < batch.records->size(); ++i) {
    if (batch.ledgers[i] != nullptr) ledger_.advance(batch.ledgers[i], (*batch.records)[i].offset);
  }
}

// Null ledger: the partition is no longer ours, so nothing needs to be held.
std::vector<Hold> Task::Batch::holds_of(std::size_t record) const {
  if (ledgers[record] == nullptr) return {};
  return {{ledgers[record], (*records)[record].offset}};
}

void Task::give_up(const std::shared_ptr<const RecordBatch>& batch,
                   const std::vector<FailedRecord>& failures, const std::stop_token& stop) {
  if (failures.empty()) return;
  std::vector<DeadLetter> letters;
  for (const auto& failure : failures) {
    const auto& record = (*batch)[failure.record];
    const std::string where = std::string(to_string_view(record.topic)) + "[" +
                              std::to_string(record.partition) + "]@" +
                              std::to_string(record.offset);
    if (flow_.config.errors.tolerance == ErrorTolerance::kNone) {
      throw FatalError(failure.plugin + ": " + where + ": " + failure.reason);
    }
    spdlog::error("{}: {}: {}: {}", flow_.name, failure.plugin, where, failure.reason);
    letters.push_back(
        {keep_record(batch, failure.record), failure.stage, failure.plugin, failure.reason});
  }
  metrics_.dead_letters.Increment(static_cast<double>(letters.size()));
  if (dead_letters_ != nullptr && !dead_letters_->send(letters, stop)) {
    throw RetryError("stopped before the dead letters were delivered");
  }
}

void Task::settle_offsets(GroupConsumer& consumer) {
  consumer.store(ledger_.collect());
  metrics_.pending.Set(static_cast<double>(coalescer_.pending()));
  const auto walks = coalescer_.walks();
  metrics_.walks.Set(static_cast<double>(walks.count));
  metrics_.walk_seconds.Set(std::chrono::duration<double>(walks.oldest).count());
  metrics_.in_flight_bytes.Set(static_cast<double>(in_flight_bytes_));
  if (Clock::now() < next_lag_) return;
  next_lag_ = Clock::now() + std::chrono::seconds(1);
  metrics_.lag.Set(static_cast<double>(consumer.lag()));
}

// What was read is written if there is time; what is not stays uncommitted and is read again at the
// next start.
void Task::drain(GroupConsumer& consumer) {
  consumer.pause();
  coalescer_.drain();
  const auto deadline = Clock::now() + flow_.shutdown_timeout;
  while (writers_left_ > 0 && Clock::now() < deadline) {
    consumer.read(kMaxBatch, std::chrono::milliseconds(10));
    settle_offsets(consumer);
  }
  stop_writers();
  settle_offsets(consumer);
  consumer.commit();
  consumer.close();
}

void Task::stop_writers() {
  stop_stages_.request_stop();
  writers_.clear();
}

// Called where it is handled. The first failure counts: what follows from it is no news.
void Task::fail(const std::exception& error) {
  {
    const std::lock_guard lock(failure_mutex_);
    if (failure_) return;
    failure_ = std::current_exception();
  }
  listener_.failed(error.what());
}

void Task::rethrow_failure() const {
  const std::lock_guard lock(failure_mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace sluice
