// `sluice dlq`: what lists and replays dead letters, on a mock Kafka.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/sdk.hpp>

#include "dlq/letter_list.hpp"
#include "dlq/replayer.hpp"
#include "pipeline/dead_letters.hpp"
#include "pipeline/kafka_properties.hpp"
#include "support/mock_kafka.hpp"
#include "support/scripted_flow.hpp"

namespace sluice {
namespace {

using test::MockKafka;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kProduce = 0;  // in Kafka's protocol
constexpr int kOffsetCommit = 8;

class DlqTest : public testing::Test {
 protected:
  /// A record of `in`, as it comes back.
  struct Sent {
    std::string value;
    std::int64_t offset;
    int partition = 0;
  };

  /// A dead letter of `in`, without the record having ever been there.
  void add_letter(const Sent& record, const std::string& pipeline = "flow",
                  std::vector<std::string> omitted = {}, const std::string& topic = "in") {
    const DeadLetterReport report{
        topic,      record.partition, record.offset,         pipeline,          0,
        "TASK_PUT", "the sink",       "no: " + record.value, std::move(omitted)};
    const DeadLetterHeaders headers(report);
    std::vector<sluice_header> views;
    headers.append_to(views);
    MockKafka::Record letter{"key of " + record.value, record.value, {{"own", record.value}}};
    if (!report.omitted.empty()) letter.value = std::nullopt;
    for (const auto& [name, value] : views) {
      letter.headers.emplace_back(to_string_view(name), to_string_view(value));
    }
    kafka_.produce("dlq", 0, {letter});
  }
  std::vector<std::string> replayed_to(int partition) const {
    std::vector<std::string> values;
    for (const auto& record : kafka_.read_all("in", partition)) {
      values.push_back(record.value.value_or("(none)"));
    }
    return values;
  }
  LetterReplay replay(const LetterSelection& selection = {}, bool dry_run = false) {
    problems_.clear();
    Replayer replayer(flow_.config, "flow", dry_run,
                      [this](const Letter& letter, const std::string& problem) {
                        if (!problem.empty()) {
                          problems_.push_back(to_string(letter.id) + " " + problem);
                        }
                      });
    replayer.run(selection);
    return replayer.result();
  }
  LetterList list(const LetterFilter& filter = {}, std::size_t limit = 100) const {
    return list_letters(flow_.config, "flow", filter, limit);
  }
  std::vector<std::string> reasons(const LetterList& list) const {
    std::vector<std::string> reasons;
    for (const auto& entry : list.newest) reasons.push_back(entry.letter.report.reason);
    return reasons;
  }

  test::Script script_;
  MockKafka kafka_{2};
  Flow flow_ = test::scripted_flow(script_, kafka_.brokers());
  std::vector<std::string> problems_;
};

TEST_F(DlqTest, TheNewestLettersOfThePipelineAreListedAndAllAreCounted) {
  for (const char* const value : {"a", "b", "c"}) add_letter({value, 0});
  add_letter({"another's", 0}, "other");
  kafka_.produce("dlq", 0, {{"k", "no letter", {}}});
  add_letter({"d", 7, 1});
  const auto found = list({}, 2);
  EXPECT_EQ(found.count, 4);
  EXPECT_EQ(found.replayed, 0);
  EXPECT_THAT(reasons(found), ElementsAre("no: c", "no: d"));
  EXPECT_EQ(to_string(found.newest[1].letter.id), "0:5");
  EXPECT_EQ(found.newest[1].letter.origin(), "in[1]@7");
  EXPECT_GT(found.newest[1].letter.timestamp_ms, 1'600'000'000'000);
}

TEST_F(DlqTest, ATopicThatDoesNotExistIsAnEmptyList) {
  flow_.config.errors.dead_letter_topic = "nowhere";
  EXPECT_EQ(list().count, 0);
  EXPECT_EQ(replay().letters, 0);
}

TEST_F(DlqTest, FiltersTellLettersByTopicStageAndTime) {
  add_letter({"a", 0});
  add_letter({"b", 0}, "flow", {}, "elsewhere");
  LetterFilter filter;
  filter.topic = "in";
  EXPECT_THAT(reasons(list(filter)), ElementsAre("no: a"));
  filter = {};
  filter.stage = "VALUE_CONVERTER";
  EXPECT_THAT(reasons(list(filter)), IsEmpty());
  filter = {};
  filter.since_ms = list().newest[0].letter.timestamp_ms + 3'600'000;
  EXPECT_THAT(reasons(list(filter)), IsEmpty());
}

TEST_F(DlqTest, LettersGoBackToTheirPartitionAsTheyWereEachOnce) {
  add_letter({"a", 0, 1});
  add_letter({"b", 1, 1});
  add_letter({"another's", 0}, "other");
  auto result = replay();
  EXPECT_EQ(result.letters, 2);
  EXPECT_EQ(result.records, 2);
  EXPECT_EQ(result.failed, 0);
  const auto records = kafka_.read_all("in", 1);
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].key, "key of a");
  EXPECT_EQ(records[0].value, "a");
  EXPECT_THAT(records[0].headers, ElementsAre(testing::Pair("own", "a")));
  EXPECT_THAT(replayed_to(0), IsEmpty());

