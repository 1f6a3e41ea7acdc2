#include "pipeline/stages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/sdk.hpp>

#include "support/mock_kafka.hpp"
#include "support/scripted_flow.hpp"

namespace sluice {
namespace {

using test::Script;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::ThrowsMessage;

class RoutingStagesTest : public testing::Test {
 protected:
  /// Keeps the batch and what was routed for as long as the test.
  const Routed& route(const std::vector<std::string>& values) {
    kafka_.produce(values);
    batch_ = kafka_.read_batch(values.size());
    stages_ = std::make_unique<RoutingStages>(plugins_, "p", nullptr, std::stop_token());
    routed_ = stages_->route(*batch_);
    return routed_;
  }
  std::vector<std::string> routed_ids() const {
    std::vector<std::string> ids;
    for (const auto& key : routed_.keys) {
      ids.push_back(std::to_string(key.record) + ":" + std::string(key.id));
    }
    return ids;
  }

  Script script_;
  PipelinePlugins plugins_ = test::scripted_plugins(script_);
  test::MockKafka kafka_;
  std::shared_ptr<const RecordBatch> batch_;
  std::unique_ptr<RoutingStages> stages_;
  Routed routed_;
};

TEST_F(RoutingStagesTest, RecordsBecomeKeysWithTheirRecordTransactionAndUrgency) {
  const auto& routed = route({"put a 7", "none x", "del b 9"});
  EXPECT_THAT(routed_ids(), ElementsAre("0:a", "2:b"));
  EXPECT_EQ(routed.keys[0].tx_id, 7);
  EXPECT_FALSE(routed.keys[0].urgent);
  EXPECT_EQ(routed.keys[1].tx_id, 9);
  EXPECT_TRUE(routed.keys[1].urgent);
  EXPECT_THAT(routed.failures, IsEmpty());
}

TEST_F(RoutingStagesTest, FanOutsBecomeWalks) {
  const auto& routed = route({"put a", "fan f 5", "sweep x"});
  ASSERT_THAT(routed.walks, SizeIs(2));
  EXPECT_EQ(routed.walks[0].record, 1U);
  EXPECT_EQ(routed.walks[0].cursor, "f 0");
  EXPECT_EQ(routed.walks[0].tx_id, 5);
  EXPECT_FALSE(routed.walks[0].sweep);
  EXPECT_TRUE(routed.walks[1].sweep);
}

TEST_F(RoutingStagesTest, ARecordThatTheDecoderRefusesFailsAlone) {
  const auto& routed = route({"put a", "bad", "put c"});
  EXPECT_THAT(routed_ids(), ElementsAre("0:a", "2:c"));
  ASSERT_THAT(routed.failures, SizeIs(1));
  EXPECT_EQ(routed.failures[0].record, 1U);
  EXPECT_STREQ(routed.failures[0].stage, "VALUE_CONVERTER");
  EXPECT_EQ(routed.failures[0].plugin, "scripted");
  EXPECT_EQ(routed.failures[0].reason, "cannot be decoded");
}

TEST_F(RoutingStagesTest, ADecodeCallThatFailsAsAWholeIsHalvedDownToTheGuiltyRecords) {
  const auto& routed =
      route({"put a", "put b", "throw", "put d", "bad", "put f", "throw", "put h", "put i"});
  EXPECT_THAT(routed_ids(), ElementsAre("0:a", "1:b", "3:d", "5:f", "7:h", "8:i"));
  EXPECT_THAT(routed.failures,
              ElementsAre(Field(&FailedRecord::record, 2), Field(&FailedRecord::record, 4),
                          Field(&FailedRecord::record, 6)));
  EXPECT_THAT(routed.failures[0].reason, HasSubstr("a call with this record fails"));
}

TEST_F(RoutingStagesTest, ABatchThatFailsAltogetherGivesNothingButFailures) {
  const auto& routed = route({"throw", "throw", "throw"});
  EXPECT_THAT(routed.keys, IsEmpty());
  EXPECT_THAT(routed.failures, SizeIs(3));
}

TEST_F(RoutingStagesTest, ARouteCallThatFailsAsAWholeIsHalvedToo) {
  script_.route = [](std::span<const sluice_change* const> changes, KeyOutput& output) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto id = Value(changes[i]->key).as_string();
      if (id == "guilty") throw RecordError("no such row");
      output.key(i, id);
    }
  };
  const auto& routed = route({"put a", "put b", "put guilty", "put d", "put e"});
  EXPECT_THAT(routed_ids(), ElementsAre("0:a", "1:b", "3:d", "4:e"));
  ASSERT_THAT(routed.failures, SizeIs(1));
  EXPECT_EQ(routed.failures[0].record, 2U);
  EXPECT_STREQ(routed.failures[0].stage, "TRANSFORMATION");
}

