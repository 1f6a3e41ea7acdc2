#include <gmock/gmock.h>
#include <thread>

#include "raw_server.hpp"
#include "sink_fixture.hpp"

namespace sluice::opensearch {
namespace {

using testing::Answer;
using testing::bulk_answer;
using testing::BulkAction;
using testing::Doc;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::error_answer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ItemAnswer;
using ::testing::Pair;
using testing::parse_bulk;
using testing::Request;
using ::testing::SizeIs;

constexpr auto kBulk = "POST /things-2026-01-24/_bulk";
constexpr auto kAlias = "GET /things/_alias";

class Write : public testing::SinkTest {
 protected:
  static Answer all_done(const Request& request) {
    return bulk_answer(request, [](const auto&) { return ItemAnswer{201, "", ""}; });
  }
  std::vector<std::size_t> request_sizes() {
    std::vector<std::size_t> sizes;
    for (const auto& request : server.requests(kBulk)) {
      sizes.push_back(parse_bulk(request.body).size());
    }
    return sizes;
  }

  static std::vector<Doc> documents(int count, const std::string& body = "{}") {
    std::vector<Doc> documents;
    for (int i = 0; i < count; ++i) documents.push_back({std::to_string(i), 1, body});
    return documents;
  }
};

TEST_F(Write, SendsVersionedActionsToTheIndexInUseByItsOwnName) {
  const auto result = write({{"1", 7, R"({"id":1})"}, {"2", 8, std::nullopt}});
  EXPECT_EQ(result.status, SLUICE_OK) << result.error;
  EXPECT_THAT(result.outcomes, ElementsAre(Pair(0, SLUICE_DONE), Pair(1, SLUICE_DONE)));
  const auto requests = server.requests(kBulk);
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].parameter("timeout"), "5000ms");
  EXPECT_EQ(requests[0].parameter("refresh"), "false");
  const auto actions = parse_bulk(requests[0].body);
  ASSERT_THAT(actions, SizeIs(2));
  EXPECT_EQ(actions[0].operation, "index");
  EXPECT_EQ(actions[0].meta,
            (nlohmann::json{{"_id", "1"}, {"version", 7}, {"version_type", "external_gte"}}));
  EXPECT_EQ(actions[0].source, R"({"id":1})");
  EXPECT_EQ(actions[1].operation, "delete");
  EXPECT_EQ(actions[1].meta["version"], 8);
}

TEST_F(Write, WritesValueTrees) {
  const sluice_field field = make_field("name", make_string("line\nbreak"));
  const sluice_value body = make_object({&field, 1});
  const sluice_document document{3, to_view("1"), 1, &body};
  const auto result = write(std::vector{&document}, "");
  EXPECT_THAT(result.outcomes, ElementsAre(Pair(3, SLUICE_DONE)));
  EXPECT_EQ(parse_bulk(server.requests(kBulk).at(0).body).at(0).source,
            R"({"name":"line\u000abreak"})");
}

TEST_F(Write, WritesToANamedIndexWithoutAlias) {
  server.on("POST /things-2026-01-25/_bulk", all_done);
  const auto result = write({{"1"}}, "things-2026-01-25");
  EXPECT_THAT(result.outcomes, ElementsAre(Pair(0, SLUICE_DONE)));
  EXPECT_THAT(server.requests(kAlias), IsEmpty());
}

TEST_F(Write, WritesToAConcreteIndexOfThatName) {
  server.on(kAlias, Answer{200, R"({"things":{"aliases":{}}})"});
  server.on("POST /things/_bulk", all_done);
  EXPECT_THAT(write({{"1"}}).outcomes, ElementsAre(Pair(0, SLUICE_DONE)));
  EXPECT_EQ(server.requests("POST /things/_bulk").at(0).parameter("require_alias"), "false");
}

TEST_F(Write, LeavesItToOpenSearchWhichOfSeveralIndicesIsWrittenTo) {
  server.on(kAlias, Answer{200, R"({"things-2026-01-24":{"aliases":{"things":{}}},
                                    "things-2026-01-25":{"aliases":{"things":{}}}})"});
  server.on("POST /things/_bulk", all_done);
  EXPECT_THAT(write({{"1"}}).outcomes, ElementsAre(Pair(0, SLUICE_DONE)));
  EXPECT_EQ(server.requests("POST /things/_bulk").at(0).parameter("require_alias"), "true");
}

