#include "pipeline/replay.hpp"

#include <map>
#include <spdlog/spdlog.h>
#include <unordered_map>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/coalescer.hpp"
#include "pipeline/kafka_properties.hpp"
#include "pipeline/settler.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxBatch = 1000;
// Nobody waits for a single document of a replay, so a key is written once however often it comes
// up.
constexpr std::size_t kMaxPending = 100'000;
constexpr std::chrono::milliseconds kPoll{200};
constexpr std::chrono::seconds kPatience{60};  // without any answer from Kafka

/// Reads given stretches of partitions, outside any group.
class StretchReader {
 public:
  StretchReader(const SourceConfig& source, const std::vector<PartitionOffset>& from,
                const std::vector<PartitionOffset>& to) {
    client_ = make_kafka_client(RD_KAFKA_CONSUMER,
                                make_kafka_conf(lone_consumer_properties(source, "sluice-replay")),
                                "kafka consumer");
    rd_kafka_poll_set_consumer(client_.get());
    queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
    assign({from.begin(), from.end()}, to);
  }
  ~StretchReader() {
    rd_kafka_consumer_close(client_.get());
    queue_.reset();
  }
  StretchReader(const StretchReader&) = delete;
  StretchReader& operator=(const StretchReader&) = delete;

  bool at_end() const { return ends_.empty(); }

  /// Records of the stretches; null if none came in a while.
  std::shared_ptr<const RecordBatch> read() {
    std::vector<MessagePtr> messages;
    for (auto& message : read_messages(queue_.get(), kMaxBatch, kPoll)) {
      if (take(*message)) messages.push_back(std::move(message));
    }
    if (messages.empty()) return nullptr;
    return std::make_shared<const RecordBatch>(std::move(messages), nullptr);
  }

 private:
  void assign(const std::map<TopicPartition, std::int64_t>& from,
              const std::vector<PartitionOffset>& to) {
    const KafkaListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(to.size())));
    for (const auto& [partition, end] : to) {
      const auto begin = from.find(partition);
      const auto start = begin == from.end() ? RD_KAFKA_OFFSET_BEGINNING : begin->second;
      if (end == 0 || start >= end) continue;
      if (start >= 0) check_still_there(partition, start);
      ends_[partition] = end;
      rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
          ->offset = start;
    }
    const auto error = rd_kafka_assign(client_.get(), list.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw RetryError(std::string("kafka: assign: ") + rd_kafka_err2str(error));
    }
  }

  void check_still_there(const TopicPartition& partition, std::int64_t start) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto error = rd_kafka_query_watermark_offsets(client_.get(), partition.topic.c_str(),
                                                        partition.partition, &low, &high, 10000);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw RetryError(std::string("kafka: query offsets: ") + rd_kafka_err2str(error));
    }
    if (low > start) throw gone(partition, start);
  }

  static FatalError gone(const TopicPartition& partition, std::int64_t start) {
    return FatalError("Kafka no longer holds " + partition.topic + "[" +
                      std::to_string(partition.partition) + "] from offset " +
                      std::to_string(start) + ": its retention is shorter than this run");
  }

  // True if the message is a record of a stretch.
  bool take(const rd_kafka_message_t& message) {
    if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      const char* const topic = message.rkt == nullptr ? "?" : rd_kafka_topic_name(message.rkt);
      throw gone({topic, message.partition}, message.offset);
    }
    if (message.rkt == nullptr) {
      spdlog::warn("kafka replay: {}", rd_kafka_message_errstr(&message));
      return false;
    }
    const auto end = ends_.find({rd_kafka_topic_name(message.rkt), message.partition});
    if (end == ends_.end()) return false;
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (message.offset >= end->second) ends_.erase(end);
      return false;
    }
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      spdlog::warn("kafka replay: {}", rd_kafka_message_errstr(&message));
      return false;
    }
    const bool inside = message.offset < end->second;
    if (message.offset + 1 >= end->second) ends_.erase(end);
    return inside;
  }

  KafkaClientPtr client_;
  std::unique_ptr<rd_kafka_queue_t, KafkaDeleter> queue_;
  std::map<TopicPartition, std::int64_t>
      ends_;  ///< of partitions that are not read to their end yet
};

