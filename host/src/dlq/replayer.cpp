#include "dlq/replayer.hpp"

#include <algorithm>

#include <sluice/sdk.hpp>

#include "dlq/dead_letter_topic.hpp"
#include "pipeline/kafka_properties.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxSent = 100'000;  // origins that are remembered

KafkaProperties replay_properties(const SourceConfig& source) {
  auto properties = producer_properties(source, "sluice-dlq");
  properties["message.timeout.ms"] = "60000";
  properties["partitioner"] = "murmur2_random";  // as Debezium's producer, for lack of a partition
  return properties;
}

std::map<TopicPartition, PartitionExtent> by_partition(const std::vector<PartitionExtent>& list) {
  std::map<TopicPartition, PartitionExtent> extents;
  for (const auto& extent : list) extents.emplace(extent.partition, extent);
  return extents;
}

bool same(sluice_view a, sluice_view b) {
  return (a.data == nullptr) == (b.data == nullptr) && to_string_view(a) == to_string_view(b);
}

}  // namespace

Replayer::Replayer(const FlowConfig& flow, std::string pipeline, bool dry_run, Listener listener)
    : flow_(flow),
      pipeline_(std::move(pipeline)),
      dry_run_(dry_run),
      listener_(std::move(listener)),
      letters_source_(dead_letter_source(flow)),
      letter_extents_(extents_of(letters_source_)),
      source_extents_(by_partition(extents_of(flow.source))),
      replayed_(flow.source, letter_extents_) {
  if (!dry_run) producer_.emplace(replay_properties(flow.source), "replay producer");
}

void Replayer::run(const LetterSelection& selection) {
  missing_ = selection.named;
  const auto from = starts(selection);
  for (const auto& [partition, offset] : from) reached_[partition.partition] = offset;
  read_stretches(letters_source_, from, ends(selection),
                 [&](const RecordBatch& records) { replay(records, selection); });
  report_missing();
}

void Replayer::report_missing() {
  for (const auto id : missing_) {
    ++result_.failed;
    Letter letter;
    letter.id = id;
    listener_(letter, "there is no such dead letter of pipeline " + pipeline_);
  }
}

std::vector<PartitionOffset> Replayer::starts(const LetterSelection& selection) const {
  if (selection.named.empty()) return replayed_.positions();
  std::vector<PartitionOffset> starts;
  for (const auto& [partition, begin, end] : letter_extents_) {
    const auto first = selection.named.lower_bound({partition.partition, begin});
    const bool any = first != selection.named.end() && first->partition == partition.partition;
    starts.emplace_back(partition, any ? std::min(first->offset, end) : end);
  }
  return starts;
}

std::vector<PartitionOffset> Replayer::ends(const LetterSelection& selection) const {
  auto ends = ends_of(letter_extents_);
  if (selection.named.empty()) return ends;
  for (auto& [partition, end] : ends) {
    const auto next = selection.named.lower_bound({partition.partition, end});
    if (next == selection.named.begin()) continue;
    const auto& last = *std::prev(next);
    if (last.partition == partition.partition) end = last.offset + 1;
  }
  return ends;
}

void Replayer::replay(const RecordBatch& records, const LetterSelection& selection) {
  Batch batch;
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto letter = letter_of(records[i], pipeline_);
    if (!letter) continue;  // another pipeline's: nothing to replay here
    const bool selected = selection.named.empty()
                              ? selection.filter.matches(*letter) && !replayed_.contains(letter->id)
                              : missing_.erase(letter->id) > 0;
    if (selected) {
      add(batch, records[i], std::move(*letter));
    } else if (!replayed_.contains(letter->id)) {
      batch.skipped[letter->id.partition].push_back(letter->id.offset);
    }
  }
  const bool goes_on = send(batch);
  settle(records, batch);
  if (!goes_on) throw RetryError("Kafka did not take a record within a minute");
}