TEST_F(Write, RetriesWithoutSendingWhenNothingHasTheName) {
  server.on(kAlias, error_answer(404, "index_not_found_exception", "no such index [things]"));
  const auto result = write({{"1"}});
  EXPECT_EQ(result.status, SLUICE_RETRY);
  EXPECT_THAT(result.error, HasSubstr("no index behind 'things'"));
  EXPECT_THAT(server.requests(kBulk), IsEmpty());
}

// A write that arrives past a swap must do so in the index that it was sent to.
TEST_F(Write, FollowsTheAliasWithEachCall) {
  EXPECT_EQ(write({{"1"}}).status, SLUICE_OK);
  server.on(kAlias, Answer{200, R"({"things-2026-01-25":{"aliases":{"things":{}}}})"});
  server.on("POST /things-2026-01-25/_bulk", all_done);
  EXPECT_EQ(write({{"2", 1, std::nullopt}}).status, SLUICE_OK);
  EXPECT_THAT(server.requests(kBulk), SizeIs(1));
  EXPECT_THAT(server.requests("POST /things-2026-01-25/_bulk"), SizeIs(1));
  server.on(kAlias, error_answer(404, "index_not_found_exception", "no such index [things]"));
  EXPECT_EQ(write({{"3"}}).status, SLUICE_RETRY);
}

TEST_F(Write, GivesEachItemItsOwnOutcome) {
  server.on(kBulk, [](const Request& request) {
    return bulk_answer(request, [](const BulkAction& action) -> ItemAnswer {
      if (action.id() == "old") return {409, "version_conflict_engine_exception", "newer"};
      if (action.id() == "bad") return {400, "mapper_parsing_exception", "no number"};
      if (action.id() == "busy") return {429, "rejected_execution_exception", "queue full"};
      if (action.id() == "gone") return {404, "", ""};
      return {201, "", ""};
    });
  });
  const auto result =
      write({{"new"}, {"old"}, {"bad"}, {"busy"}, {"gone", 1, std::nullopt}, {"new2"}});
  EXPECT_EQ(result.status, SLUICE_OK);
  EXPECT_THAT(result.outcomes, ElementsAre(Pair(0, SLUICE_DONE), Pair(1, SLUICE_SUPERSEDED),
                                           Pair(2, SLUICE_ITEM_ERROR), Pair(3, SLUICE_ITEM_RETRY),
                                           Pair(4, SLUICE_DONE), Pair(5, SLUICE_DONE)));
  EXPECT_EQ(result.reasons.at(2), "status 400: mapper_parsing_exception: no number");
  EXPECT_THAT(result.reasons.at(3), HasSubstr("queue full"));
}

TEST_F(Write, FailsAnUnsendableDocumentAloneAndSendsTheOthers) {
  const auto result = write({{"1"}, {std::string(513, 'x')}, {"", 1}, {"2", -1}, {"3"}});
  EXPECT_EQ(result.status, SLUICE_OK);
  EXPECT_THAT(result.outcomes, ElementsAre(Pair(0, SLUICE_DONE), Pair(1, SLUICE_ITEM_ERROR),
                                           Pair(2, SLUICE_ITEM_ERROR), Pair(3, SLUICE_ITEM_ERROR),
                                           Pair(4, SLUICE_DONE)));
  EXPECT_THAT(result.reasons.at(1), HasSubstr("513 bytes"));
  EXPECT_THAT(result.reasons.at(3), HasSubstr("version is -1"));
  EXPECT_THAT(request_sizes(), ElementsAre(2));
}

TEST_F(Write, SendsNothingForNothing) {
  EXPECT_EQ(write(std::vector<Doc>{}).status, SLUICE_OK);
  EXPECT_EQ(write({{"", 1}}).status, SLUICE_OK);
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(Write, SplitsBySizeAndSendsAnOversizedDocumentAlone) {
  config["max_request_bytes"] = 1000;
  auto documents = this->documents(20, R"({"text":")" + std::string(100, 'x') + "\"}");
  documents.insert(documents.begin() + 7, {"big", 1, R"({"t":")" + std::string(5000, 'x') + "\"}"});
  const auto result = write(documents);
  EXPECT_EQ(result.status, SLUICE_OK);
  EXPECT_THAT(result.outcomes, SizeIs(21));
  std::vector<std::string> ids;
  for (const auto& request : server.requests(kBulk)) {
    const auto actions = parse_bulk(request.body);
    EXPECT_TRUE(request.body.size() <= 1000 || actions.size() == 1) << request.body.size();
    for (const auto& action : actions) ids.push_back(action.id());
  }
  ASSERT_THAT(ids, SizeIs(21));
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], documents[i].id);
  EXPECT_LE(request_sizes().size(), 6U);
}