class Replay {
 public:
  Replay(const Flow& flow, Metrics& metrics, std::string_view target, std::string_view snapshot,
         const std::stop_token& stop)
      : flow_(flow),
        target_(target),
        snapshot_(snapshot),
        stop_(stop),
        routing_(flow.plugins, flow.name, &metrics, stop),
        writing_(flow.plugins, flow.name, &metrics, stop) {}

  ReplayResult run(StretchReader& reader) {
    auto patience = Clock::now() + kPatience;
    while (!reader.at_end()) {
      if (stop_.stop_requested()) throw RetryError("stopped");
      const auto batch = reader.read();
      if (batch != nullptr) {
        take_in(*batch);
        patience = Clock::now() + kPatience;
      } else if (Clock::now() > patience) {
        throw RetryError("Kafka sent nothing for a minute, short of the end of the topics");
      }
      if (pending_.size() >= kMaxPending) flush();
    }
    flush();
    return result_;
  }

 private:
  void take_in(const RecordBatch& batch) {
    const Routed routed = patiently([&] { return routing_.route(batch); });
    result_.records += static_cast<std::int64_t>(batch.size());
    result_.unresolved += static_cast<std::int64_t>(routed.failures.size());
    for (const auto& failure : routed.failures) spdlog::error("{}: {}", flow_.name, failure.reason);
    const auto seen_keys = seen(routed.keys);
    for (std::size_t i = 0; i < routed.keys.size(); ++i) {
      const auto& key = routed.keys[i];
      if (seen_keys[i] != 0) continue;
      auto& tx_ids = pending_[std::string(key.id)];
      if (key.tx_id != 0 && (tx_ids.empty() || tx_ids.back() != key.tx_id)) {
        tx_ids.push_back(key.tx_id);
      }
    }
    const auto seen_walks = seen(routed.walks);
    for (std::size_t i = 0; i < routed.walks.size(); ++i) {
      if (seen_walks[i] == 0) follow(routed.walks[i]);
    }
  }

  template <typename Routes>
  std::vector<std::uint8_t> seen(const Routes& routes) const {
    std::vector<std::int64_t> tx_ids;
    tx_ids.reserve(routes.size());
    for (const auto& route : routes) tx_ids.push_back(route.tx_id);
    return writing_.seen(snapshot_, tx_ids);
  }

  // A stage that cannot work now is asked again, for as long as it takes.
  template <typename Call>
  auto patiently(Call call) -> decltype(call()) {
    Backoff backoff(flow_.config.errors.retry.initial, flow_.config.errors.retry.max);
    while (true) {
      try {
        return call();
      } catch (const RetryError& e) {
        const auto delay = backoff.next();
        spdlog::warn("{}: {} (tried again in {} ms)", flow_.name, e.what(), delay.count());
        if (!wait(stop_, delay)) throw;
      }
    }
  }

  void follow(const RoutedWalk& walk) {
    const auto size = flow_.config.fanout.page;
    std::optional<std::string> cursor = walk.cursor;
    while (cursor) {
      auto page = patiently([&] {
        return walk.sweep ? writing_.sweep(target_, *cursor, size) : writing_.walk(*cursor, size);
      });
      std::vector<UnsettledKey> keys;
      for (auto& id : page.ids) keys.push_back({std::move(id), tx_ids_of(walk.tx_id)});
      add(settle(flow_, writing_, target_, std::move(keys), stop_));
      cursor = std::move(page.next);
    }
  }

  void flush() {
    std::vector<UnsettledKey> keys;
    keys.reserve(pending_.size());
    for (auto& [id, tx_ids] : pending_) keys.push_back({id, std::move(tx_ids)});
    pending_.clear();
    add(settle(flow_, writing_, target_, std::move(keys), stop_));
  }

  void add(const Settled& settled) {
    result_.documents += settled.documents;
    result_.unresolved += settled.unresolved.count();
  }

  const Flow& flow_;
  const std::string target_;
  const std::string snapshot_;
  const std::stop_token stop_;
  RoutingStages routing_;
  WritingStages writing_;
  std::unordered_map<std::string, std::vector<std::int64_t>> pending_;
  ReplayResult result_;
};

}  // namespace

ReplayResult replay(const Flow& flow, Metrics& metrics, const std::vector<PartitionOffset>& from,
                    const std::vector<PartitionOffset>& to, std::string_view target,
                    std::string_view snapshot, const std::stop_token& stop) {
  StretchReader reader(flow.config.source, from, to);
  return Replay(flow, metrics, target, snapshot, stop).run(reader);
}

}  // namespace sluice
