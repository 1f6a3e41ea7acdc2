#include "pipeline/task.hpp"

#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/kafka_properties.hpp"
#include "pipeline/writer.hpp"

namespace sluice {

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
        producer_properties(flow_.config.source, client_id(flow_.name, number_)), topic, flow_.name,
        number_, trouble_);
  }
  intake_ =
      std::make_unique<Intake>(flow_, number_, metrics_, trouble_, ledger_, coalescer_,
                               dead_letters_.get(), listener_.running, stop_stages_.get_token());
  start_writers();
  while (!stop.stop_requested()) {
    rethrow_failure();
    intake_->take_in(stop);
    intake_->settle_offsets();
  }
  drain();
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

// What was read is written if there is time; what is not stays uncommitted and is read again at the
// next start.
void Task::drain() {
  coalescer_.drain();
  const auto deadline = Clock::now() + flow_.shutdown_timeout;
  while (writers_left_ > 0 && Clock::now() < deadline) {
    intake_->idle();
    intake_->settle_offsets();
  }
  stop_writers();
  intake_->settle_offsets();
  intake_->leave();
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