// A record that touches many documents may have as many letters.
void Replayer::add(Batch& batch, const sluice_record& record, Letter letter) {
  auto& pending = batch.letters.emplace_back(Pending{std::move(letter), {}, {}});
  const auto origin = pending.letter.origin();
  if (sent_.contains(origin)) return;
  if (const auto place = batch.places.find(origin); place != batch.places.end()) {
    pending.outgoing = place->second;
    return;
  }
  pending.problem = make_outgoing(batch, record, pending.letter);
  if (!pending.problem.empty()) return;
  pending.outgoing = batch.places[origin] = batch.outgoing.size() - 1;
}

// The problem that keeps it from being sent, or empty.
std::string Replayer::make_outgoing(Batch& batch, const sluice_record& record,
                                    const Letter& letter) {
  const auto& report = letter.report;
  if (!source_extents_.contains({report.topic, 0})) {
    return "the pipeline reads no topic " + report.topic + ", or it does not exist";
  }
  OutgoingRecord out;
  out.topic = report.topic;
  if (source_extents_.contains({report.topic, report.partition})) out.partition = report.partition;
  out.key = record.key;
  out.value = record.value;
  out.headers = {record.headers, record.headers + letter.own_headers};
  if (!report.omitted.empty()) {
    if (auto problem = complete(out, batch, letter); !problem.empty()) return problem;
  }
  batch.outgoing.push_back(std::move(out));
  return {};
}

// What the letter lacks is read from where the record stands.
std::string Replayer::complete(OutgoingRecord& out, Batch& batch, const Letter& letter) const {
  const auto& report = letter.report;
  const TopicPartition partition{report.topic, report.partition};
  const auto extent = source_extents_.find(partition);
  RecordRef original;
  if (extent != source_extents_.end() && report.offset >= extent->second.begin &&
      report.offset < extent->second.end) {
    original = fetch_record(flow_.source, partition, report.offset);
  }
  const auto& omitted = report.omitted;
  const bool has_key = std::find(omitted.begin(), omitted.end(), "key") == omitted.end();
  if (original == nullptr || (has_key && !same(original->key, out.key))) {
    return "the letter lacks the record's " + omitted.front() +
           ", which was too large, and Kafka no longer holds the record";
  }
  out.key = original->key;
  out.value = original->value;
  out.headers = {original->headers, original->headers + original->header_count};
  batch.fetched.push_back(std::move(original));
  return {};
}

// False if Kafka takes no more.
bool Replayer::send(Batch& batch) {
  std::vector<rd_kafka_resp_err_t> outcomes(batch.outgoing.size(), RD_KAFKA_RESP_ERR_NO_ERROR);
  if (producer_) outcomes = producer_->send(batch.outgoing, {});
  for (auto& [letter, problem, outgoing] : batch.letters) {
    if (outgoing && outcomes[*outgoing] != RD_KAFKA_RESP_ERR_NO_ERROR) {
      problem = rd_kafka_err2str(outcomes[*outgoing]);
    }
  }
  if (sent_.size() >= kMaxSent) sent_.clear();
  for (const auto& [origin, place] : batch.places) {
    if (outcomes[place] != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    ++result_.records;
    sent_.insert(origin);
  }
  return std::find(outcomes.begin(), outcomes.end(), RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) ==
         outcomes.end();
}

void Replayer::settle(const RecordBatch& records, const Batch& batch) {
  auto left = batch.skipped;
  for (const auto& [letter, problem, outgoing] : batch.letters) {
    ++(problem.empty() ? result_.letters : result_.failed);
    if (!problem.empty()) left[letter.id.partition].push_back(letter.id.offset);
    listener_(letter, problem);
  }
  if (dry_run_) return;
  // Of what was read now, all but that is done.
  std::map<std::int32_t, std::int64_t> ends;
  for (std::size_t i = 0; i < records.size(); ++i)
    ends[records[i].partition] = records[i].offset + 1;
  for (const auto& [partition, end] : ends) {
    auto& at = reached_[partition];
    auto& offsets = left[partition];
    std::sort(offsets.begin(), offsets.end());
    for (const auto offset : offsets) {
      replayed_.add(partition, at, offset);
      at = offset + 1;
    }
    replayed_.add(partition, at, end);
    at = end;
  }
  replayed_.commit();
}

}  // namespace sluice
