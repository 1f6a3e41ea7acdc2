#include "pipeline/kafka_consumer.hpp"

#include <algorithm>
#include <array>
#include <spdlog/spdlog.h>
#include <utility>

#include <sluice/sdk.hpp>

#include "pipeline/kafka_failures.hpp"

namespace sluice {
namespace {

constexpr int kLookTimeoutMs = 200;

std::vector<TopicPartition> partitions_of(const rd_kafka_topic_partition_list_t& list) {
  std::vector<TopicPartition> partitions;
  for (int i = 0; i < list.cnt; ++i) {
    partitions.push_back({list.elems[i].topic, list.elems[i].partition});
  }
  return partitions;
}

void log_error(const char* what, rd_kafka_resp_err_t error) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    spdlog::warn("kafka: {}: {}", what, rd_kafka_err2str(error));
}

// Owned by us until it is looked at; freed by librdkafka's own call.
void log_and_free(const char* what, rd_kafka_error_t* error) {
  if (error == nullptr) return;
  spdlog::warn("kafka: {}: {}", what, rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
}

}  // namespace

void KafkaDeleter::operator()(rd_kafka_t* client) const {
  rd_kafka_destroy(client);
  forget_failures(client);
}

KafkaConfPtr make_kafka_conf(const KafkaProperties& properties) {
  KafkaConfPtr conf(rd_kafka_conf_new());
  std::array<char, 512> reason{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason.data(), reason.size()) !=
        RD_KAFKA_CONF_OK) {
      throw FatalError("source.properties: " + name + ": " + reason.data());
    }
  }
  watch_failures(conf.get());
  return conf;
}

KafkaClientPtr make_kafka_client(rd_kafka_type_t type, KafkaConfPtr conf, const std::string& what) {
  std::array<char, 512> reason{};
  KafkaClientPtr client(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  if (!client) throw FatalError(what + ": " + reason.data());
  static_cast<void>(conf.release());  // the client owns it now
  return client;
}

void check_kafka(const char* what, rd_kafka_resp_err_t error) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw RetryError(std::string("kafka: ") + what + ": " + rd_kafka_err2str(error));
  }
}

// Each by a call of its own: a call for several drops what it has gathered when the library pauses
// the partition for a rebalance, but counts it as read, so it would never be seen (librdkafka
// before 2.1: "Poor Consumer batch API messaging guarantees" in its change log, its pull request
// 4208).
std::vector<MessagePtr> read_messages(rd_kafka_queue_t* queue, std::size_t max,
                                      std::chrono::milliseconds wait) {
  std::vector<MessagePtr> messages;
  for (auto timeout = static_cast<int>(wait.count()); messages.size() < max; timeout = 0) {
    rd_kafka_message_t* message = nullptr;
    if (rd_kafka_consume_batch_queue(queue, timeout, &message, 1) <= 0) break;
    messages.emplace_back(message);
  }
  return messages;
}

GroupConsumer::GroupConsumer(const KafkaProperties& properties,
                             const std::vector<std::string>& topics, ConsumerListener listener,
                             std::atomic<std::int64_t>* memory)
    : listener_(std::move(listener)), memory_(memory) {
  auto conf = make_kafka_conf(properties);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  client_ = make_kafka_client(RD_KAFKA_CONSUMER, std::move(conf), "kafka consumer");
  rd_kafka_poll_set_consumer(client_.get());
  queue_.reset(rd_kafka_queue_get_consumer(client_.get()));

  const KafkaListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const auto& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const auto error = rd_kafka_subscribe(client_.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw FatalError(std::string("kafka: cannot subscribe: ") + rd_kafka_err2str(error));
  }
}

GroupConsumer::~GroupConsumer() {
  close();
  queue_.reset();
  if (!had_assignment_) leave_undestroyed();
}

// librdkafka 2.0 aborts the process when a member that joined its group is destroyed before its
// first assignment (its issue 4312). It has left the group, and only the end of the process
// comes between a task's start and that assignment, so its idle threads may stay until then:
// silent, for the logger may be gone before them.
void GroupConsumer::leave_undestroyed() {
  rd_kafka_set_log_level(client_.get(), 0);
  static_cast<void>(client_.release());
}

void GroupConsumer::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                                 rd_kafka_topic_partition_list_t* list, void* opaque) {
  auto& self = *static_cast<GroupConsumer*>(opaque);
  self.had_assignment_ = true;
  const auto partitions = partitions_of(*list);
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    self.listener_.assigned(partitions);
    log_and_free("assign", rd_kafka_incremental_assign(client, list));
    self.flow_or_pause(*list);
    return;
  }
  // The listener stores what is settled; it is committed with the partitions' release.
  self.listener_.revoked(partitions);
  for (const auto& partition : partitions) self.settled_.erase(partition);
  log_and_free("unassign", rd_kafka_incremental_unassign(client, list));
}

// A new partition flows, unless it was paused when it was last ours: the client remembers that
// (documented nowhere but in issue 193 of confluent-kafka-go), and a resume in between only meets
// what is ours then.
void GroupConsumer::flow_or_pause(rd_kafka_topic_partition_list_t& partitions) {
  if (paused_) {
    log_error("pause", rd_kafka_pause_partitions(client_.get(), &partitions));
  } else {
    log_error("resume", rd_kafka_resume_partitions(client_.get(), &partitions));
  }
}

