#include "pipeline/dead_letters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/dead_letter_report.hpp"
#include "pipeline/kafka_properties.hpp"
#include "support/mock_kafka.hpp"

namespace sluice {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

constexpr int kProduce = 0;  // in Kafka's protocol

class DeadLettersTest : public testing::Test {
 protected:
  DeadLettersTest() {
    SourceConfig source;
    source.brokers = kafka_.brokers();
    source.properties = {{"queue.buffering.max.kbytes", "1000"}};
    letters_ = std::make_unique<DeadLetters>(producer_properties(source, "test"), "dlq", "flow", 0,
                                             trouble_);
  }

  /// Makes letters of records, and sends them after `refusals` of the broker for their size.
  std::vector<test::MockKafka::Record> send(const std::vector<test::MockKafka::Record>& records,
                                            int refusals, const std::string& reason = "no good") {
    kafka_.produce("in", 0, records);
    const auto batch = kafka_.read_batch(records.size());
    std::vector<DeadLetter> letters;
    for (std::size_t i = 0; i < records.size(); ++i) {
      letters.push_back({keep_record(batch, i), "TASK_PUT", "sink", reason});
    }
    for (int i = 0; i < refusals; ++i) {
      rd_kafka_mock_push_request_errors(kafka_.cluster(), kProduce, 1,
                                        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    }
    EXPECT_TRUE(letters_->send(letters, {}));
    return kafka_.read_all("dlq");
  }

  test::MockKafka kafka_;
  Trouble trouble_;
  std::unique_ptr<DeadLetters> letters_;
};

TEST_F(DeadLettersTest, HeadersAreKeptInOrderRepeatedNamesAndBinaryValuesToo) {
  const std::string binary("\x00\xff\x01", 3);
  const auto letters = send({{"k", "v", {{"a", binary}, {"b", "1"}, {"a", "2"}, {"", ""}}}}, 0);
  ASSERT_THAT(letters, SizeIs(1));
  ASSERT_GE(letters[0].headers.size(), 4U);
  EXPECT_THAT(std::vector(letters[0].headers.begin(), letters[0].headers.begin() + 4),
              ElementsAre(Pair("a", binary), Pair("b", "1"), Pair("a", "2"), Pair("", "")));
}

TEST_F(DeadLettersTest, AnEmptyKeyAndValueAreNotAbsentOnes) {
  const auto letters = send({{"", "", {}}}, 0);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].key, "");
  EXPECT_EQ(letters[0].value, "");
}

TEST_F(DeadLettersTest, LettersThatAreTooLargeOnlyTogetherAreSentWholeOneByOne) {
  const auto letters = send({{"1", "one", {}}, {"2", "two", {}}, {"3", "three", {}}}, 1);
  ASSERT_THAT(letters, SizeIs(3));
  for (const auto& letter : letters) {
    EXPECT_NE(letter.value, std::nullopt) << *letter.key;
    EXPECT_THAT(letter.headers, Not(Contains(Key("__connect.errors.value.omitted"))));
  }
}

TEST_F(DeadLettersTest, OneThatIsTooLargeGoesWithoutItsValueAndSaysSo) {
  const auto letters = send({{"k", "v", {{"a", "1"}}}}, 2);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].key, "k");
  EXPECT_EQ(letters[0].value, std::nullopt);
  EXPECT_THAT(letters[0].headers, Contains(Pair("a", "1")));
  EXPECT_THAT(letters[0].headers, Contains(Key("__connect.errors.value.omitted")));
  EXPECT_THAT(letters[0].headers, Not(Contains(Key("__connect.errors.headers.omitted"))));
}

TEST_F(DeadLettersTest, OneThatIsTooLargeEvenSoGoesWithItsReportAlone) {
  const auto letters = send({{"k", "v", {{"a", "1"}}}}, 4);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].key, std::nullopt);
  EXPECT_EQ(letters[0].value, std::nullopt);
  EXPECT_THAT(letters[0].headers, Not(Contains(Key("a"))));
  EXPECT_THAT(letters[0].headers, Contains(Pair("__connect.errors.offset", "0")));
  EXPECT_THAT(letters[0].headers, Contains(Key("__connect.errors.key.omitted")));
}

TEST_F(DeadLettersTest, AReasonWithoutEndIsCutBetweenCharacters) {
  std::string reason = "x";
  for (int i = 0; i < 1'000'000; ++i) reason += "\xC3\xA4";
  const auto letters = send({{"k", "v", {}}}, 0, reason);
  ASSERT_THAT(letters, SizeIs(1));
  for (const auto& [name, value] : letters[0].headers) {
    EXPECT_LT(value.size(), 10'000U) << name;
    if (name.ends_with("message")) {
      EXPECT_TRUE(value.ends_with("\xC3\xA4 …"));
    }
  }
}

TEST_F(DeadLettersTest, MoreThanTheClientsQueueHoldsIsSentInTurns) {
  const std::string value(70'000, 'x');
  kafka_.produce("in", 0, {{"k", value, {}}});
  const auto batch = kafka_.read_batch(1);
  const std::vector<DeadLetter> letters(50, {keep_record(batch, 0), "TASK_PUT", "sink", "no"});
  EXPECT_TRUE(letters_->send(letters, {}));
  EXPECT_THAT(kafka_.read_all("dlq"), SizeIs(50));
}

sluice_record with_headers(const std::vector<sluice_header>& headers) {
  sluice_record record{};
  record.headers = headers.data();
  record.header_count = headers.size();
  return record;
}

TEST(DeadLetterReportTest, TheLastReportCountsAndWhatIsBeforeItIsTheRecordsOwn) {
  const DeadLetterHeaders first({"other", 1, 2, "elsewhere", 3, "TASK_PUT", "sink", "no", {}});
  const DeadLetterHeaders last({"in", 4, 5, "flow", 6, "VALUE_CONVERTER", "dec", "bad", {"value"}});
  std::vector<sluice_header> headers;
  first.append_to(headers);
  const auto own = headers.size();
  last.append_to(headers);
  const auto read = read_report(with_headers(headers));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->own_headers, own);
  EXPECT_EQ(read->report.topic, "in");
  EXPECT_EQ(read->report.partition, 4);
  EXPECT_EQ(read->report.offset, 5);
  EXPECT_EQ(read->report.pipeline, "flow");
  EXPECT_EQ(read->report.task, 6);
  EXPECT_EQ(read->report.stage, "VALUE_CONVERTER");
  EXPECT_EQ(read->report.plugin, "dec");
  EXPECT_EQ(read->report.reason, "bad");
  EXPECT_THAT(read->report.omitted, ElementsAre("value"));
}

TEST(DeadLetterReportTest, ARecordWithoutReportOrWithAnImpossibleOneHasNone) {
  EXPECT_FALSE(read_report(with_headers({})));
  const std::string topic = "__connect.errors.topic";
  const std::string partition = "__connect.errors.partition";
  const auto view = [](const std::string& text) { return sluice_view{text.data(), text.size()}; };
  const std::string number = "two";
  EXPECT_FALSE(
      read_report(with_headers({{view(topic), view(number)}, {view(partition), view(number)}})));
}

}  // namespace
}  // namespace sluice