TEST_F(Write, HalvesARequestThatIsTooLargeUntilItFits) {
  server.on(kBulk, [](const Request& request) {
    const auto actions = parse_bulk(request.body);
    if (request.body.size() > 400) return Answer{413, ""};
    return bulk_answer(request, [](const auto&) { return ItemAnswer{}; });
  });
  auto documents = this->documents(8);
  documents[5].body = R"({"t":")" + std::string(1000, 'x') + "\"}";
  const auto result = write(documents);
  EXPECT_EQ(result.status, SLUICE_OK);
  ASSERT_THAT(result.outcomes, SizeIs(8));
  for (const auto& [index, outcome] : result.outcomes) {
    EXPECT_EQ(outcome, index == 5 ? SLUICE_ITEM_ERROR : SLUICE_DONE) << index;
  }
  EXPECT_THAT(result.reasons.at(5), HasSubstr("413"));
}

TEST_F(Write, FindsTheDocumentThatMakesTheServerRefuseAll) {
  server.on(kBulk, [](const Request& request) {
    if (request.body.find("poison") != std::string::npos) {
      return error_answer(400, "json_parse_exception", "Invalid UTF-8 start byte 0xff");
    }
    return bulk_answer(request, [](const auto&) { return ItemAnswer{}; });
  });
  auto documents = this->documents(50);
  documents[17].id = "poison";
  const auto result = write(documents);
  EXPECT_EQ(result.status, SLUICE_OK);
  ASSERT_THAT(result.outcomes, SizeIs(50));
  for (const auto& [index, outcome] : result.outcomes) {
    EXPECT_EQ(outcome, index == 17 ? SLUICE_ITEM_ERROR : SLUICE_DONE) << index;
  }
  EXPECT_EQ(result.reasons.at(17),
            "status 400, json_parse_exception: Invalid UTF-8 start byte 0xff");
}

TEST_F(Write, BlamesNoDocumentForWhatConcernsThemAll) {
  for (const auto& answer : {Answer{400, "<html>Bad Request</html>"}, Answer{405, ""},
                             error_answer(406, "media_type_header_exception", "no")}) {
    server.on(kBulk, answer);
    const auto result = write({{"1"}, {"2"}});
    EXPECT_EQ(result.status, SLUICE_FATAL) << answer.status;
    EXPECT_THAT(result.outcomes, IsEmpty());
  }
}

class PassingStatus : public Write, public ::testing::WithParamInterface<int> {};