std::shared_ptr<const RecordBatch> GroupConsumer::read(std::size_t max,
                                                       std::chrono::milliseconds wait) {
  // Before the first assignment the client could not be left: see leave_undestroyed.
  if (denied_ && had_assignment_) throw FatalError("kafka consumer: " + refusal_);
  auto read = read_messages(queue_.get(), max, wait);
  if (read.empty()) return nullptr;

  const auto mine = assignment();
  std::vector<MessagePtr> messages;
  messages.reserve(read.size());
  const rd_kafka_message_t* last = nullptr;
  bool is_mine = false;
  for (auto& message : read) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (rd_kafka_fatal_error(client_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw FatalError(std::string("kafka consumer: ") + rd_kafka_message_errstr(message.get()));
      }
      report(*message);
      continue;
    }
    if (!are_of_one_partition(std::exchange(last, message.get()), message.get())) {
      const TopicPartition partition{rd_kafka_topic_name(message->rkt), message->partition};
      // A rebalance within this very call may have taken the partition away.
      is_mine = rd_kafka_topic_partition_list_find(mine.get(), partition.topic.c_str(),
                                                   partition.partition) != nullptr;
      if (is_mine) settled_.try_emplace(partition, message->offset);
    }
    if (is_mine) messages.push_back(std::move(message));
  }
  if (messages.empty()) return nullptr;
  return std::make_shared<const RecordBatch>(std::move(messages), memory_);
}

// A table's topic appears with its first event, so one that is not there is no fault. Without its
// group a member that waits for partitions asks again by itself.
void GroupConsumer::report(const rd_kafka_message_t& error) {
  const std::string reason = rd_kafka_message_errstr(&error);
  if (error.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
    spdlog::info("kafka consumer: {} (until a first event comes)", reason);
    if (error.rkt != nullptr) listener_.missing(rd_kafka_topic_name(error.rkt));
    return listener_.assigned({});
  }
  spdlog::warn("kafka consumer: {}", reason);
  if (denied_) return;
  refusal_ = reason;
  denied_ = error.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
            (error.err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED && had_assignment_);
}

void GroupConsumer::store(const std::vector<PartitionOffset>& offsets) {
  if (offsets.empty()) return;
  const KafkaListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
        ->offset = offset;
    settled_[partition] = offset;
  }
  const auto error = rd_kafka_offsets_store(client_.get(), list.get());
  // A partition that was just revoked is no loss: its next owner reads from what was committed.
  if (error != RD_KAFKA_RESP_ERR__STATE) log_error("store offsets", error);
}

void GroupConsumer::commit() {
  const auto error = rd_kafka_commit(client_.get(), nullptr, 0);
  if (error != RD_KAFKA_RESP_ERR__NO_OFFSET) log_error("commit", error);
}

KafkaListPtr GroupConsumer::assignment() const {
  rd_kafka_topic_partition_list_t* list = nullptr;
  if (rd_kafka_assignment(client_.get(), &list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    list = rd_kafka_topic_partition_list_new(0);
  }
  return KafkaListPtr(list);
}

void GroupConsumer::pause() {
  if (paused_) return;
  paused_ = true;
  flow_or_pause(*assignment());
}

void GroupConsumer::resume() {
  if (!paused_) return;
  paused_ = false;
  flow_or_pause(*assignment());
}

// What the client knows of the ends comes with what it fetches: nothing while it is paused.
KafkaListPtr GroupConsumer::ends_while_paused(const rd_kafka_topic_partition_list_t& partitions) {
  KafkaListPtr ends(rd_kafka_topic_partition_list_copy(&partitions));
  for (int i = 0; i < ends->cnt; ++i) ends->elems[i].offset = RD_KAFKA_OFFSET_END;
  const bool known = rd_kafka_offsets_for_times(client_.get(), ends.get(), kLookTimeoutMs) ==
                     RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int i = 0; i < ends->cnt; ++i) {
    auto& end = ends->elems[i];
    if (!known || end.err != RD_KAFKA_RESP_ERR_NO_ERROR) end.offset = 0;
  }
  return ends;
}

// Of a partition from which nothing has come yet, only the brokers know how far the group is.
void GroupConsumer::ask_for_committed(const rd_kafka_topic_partition_list_t& partitions) {
  const KafkaListPtr unknown(rd_kafka_topic_partition_list_new(partitions.cnt));
  for (int i = 0; i < partitions.cnt; ++i) {
    const auto& each = partitions.elems[i];
    if (settled_.contains({each.topic, each.partition})) continue;
    rd_kafka_topic_partition_list_add(unknown.get(), each.topic, each.partition);
  }
  if (unknown->cnt == 0 || rd_kafka_committed(client_.get(), unknown.get(), kLookTimeoutMs) !=
                               RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;
  }
  for (int i = 0; i < unknown->cnt; ++i) {
    const auto& found = unknown->elems[i];
    if (found.offset >= 0) settled_.try_emplace({found.topic, found.partition}, found.offset);
  }
}

std::int64_t GroupConsumer::lag() {
  const auto mine = assignment();
  const auto ends = paused_ && mine->cnt > 0 ? ends_while_paused(*mine) : nullptr;
  ask_for_committed(*mine);
  rd_kafka_position(client_.get(), mine.get());
  std::int64_t lag = 0;
  for (int i = 0; i < mine->cnt; ++i) {
    const auto& partition = mine->elems[i];
    std::int64_t low = 0;
    std::int64_t high = 0;
    if (rd_kafka_get_watermark_offsets(client_.get(), partition.topic, partition.partition, &low,
                                       &high) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      continue;
    }
    const auto settled = settled_.find({partition.topic, partition.partition});
    const auto at = settled != settled_.end() ? settled->second : partition.offset;
    if (ends) high = std::max(high, ends->elems[i].offset);
    if (at >= 0 && high > at) lag += high - at;
  }
  return lag;
}

std::string GroupConsumer::failure() const {
  return refusal_.empty() ? last_failure(client_.get()) : refusal_;
}

void GroupConsumer::close() {
  if (closed_) return;
  closed_ = true;
  log_error("close", rd_kafka_consumer_close(client_.get()));
}

}  // namespace sluice