TEST_F(RoutingStagesTest, ChangesPassTheTransformsInOrder) {
  plugins_.transforms = {test::scripted(SLUICE_KIND_TRANSFORM, script_)};
  script_.transform = [](std::span<const sluice_change* const> changes, ChangeOutput& output) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto id = Value(changes[i]->key).as_string();
      if (id == "drop") continue;
      if (id == "refuse") {
        output.fail(i, "not wanted");
        continue;
      }
      output.change(*changes[i]);
      if (id == "twice") output.change(*changes[i]);
    }
  };
  const auto& routed = route({"put drop", "put twice", "put refuse", "put a"});
  EXPECT_THAT(routed_ids(), ElementsAre("1:twice", "1:twice", "3:a"));
  ASSERT_THAT(routed.failures, SizeIs(1));
  EXPECT_EQ(routed.failures[0].record, 2U);
  EXPECT_STREQ(routed.failures[0].stage, "TRANSFORMATION");
}

TEST_F(RoutingStagesTest, ATransformCallThatFailsAsAWholeIsHalved) {
  plugins_.transforms = {test::scripted(SLUICE_KIND_TRANSFORM, script_)};
  script_.transform = [](std::span<const sluice_change* const> changes, ChangeOutput& output) {
    for (const auto* change : changes) {
      if (Value(change->key).as_string() == "guilty") throw RecordError("no");
      output.change(*change);
    }
  };
  const auto& routed = route({"put a", "put guilty", "put c"});
  EXPECT_THAT(routed_ids(), ElementsAre("0:a", "2:c"));
  EXPECT_THAT(routed.failures, ElementsAre(Field(&FailedRecord::record, 1)));
}

TEST_F(RoutingStagesTest, TransformsAreNotAskedAboutNoChanges) {
  plugins_.transforms = {test::scripted(SLUICE_KIND_TRANSFORM, script_)};
  script_.transform = [](std::span<const sluice_change* const>, ChangeOutput&) {
    throw RecordError("always");
  };
  EXPECT_THAT(route({"bad"}).failures, SizeIs(1));
}

TEST_F(RoutingStagesTest, RetryErrorsComeThroughWithThePluginsName) {
  script_.on_decode = [](auto) { throw RetryError("registry away"); };
  EXPECT_THAT([&] { route({"put a"}); }, ThrowsMessage<RetryError>("scripted: registry away"));
}

TEST_F(RoutingStagesTest, FatalErrorsComeThroughWithThePluginsName) {
  EXPECT_THAT([&] { route({"fatal"}); },
              ThrowsMessage<FatalError>("scripted: the decoder is broken"));
}

TEST_F(RoutingStagesTest, AnExceptionOfAnyOtherKindIsFatal) {
  script_.on_decode = [](auto) { throw std::out_of_range("a bug"); };
  EXPECT_THAT([&] { route({"put a"}); }, ThrowsMessage<FatalError>("scripted: a bug"));
  script_.on_decode = [](auto) { throw 42; };
  EXPECT_THAT([&] { route({"put a"}); }, ThrowsMessage<FatalError>(HasSubstr("no std::exception")));
}

TEST_F(RoutingStagesTest, AChangeOfARecordThatDoesNotExistIsFatal) {
  EXPECT_THAT([&] { route({"put a outside"}); },
              ThrowsMessage<FatalError>(HasSubstr("an item that does not exist")));
}

TEST_F(RoutingStagesTest, ATransformedChangeOfARecordThatDoesNotExistIsFatal) {
  plugins_.transforms = {test::scripted(SLUICE_KIND_TRANSFORM, script_)};
  script_.transform = [](std::span<const sluice_change* const> changes, ChangeOutput& output) {
    sluice_change change = *changes[0];
    change.record = 1000;
    output.change(change);
  };
  EXPECT_THAT([&] { route({"put a"}); },
              ThrowsMessage<FatalError>(HasSubstr("an item that does not exist")));
}

TEST_F(RoutingStagesTest, AKeyOrWalkOfAChangeThatDoesNotExistIsFatal) {
  script_.route = [](auto changes, KeyOutput& output) { output.key(changes.size(), "a"); };
  EXPECT_THAT([&] { route({"put a"}); },
              ThrowsMessage<FatalError>(HasSubstr("an item that does not exist")));
  script_.route = [](auto changes, KeyOutput& output) { output.walk(changes.size(), "a"); };
  EXPECT_THAT([&] { route({"put a"}); },
              ThrowsMessage<FatalError>(HasSubstr("an item that does not exist")));
  script_.route = [](auto changes, KeyOutput& output) { output.fail(changes.size(), "a"); };
  EXPECT_THAT([&] { route({"put a"}); },
              ThrowsMessage<FatalError>(HasSubstr("an item that does not exist")));
}

