#include "pipeline/kafka_consumer.hpp"

#include <gtest/gtest.h>
#include <map>

#include <sluice/sdk.hpp>

#include "pipeline/kafka_properties.hpp"
#include "support/await.hpp"
#include "support/mock_kafka.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::await;

class GroupConsumerTest : public testing::Test {
 protected:
  GroupConsumerTest() { kafka_.create_topic("t0", 1); }

  /// `assigned` counts its partitions.
  std::unique_ptr<GroupConsumer> join(std::size_t& assigned) {
    SourceConfig source;
    source.brokers = kafka_.brokers();
    source.group_id = "group";
    source.start = "earliest";
    source.properties = {{"topic.metadata.refresh.interval.ms", "110"},
                         {"session.timeout.ms", "3500"},  // the mock cluster rejoins in one less
                         {"heartbeat.interval.ms", "200"}};
    const auto add = [&assigned](const auto& partitions) { assigned += partitions.size(); };
    const auto remove = [&assigned](const auto& partitions) { assigned -= partitions.size(); };
    return std::make_unique<GroupConsumer>(
        group_consumer_properties(source, "test"), std::vector<std::string>{"^t[0-9]$"},
        ConsumerListener{add, remove, [](const auto&) {}}, &memory_);
  }

  void produce(const std::string& topic) { kafka_.produce(topic, 0, {{std::nullopt, "x", {}}}); }
  void read() {
    const auto batch = consumer_->read(100, 10ms);
    for (std::size_t i = 0; batch != nullptr && i < batch->size(); ++i) {
      const auto& partition = batch->runs()[batch->run_of(i)].partition;
      EXPECT_EQ(partition.topic, to_string_view((*batch)[i].topic));
      EXPECT_EQ(partition.partition, (*batch)[i].partition);
      ++read_[partition.topic];
    }
  }
  template <typename Condition>
  bool await_reading(Condition condition, std::chrono::milliseconds limit = 60s) {
    return await(
        [&] {
          read();
          return condition();
        },
        limit);
  }

  test::MockKafka kafka_;
  std::atomic<std::int64_t> memory_{0};
  std::size_t assigned_ = 0;
  std::map<std::string, int> read_;
  std::unique_ptr<GroupConsumer> consumer_ = join(assigned_);
};

TEST_F(GroupConsumerTest, APauseHoldsForPartitionsThatComeInItAndAResumeFreesAll) {
  ASSERT_TRUE(await_reading([&] { return assigned_ == 1; }));
  consumer_->pause();
  kafka_.create_topic("t1", 1);
  ASSERT_TRUE(await_reading([&] { return assigned_ == 2; }));
  produce("t0");
  produce("t1");
  EXPECT_FALSE(await_reading([&] { return !read_.empty(); }, 500ms));
  consumer_->resume();
  EXPECT_TRUE(await_reading([&] { return read_["t0"] == 1 && read_["t1"] == 1; }, 15s));
}

TEST_F(GroupConsumerTest, APartitionThatWentInAPauseFlowsWhenItComesBackAfterIt) {
  kafka_.create_topic("t1", 1);
  ASSERT_TRUE(await_reading([&] { return assigned_ == 2; }));
  consumer_->pause();
  std::size_t others = 0;
  auto other = join(others);
  ASSERT_TRUE(await_reading([&] {
    other->read(100, 10ms);
    return assigned_ == 1 && others == 1;
  }));
  consumer_->resume();
  other.reset();
  ASSERT_TRUE(await_reading([&] { return assigned_ == 2; }));
  produce("t0");
  produce("t1");
  EXPECT_TRUE(await_reading([&] { return read_["t0"] == 1 && read_["t1"] == 1; }, 15s));
}

TEST_F(GroupConsumerTest, LagIsKnownOfAPartitionFromWhichNothingHasComeYet) {
  for (int i = 0; i < 5; ++i) produce("t0");
  ASSERT_TRUE(await_reading([&] { return read_["t0"] == 5; }));
  consumer_->store({{{"t0", 0}, 2}});
  consumer_->commit();
  consumer_.reset();
  assigned_ = 0;
  consumer_ = join(assigned_);
  consumer_->pause();
  ASSERT_TRUE(await_reading([&] { return assigned_ == 1; }));
  EXPECT_EQ(consumer_->lag(), 3);
}

}  // namespace
}  // namespace sluice