TEST_P(PassingStatus, RetriesTheWholeCall) {
  server.on(kBulk, error_answer(GetParam(), "some_exception", "not now"));
  const auto result = write({{"1"}, {"2"}});
  EXPECT_EQ(result.status, SLUICE_RETRY);
  EXPECT_THAT(result.error, HasSubstr("not now"));
  EXPECT_THAT(result.outcomes, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Write, PassingStatus,
                         ::testing::Values(302, 401, 403, 404, 408, 429, 500, 502, 503, 504));

class GarbledAnswer : public Write, public ::testing::WithParamInterface<const char*> {};

TEST_P(GarbledAnswer, RetriesTheWholeCall) {
  server.on(kBulk, Answer{200, GetParam()});
  const auto result = write({{"1"}, {"2"}});
  EXPECT_EQ(result.status, SLUICE_RETRY);
  EXPECT_THAT(result.error, HasSubstr("garbled"));
  EXPECT_THAT(result.outcomes, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Write, GarbledAnswer,
    ::testing::Values("", "<html></html>", R"({"items":[{"index":{"_id":"1","status":201}}]})",
                      R"({"items":[{"index":{"_id":"1","status":201}},{"index":{"_id":"2")",
                      R"({"items":[{"index":{"_id":"2","status":201}},)"
                      R"({"index":{"_id":"1","status":201}}]})"));

TEST_F(Write, KeepsOutcomesFromBeforeAFailure) {
  config["max_request_bytes"] = 100;
  server.on(kBulk, [](const Request& request) {
    if (parse_bulk(request.body).at(0).id() == "1") return Answer{503, "away"};
    return bulk_answer(request, [](const auto&) { return ItemAnswer{}; });
  });
  const auto result = write(documents(3));
  EXPECT_EQ(result.status, SLUICE_RETRY);
  EXPECT_THAT(result.outcomes, ElementsAre(Pair(0, SLUICE_DONE)));
  EXPECT_THAT(request_sizes(), ElementsAre(1, 1));
}

TEST_F(Write, RetriesWhenTheServerIsAway) {
  {
    const testing::RawServer gone({testing::Script{}});
    config["url"] = gone.url();
  }
  const auto result = write({{"1"}});
  EXPECT_EQ(result.status, SLUICE_RETRY);
  EXPECT_THAT(result.error, HasSubstr("refused"));
}

TEST_F(Write, RetriesWhenTheAnswerIsCutShort) {
  const std::string alias = R"({"things-2026-01-24":{"aliases":{"things":{}}}})";
  const testing::RawServer raw(
      {{"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(alias.size()) + "\r\n\r\n" + alias},
       {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"errors\":false,\"items\":["}});
  config["url"] = raw.url();
  const auto result = write({{"1"}});
  EXPECT_EQ(result.status, SLUICE_RETRY);
  EXPECT_THAT(result.outcomes, IsEmpty());
  EXPECT_EQ(raw.connections(), 2);
}

TEST_F(Write, ReadsAgainWhatCouldNotBeSentInTime) {
  config["max_request_bytes"] = 100;
  config["request_timeout"] = 200;
  server.on(kBulk, [](const Request& request) {
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    return bulk_answer(request, [](const auto&) { return ItemAnswer{}; });
  });
  const auto result = write(documents(10));
  EXPECT_EQ(result.status, SLUICE_RETRY);
  EXPECT_THAT(result.error, HasSubstr("slow"));
  EXPECT_THAT(result.outcomes, Each(Pair(::testing::_, SLUICE_DONE)));
  EXPECT_LT(result.outcomes.size(), 5U);
  EXPECT_EQ(result.outcomes.size(), server.requests(kBulk).size());
}

TEST_F(Write, EndsSoonWhenTheHostStops) {
  const testing::RawServer hanging({testing::Script{"", testing::Ending::kHang}});
  config["url"] = hanging.url();
  instance().context().stopping = true;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(write({{"1"}}).status, SLUICE_RETRY);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(6));
}

TEST_F(Write, PassesTheRefreshOptionOn) {
  config["refresh"] = "wait_for";
  EXPECT_EQ(write({{"1"}}).status, SLUICE_OK);
  EXPECT_EQ(server.requests(kBulk).at(0).parameter("refresh"), "wait_for");
}

TEST_F(Write, ByAutoRefreshesForAWriteThatIsLittleAsAWhole) {
  config["refresh"] = "auto";
  config["max_request_bytes"] = 2000;
  EXPECT_EQ(write(documents(101)).status, SLUICE_OK);
  const auto requests = server.requests(kBulk);
  EXPECT_GT(requests.size(), 2U);
  for (const auto& request : requests) EXPECT_EQ(request.parameter("refresh"), "false");
  EXPECT_EQ(write({{"1"}}).status, SLUICE_OK);
  EXPECT_EQ(server.requests(kBulk).back().parameter("refresh"), "true");
}

TEST_F(Write, TheServerAnswersForAShardThatIsAwayBeforeTheRequestIsGivenUp) {
  config["request_timeout"] = 4000;
  EXPECT_EQ(write({{"1"}}).status, SLUICE_OK);
  EXPECT_EQ(server.requests(kBulk).at(0).parameter("timeout"), "2000ms");
}

TEST_F(Write, CountsRequestsAndBytes) {
  EXPECT_EQ(write({{"1"}}).status, SLUICE_OK);
  EXPECT_EQ(instance().context().counters["bulk_requests_total"], 1);
  EXPECT_EQ(instance().context().counters["bulk_bytes_total"],
            static_cast<double>(server.requests(kBulk).at(0).body.size()));
}

}  // namespace
}  // namespace sluice::opensearch