class WritingStagesTest : public testing::Test {
 protected:
  std::vector<KeyResult> write(const std::vector<std::string>& ids) {
    WritingStages stages(test::scripted_plugins(script_), "p", nullptr, std::stop_token());
    std::vector<KeyRequest> requests;
    for (const auto& id : ids) requests.push_back({id, {}});
    return stages.write("target", requests);
  }
  static std::vector<sluice_outcome> outcomes(const std::vector<KeyResult>& results) {
    std::vector<sluice_outcome> list;
    for (const auto& result : results) list.push_back(result.outcome);
    return list;
  }

  Script script_;
};

TEST_F(WritingStagesTest, DocumentsAreReadAndWrittenToTheTarget) {
  EXPECT_THAT(outcomes(write({"a", "b"})), ElementsAre(SLUICE_DONE, SLUICE_DONE));
  EXPECT_THAT(script_.written, ElementsAre(AllOf(Field(&Script::Written::id, "a"),
                                                 Field(&Script::Written::target, "target")),
                                           Field(&Script::Written::id, "b")));
}

TEST_F(WritingStagesTest, TheTransactionsToSeeReachTheReader) {
  std::vector<std::int64_t> seen;
  script_.materialize = [&](auto keys, DocumentOutput& output) {
    seen.assign(keys[0]->tx_ids, keys[0]->tx_ids + keys[0]->tx_id_count);
    output.remove(0, "a", 1);
  };
  WritingStages stages(test::scripted_plugins(script_), "p", nullptr, std::stop_token());
  const std::vector<std::int64_t> tx_ids{4, 8, 15};
  const std::vector<KeyRequest> requests{{"a", tx_ids}};
  stages.write("", requests);
  EXPECT_THAT(seen, ElementsAre(4, 8, 15));
  EXPECT_TRUE(script_.written.at(0).deleted);
}

TEST_F(WritingStagesTest, OutcomesOfReaderAndSinkAreMappedToTheirKeys) {
  script_.materialize = [](auto keys, DocumentOutput& output) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto id = to_string_view(keys[i]->id);
      if (id == "invisible") {
        output.not_visible(i);
      } else if (id == "ahead") {
        output.ahead(i);
      } else if (id == "unreadable") {
        output.fail(i, "no UTF-8");
      } else if (id != "forgotten") {
        output.document(i, id, 1, "{}");
      }
    }
  };
  script_.write = [](auto, auto documents, OutcomeOutput& output) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const auto id = to_string_view(documents[i]->id);
      if (id == "old") output.superseded(i);
      if (id == "busy") output.retry(i, "429");
      if (id == "unmappable") output.fail(i, "mapper_parsing_exception");
      if (id == "good") output.done(i);
    }
  };
  const auto results = write({"invisible", "good", "ahead", "old", "unreadable", "busy",
                              "forgotten", "unmappable", "unanswered"});
  EXPECT_THAT(outcomes(results),
              ElementsAre(SLUICE_NOT_VISIBLE, SLUICE_DONE, SLUICE_AHEAD, SLUICE_SUPERSEDED,
                          SLUICE_ITEM_ERROR, SLUICE_ITEM_RETRY, SLUICE_ITEM_RETRY,
                          SLUICE_ITEM_ERROR, SLUICE_ITEM_RETRY));
  EXPECT_EQ(results[4].reason, "no UTF-8");
  EXPECT_EQ(results[5].reason, "429");
  EXPECT_EQ(results[7].reason, "mapper_parsing_exception");
  EXPECT_EQ(results[7].plugin, "scripted");
}

TEST_F(WritingStagesTest, AWriteThatFailsAsAWholeIsHalvedDownToTheGuiltyDocument) {
  script_.write = [this](auto target, auto documents, OutcomeOutput& output) {
    for (const auto* document : documents) {
      if (to_string_view(document->id) == "guilty") throw RecordError("too large");
    }
    for (std::size_t i = 0; i < documents.size(); ++i) {
      script_.record(target, *documents[i]);
      output.done(i);
    }
  };
  const auto results = write({"a", "b", "guilty", "d", "e", "f", "g"});
  EXPECT_THAT(outcomes(results), ElementsAre(SLUICE_DONE, SLUICE_DONE, SLUICE_ITEM_ERROR,
                                             SLUICE_DONE, SLUICE_DONE, SLUICE_DONE, SLUICE_DONE));
  EXPECT_THAT(results[2].reason, HasSubstr("too large"));
  EXPECT_EQ(script_.documents(), 6U);
}