  EXPECT_EQ(replay().letters, 0) << "each once";
  EXPECT_EQ(list().replayed, 2);
  add_letter({"c", 2, 1});
  EXPECT_EQ(replay().letters, 1);
  EXPECT_THAT(replayed_to(1), ElementsAre("a", "b", "c"));
}

TEST_F(DlqTest, ADryRunSendsAndRemembersNothing) {
  add_letter({"a", 0});
  EXPECT_EQ(replay({}, true).letters, 1);
  EXPECT_THAT(replayed_to(0), IsEmpty());
  EXPECT_EQ(replay().letters, 1);
}

TEST_F(DlqTest, NamedLettersAreReplayedAgainAndAllTheRestOnce) {
  for (const char* const value : {"a", "b", "c", "d"}) add_letter({value, value[0] - 'a'});
  EXPECT_EQ(replay({{{0, 2}}, {}}).letters, 1);
  EXPECT_EQ(replay({{{0, 2}}, {}}).letters, 1);
  EXPECT_THAT(replayed_to(0), ElementsAre("c", "c"));
  EXPECT_EQ(list().replayed, 1);
  EXPECT_EQ(replay().letters, 3);
  EXPECT_THAT(replayed_to(0), ElementsAre("c", "c", "a", "b", "d"));
  EXPECT_EQ(replay().letters, 0);
}

TEST_F(DlqTest, ANamedLetterThatIsNotThereIsAFailureAndTheOthersGo) {
  add_letter({"a", 0});
  add_letter({"another's", 0}, "other");
  const auto result = replay({{{0, 0}, {0, 1}, {0, 9}, {5, 0}}, {}});
  EXPECT_EQ(result.letters, 1);
  EXPECT_EQ(result.failed, 3);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("0:1 there is no such"), HasSubstr("0:9 there"),
                                     HasSubstr("5:0 there")));
}

TEST_F(DlqTest, WhatAFilterTookIsNotTakenAgain) {
  add_letter({"a", 0});
  add_letter({"b", 1}, "flow", {}, "gone");
  add_letter({"c", 2});
  LetterSelection selection;
  selection.filter.topic = "in";
  EXPECT_EQ(replay(selection).letters, 2);
  EXPECT_EQ(replay(selection).letters, 0);
  EXPECT_EQ(replay().failed, 1) << "the one that was left";
}

TEST_F(DlqTest, ALetterOfATopicThatThePipelineDoesNotReadIsAFailure) {
  add_letter({"a", 0}, "flow", {}, "dlq");
  const auto result = replay();
  EXPECT_EQ(result.failed, 1);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("0:0 the pipeline reads no topic dlq")));
}

