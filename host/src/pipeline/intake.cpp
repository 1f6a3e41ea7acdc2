#include "pipeline/intake.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/sdk.hpp>

#include "pipeline/kafka_properties.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxBatch = 1000;
constexpr std::chrono::milliseconds kPoll{50};

// Null ledger: the partition is no longer ours, so nothing needs to be held.
std::vector<Hold> holds_of(Hold hold) {
  if (hold.ledger == nullptr) return {};
  return {std::move(hold)};
}

}  // namespace

Intake::Intake(const Flow& flow, int number, PipelineMetrics& metrics, Trouble& trouble,
               OffsetLedger& ledger, Coalescer& coalescer, DeadLetters* dead_letters,
               std::function<void()> has_partitions, const std::stop_token& stop)
    : flow_(flow),
      number_(number),
      metrics_(metrics),
      trouble_(trouble),
      ledger_(ledger),
      coalescer_(coalescer),
      dead_letters_(dead_letters),
      routing_(flow.plugins, flow.name, &metrics.all, stop),
      consumer_(group_consumer_properties(flow.config.source, client_id(flow.name, number)),
                flow.config.source.topics, listener(std::move(has_partitions)), &in_flight_bytes_),
      kafka_watch_(consumer_.client(), trouble),
      backoff_(flow.config.errors.retry.initial, flow.config.errors.retry.max) {
  explain_waiting();
}

ConsumerListener Intake::listener(std::function<void()> has_partitions) {
  ConsumerListener listener;
  listener.assigned = [this, has_partitions = std::move(has_partitions)](
                          const std::vector<TopicPartition>& partitions) {
    spdlog::info("{}: task {}: {} partitions assigned", flow_.name, number_, partitions.size());
    ledger_.assign(partitions);
    if (std::exchange(has_answer_, true)) return;
    trouble_.set_waiting("");
    has_partitions();
  };
  listener.revoked = [this](const std::vector<TopicPartition>& partitions) {
    spdlog::info("{}: task {}: {} partitions revoked", flow_.name, number_, partitions.size());
    consumer_.store(ledger_.collect());
    ledger_.revoke(partitions);
  };
  listener.missing = [this](const std::string& topic) { kafka_watch_.note_missing(topic); };
  return listener;
}

void Intake::explain_waiting() {
  if (has_answer_) return;
  const auto failure = consumer_.failure();
  trouble_.set_waiting("waiting for partitions: no answer yet from source.brokers " +
                       flow_.config.source.brokers + (failure.empty() ? "" : ": " + failure));
}

void Intake::take_in(const std::stop_token& stop) {
  const bool has_room = this->has_room();
  if (!has_room) coalescer_.end_rests();
  if (Clock::now() < next_try_ || !has_room) {
    consumer_.pause();
    read_ahead();
    return;
  }
  if (backlog_.empty()) {
    consumer_.resume();
    read_ahead();
  }
  explain_waiting();
  if (!backlog_.empty()) process(backlog_.front(), stop);
}

bool Intake::has_room() const {
  const auto& limits = flow_.config.coalesce;
  if (coalescer_.has_room(limits.max_pending_keys) &&
      in_flight_bytes_ < static_cast<std::int64_t>(limits.max_pending_bytes)) {
    return true;
  }
  return coalescer_.pending() == 0 && coalescer_.walks().count == 0;
}

// Also called while the flow is paused: a member that does not poll is thrown out of the group. The
// ledgers are looked up here because a rebalance can only happen in a read: a batch must never
// count for a later assignment of its partition.
void Intake::read_ahead() {
  Batch batch{consumer_.read(kMaxBatch, kPoll), {}};
  if (batch.records == nullptr) return;
  metrics_.records.Increment(static_cast<double>(batch.records->size()));
  batch.ledgers.reserve(batch.records->runs().size());
  for (const auto& run : batch.records->runs()) {
    batch.ledgers.push_back(ledger_.find(run.partition));
  }
  backlog_.push_back(std::move(batch));
}

// decode ▸ transform ▸ route ▸ coalesce
void Intake::process(const Batch& batch, const std::stop_token& stop) {
  const auto began = Clock::now();
  Routed routed;
  try {
    routed = routing_.route(*batch.records);
  } catch (const RetryError& e) {
    put_off(e.what(), began);
    return;
  }
  backoff_.reset();
  trouble_.clear(Trouble::kRoute);
  give_up(batch.records, routed.failures, stop);
  hand_over(batch, routed);
  backlog_.pop_front();
}

void Intake::put_off(const std::string& reason, Clock::time_point began) {
  const auto delay = backoff_.next();
  trouble_.note(Trouble::kRoute, reason, began);
  spdlog::warn("{}: {} (tried again in {} ms)", flow_.name, reason, delay.count());
  next_try_ = Clock::now() + delay;
}

void Intake::hand_over(const Batch& batch, Routed& routed) {
  const auto now = Clock::now();
  const auto& records = *batch.records;
  std::vector<Coalescer::Touch> touches;
  touches.reserve(routed.keys.size());
  for (const auto& key : routed.keys) {
    touches.push_back({key.id, key.tx_id, batch.hold_of(key.record),
                       keep_record(batch.records, key.record), now, key.urgent});
  }
  metrics_.keys.Increment(static_cast<double>(touches.size()));
  coalescer_.add(touches);
  for (auto& walk : routed.walks) {
    coalescer_.add(WalkWork{std::move(walk.cursor), walk.sweep, tx_ids_of(walk.tx_id),
                            holds_of(batch.hold_of(walk.record)),
                            copy_record(records[walk.record], &in_flight_bytes_), now});
  }
  for (std::size_t i = 0; i < batch.ledgers.size(); ++i) {
    if (batch.ledgers[i] == nullptr) continue;
    ledger_.advance(batch.ledgers[i], records[records.runs()[i].end - 1].offset);
  }
}

Hold Intake::Batch::hold_of(std::size_t record) const {
  return {ledgers[records->run_of(record)], (*records)[record].offset};
}

void Intake::give_up(const std::shared_ptr<const RecordBatch>& batch,
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

void Intake::settle_offsets() {
  consumer_.store(ledger_.collect());
  metrics_.pending.Set(static_cast<double>(coalescer_.pending()));
  const auto walks = coalescer_.walks();
  metrics_.walks.Set(static_cast<double>(walks.count));
  metrics_.walk_seconds.Set(std::chrono::duration<double>(walks.oldest).count());
  metrics_.in_flight_bytes.Set(static_cast<double>(in_flight_bytes_));
  if (Clock::now() < next_lag_) return;
  next_lag_ = Clock::now() + std::chrono::seconds(1);
  metrics_.lag.Set(static_cast<double>(consumer_.lag()));
}

void Intake::idle() {
  consumer_.pause();
  consumer_.read(kMaxBatch, std::chrono::milliseconds(10));
}

void Intake::leave() {
  consumer_.commit();
  consumer_.close();
}

}  // namespace sluice