TEST_F(WritingStagesTest, RetryAndFatalErrorsComeThrough) {
  script_.write = [](auto, auto, OutcomeOutput&) { throw RetryError("connection refused"); };
  EXPECT_THAT([&] { write({"a"}); }, ThrowsMessage<RetryError>("scripted: connection refused"));
  script_.write = [](auto, auto, OutcomeOutput&) { throw FatalError("401"); };
  EXPECT_THAT([&] { write({"a"}); }, ThrowsMessage<FatalError>("scripted: 401"));
}

TEST_F(WritingStagesTest, ResultsForItemsThatDoNotExistAreFatal) {
  const auto outside = ThrowsMessage<FatalError>(HasSubstr("an item that does not exist"));
  script_.write = [](auto, auto documents, OutcomeOutput& output) {
    output.done(documents.size());
  };
  EXPECT_THAT([&] { write({"a"}); }, outside);
  script_.materialize = [](auto keys, DocumentOutput& output) {
    output.document(keys.size(), "x", 1, "{}");
  };
  EXPECT_THAT([&] { write({"a"}); }, outside);
  script_.materialize = [](auto keys, DocumentOutput& output) { output.ahead(keys.size()); };
  EXPECT_THAT([&] { write({"a"}); }, outside);
}

TEST_F(WritingStagesTest, AWalkComesPageByPage) {
  WritingStages stages(test::scripted_plugins(script_), "p", nullptr, std::stop_token());
  auto page = stages.walk("f 0", 60);
  EXPECT_THAT(page.ids, SizeIs(60));
  ASSERT_EQ(page.next, "f 60");
  page = stages.walk(*page.next, 60);
  EXPECT_THAT(page.ids, SizeIs(40));
  EXPECT_EQ(page.ids.back(), "f-99");
  EXPECT_EQ(page.next, std::nullopt);
}

TEST_F(WritingStagesTest, ASweepWalksOverWhatTheSinkHolds) {
  script_.index = {{"a", 1}, {"b", 1}, {"c", 1}};
  WritingStages stages(test::scripted_plugins(script_), "p", nullptr, std::stop_token());
  auto page = stages.sweep("", "", 2);
  EXPECT_THAT(page.ids, ElementsAre("a", "b"));
  ASSERT_TRUE(page.next);
  page = stages.sweep("", *page.next, 2);
  EXPECT_THAT(page.ids, ElementsAre("c"));
  EXPECT_EQ(page.next, std::nullopt);
}

TEST_F(WritingStagesTest, AScanWritesItsPageAndTellsWhatIsUnsettled) {
  script_.write = [](auto, auto documents, OutcomeOutput& output) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      i == 1 ? output.retry(i, "429") : output.done(i);
    }
  };
  WritingStages stages(test::scripted_plugins(script_), "p", nullptr, std::stop_token());
  const auto page = stages.scan("target", "0 10", 4);
  EXPECT_EQ(page.written, 3);
  ASSERT_THAT(page.unsettled, SizeIs(1));
  EXPECT_EQ(page.unsettled[0].first, "row-1");
  EXPECT_EQ(page.next, "4 10");
}

TEST_F(WritingStagesTest, AScanTellsOfWhichRowsNoDocumentCanBeMade) {
  script_.scan = [](auto, DocumentOutput& output) {
    output.document(0, "row-0", 1, "{}");
    output.fail(1, "row-1", "division by zero");
    output.document(2, "row-2", 1, "{}");
    output.fail(3, "several rows");
  };
  WritingStages stages(test::scripted_plugins(script_), "p", nullptr, std::stop_token());
  const auto page = stages.scan("target", "0 10", 4);
  EXPECT_EQ(page.written, 2);
  EXPECT_EQ(script_.documents(), 2U);
  ASSERT_THAT(page.unsettled, SizeIs(2));
  EXPECT_EQ(page.unsettled[0].first, "row-1");
  EXPECT_EQ(page.unsettled[0].second.outcome, SLUICE_ITEM_ERROR);
  EXPECT_EQ(page.unsettled[0].second.reason, "division by zero");
  EXPECT_EQ(page.unsettled[0].second.plugin, "scripted");
  EXPECT_EQ(page.unsettled[1].first, "") << "by a source that does not tell it";
  EXPECT_EQ(page.unsettled[1].second.reason, "several rows");
}

TEST_F(WritingStagesTest, AScanIsTriedAgainWhereARowFailsForAPassingReason) {
  script_.scan = [](auto, DocumentOutput& output) { output.retry(0, "lock timeout"); };
  WritingStages stages(test::scripted_plugins(script_), "p", nullptr, std::stop_token());
  EXPECT_THAT([&] { stages.scan("target", "0 10", 4); },
              ThrowsMessage<RetryError>(HasSubstr("lock timeout")));
}

}  // namespace
}  // namespace sluice
