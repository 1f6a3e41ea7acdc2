#include "pipeline/dead_letters.hpp"

#include <array>
#include <deque>
#include <spdlog/spdlog.h>
#include <vector>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/dead_letter_report.hpp"

namespace sluice {
namespace {

// What a letter that is too large goes without, first to last: all of it is still where the report
// says, as long as Kafka holds the record.
constexpr std::array<const char*, 3> kOmittable{"value", "headers", "key"};

OutgoingRecord outgoing(const sluice_record& record, const std::string& topic,
                        std::size_t omitted) {
  OutgoingRecord out;
  out.topic = topic;
  if (omitted < 1) out.value = record.value;
  if (omitted < 2) out.headers = {record.headers, record.headers + record.header_count};
  if (omitted < 3) out.key = record.key;
  return out;
}

}  // namespace

DeadLetters::DeadLetters(const KafkaProperties& properties, std::string topic, std::string pipeline,
                         int task, Trouble& trouble)
    : topic_(std::move(topic)),
      pipeline_(std::move(pipeline)),
      task_(task),
      trouble_(trouble),
      producer_(properties, "dead-letter producer") {}

bool DeadLetters::send(std::span<const DeadLetter> letters, const std::stop_token& stop) {
  if (letters.empty()) return true;
  std::unique_lock lock(mutex_, std::defer_lock);
  while (!lock.try_lock_for(std::chrono::milliseconds(100))) {
    if (stop.stop_requested()) return false;
  }
  const auto began = Trouble::Clock::now();
  std::vector<const DeadLetter*> left;
  for (const auto& letter : letters) left.push_back(&letter);
  Backoff backoff(std::chrono::milliseconds(200), std::chrono::seconds(10));
  while (!stop.stop_requested()) {
    const auto outcomes = try_send(left, 0, stop);
    auto error = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::vector<const DeadLetter*> failed;
    for (std::size_t i = 0; i < left.size(); ++i) {
      // The broker refuses a batch for its size: one of it that is small must not suffer for that.
      const auto outcome = outcomes[i] == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
                               ? send_alone(*left[i], stop)
                               : outcomes[i];
      if (outcome == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      failed.push_back(left[i]);
      error = outcome;
    }
    if (failed.empty()) {
      trouble_.clear(Trouble::kDeadLetters);
      return true;
    }
    left = std::move(failed);
    const auto reason = std::to_string(left.size()) + " dead letters could not be delivered to " +
                        topic_ + ": " + rd_kafka_err2str(error);
    trouble_.note(Trouble::kDeadLetters, reason, began);
    spdlog::warn("{}: {}", pipeline_, reason);
    if (!wait(stop, backoff.next())) break;
  }
  return false;
}

rd_kafka_resp_err_t DeadLetters::send_alone(const DeadLetter& letter, const std::stop_token& stop) {
  const std::array<const DeadLetter*, 1> alone{&letter};
  auto outcome = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  for (std::size_t omitted = 0; omitted <= kOmittable.size(); ++omitted) {
    outcome = try_send(alone, omitted, stop).front();
    if (outcome != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) break;
  }
  return outcome;
}

std::vector<rd_kafka_resp_err_t> DeadLetters::try_send(std::span<const DeadLetter* const> letters,
                                                       std::size_t omitted,
                                                       const std::stop_token& stop) {
  std::deque<DeadLetterHeaders> reports;
  std::vector<OutgoingRecord> records;
  records.reserve(letters.size());
  for (const auto* letter : letters) {
    const sluice_record& record = *letter->record;
    reports.emplace_back(
        DeadLetterReport{std::string(to_string_view(record.topic)),
                         record.partition,
                         record.offset,
                         pipeline_,
                         task_,
                         letter->stage,
                         letter->plugin,
                         letter->reason,
                         {kOmittable.begin(), kOmittable.begin() + static_cast<int>(omitted)}});
    reports.back().append_to(records.emplace_back(outgoing(record, topic_, omitted)).headers);
  }
  return producer_.send(records, stop);
}

}  // namespace sluice