TEST_F(DlqTest, AllLettersOfARecordAreOneRecord) {
  for (int i = 0; i < 5; ++i) add_letter({"a", 3});
  add_letter({"b", 4});
  const auto result = replay();
  EXPECT_EQ(result.letters, 6);
  EXPECT_EQ(result.records, 2);
  EXPECT_THAT(replayed_to(0), ElementsAre("a", "b"));
}

TEST_F(DlqTest, ACrashBeforeItIsRememberedReplaysAgain) {
  add_letter({"a", 0});
  rd_kafka_mock_push_request_errors(kafka_.cluster(), kOffsetCommit, 1,
                                    RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  EXPECT_THROW(replay(), RetryError);
  EXPECT_EQ(list().replayed, 0);
  EXPECT_EQ(replay().letters, 1);
  EXPECT_THAT(replayed_to(0), ElementsAre("a", "a"));
}

TEST_F(DlqTest, WhatWasNotDeliveredIsAFailureAndStaysToBeReplayed) {
  for (int i = 0; i < 3; ++i) add_letter({"a", 3});
  rd_kafka_mock_push_request_errors(kafka_.cluster(), kProduce, 1,
                                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto result = replay();
  EXPECT_EQ(result.letters, 0);
  EXPECT_EQ(result.failed, 3) << "letters of the same record share its fate";
  EXPECT_EQ(list().replayed, 0);
  EXPECT_EQ(replay().letters, 3);
}

TEST_F(DlqTest, WhatALetterLacksIsReadFromWhereTheRecordIs) {
  kafka_.produce("in", 0, {{"key of big", "first", {}}, {"key of big", "big", {{"h", "1"}}}});
  add_letter({"big", 1}, "flow", {"value", "headers"});
  EXPECT_EQ(replay().letters, 1);
  const auto records = kafka_.read_all("in");
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[2].value, "big");
  EXPECT_THAT(records[2].headers, ElementsAre(testing::Pair("h", "1")));
}

TEST_F(DlqTest, AnIncompleteLetterWhoseRecordIsGoneIsAFailure) {
  kafka_.produce("in", 0, {{"another key", "another record", {}}});
  add_letter({"big", 0}, "flow", {"value"});
  add_letter({"big", 7}, "flow", {"value"});
  const auto result = replay();
  EXPECT_EQ(result.letters, 0);
  EXPECT_EQ(result.failed, 2);
  EXPECT_THAT(problems_, ElementsAre(AllOf(HasSubstr("0:0 the letter lacks the record's value"),
                                           HasSubstr("no longer holds")),
                                     HasSubstr("0:1 the letter lacks")));
  EXPECT_THAT(replayed_to(0), SizeIs(1));
}

TEST_F(DlqTest, APartitionThatTheTopicNoLongerHasIsChosenByTheKey) {
  add_letter({"a", 0, 17});
  EXPECT_EQ(replay().letters, 1);
  EXPECT_EQ(replayed_to(0).size() + replayed_to(1).size(), 1U);
}

TEST_F(DlqTest, ThousandsOfScatteredLettersAreRememberedAsFarAsThereIsRoom) {
  std::vector<MockKafka::Record> records;
  constexpr int kCount = 3000;
  for (int i = 0; i < kCount; ++i) {
    const DeadLetterHeaders headers(
        {i % 2 == 0 ? "in" : "gone", 0, i, "flow", 0, "TASK_PUT", "sink", "no", {}});
    std::vector<sluice_header> views;
    headers.append_to(views);
    MockKafka::Record letter{std::nullopt, "x", {}};
    for (const auto& [name, value] : views) {
      letter.headers.emplace_back(to_string_view(name), to_string_view(value));
    }
    records.push_back(std::move(letter));
  }
  kafka_.produce("dlq", 0, records);
  LetterSelection selection;
  selection.filter.topic = "in";
  EXPECT_EQ(replay(selection).letters, kCount / 2);
  const auto again = replay(selection).letters;
  EXPECT_GT(again, 0);
  EXPECT_LT(again, kCount / 2);
}

}  // namespace
}  // namespace sluice
