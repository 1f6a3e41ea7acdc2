#include <gmock/gmock.h>

#include <sluice/json.hpp>

#include "sink_fixture.hpp"
#include "target_name.hpp"

namespace sluice::opensearch {
namespace {

using nlohmann::json;
using testing::Answer;
using testing::CallResult;
using testing::error_answer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Request;
using ::testing::SizeIs;

constexpr auto kAlias = "GET /things/_alias";
const Answer kUnbound = error_answer(404, "index_not_found_exception", "no such index [things]");
const Answer kBound{200, R"({"things-2026-01-24":{"aliases":{"things":{}}}})"};
const Answer kTaken = error_answer(400, "resource_already_exists_exception", "already exists");
const Answer kMarked{
    200, R"({"things-2026-01-25":{"mappings":{"_meta":{"sluice":{"alias":"things"}}}}})"};
constexpr auto kReadMapping = "GET /things-2026-01-25/_mapping";

class Targets : public testing::SinkTest {
 protected:
  CallResult prepare() { return call(sink().prepare); }

  struct Created : CallResult {
    std::string name;
  };
  Created create(std::string_view date) {
    sluice_output output;
    Created created{call(sink().create_target, to_view(date), &output), ""};
    if (!output.values.empty()) created.name = Value{output.values.at(0)}.as_string();
    return created;
  }
};

TEST_F(Targets, PrepareLeavesAnExistingAliasAlone) {
  EXPECT_EQ(prepare().status, SLUICE_OK);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(Targets, PrepareLeavesAConcreteIndexAlone) {
  server.on(kAlias, Answer{200, R"({"things":{"aliases":{}}})"});
  EXPECT_EQ(prepare().status, SLUICE_OK);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(Targets, PrepareCreatesIndexAndAliasInOneStep) {
  server.on(kAlias, kUnbound);
  const std::string route = "PUT /things-" + today();
  server.on(route, Answer{});
  EXPECT_EQ(prepare().status, SLUICE_OK);
  const auto body = json::parse(server.requests(route).at(0).body);
  EXPECT_EQ(body["aliases"], (json{{"things", {{"is_write_index", true}}}}));
  EXPECT_EQ(body["settings"]["gc_deletes"], "3600000ms");
  EXPECT_EQ(body["settings"]["refresh_interval"], "2s");
  EXPECT_EQ(body["settings"]["number_of_replicas"], 1);
  EXPECT_EQ(body["mappings"]["dynamic"], "strict");
}

TEST_F(Targets, PrepareTakesTheNextNameWhenTheDaysFirstIsTaken) {
  server.on(kAlias, kUnbound);
  server.on("PUT /things-" + today(), kTaken);
  server.on("PUT /things-" + today() + "-2", Answer{});
  EXPECT_EQ(prepare().status, SLUICE_OK);
  EXPECT_THAT(server.requests("PUT /things-" + today() + "-2"), SizeIs(1));
}

TEST_F(Targets, PrepareYieldsToAnotherHostWithTheSameName) {
  server.on(kAlias, kUnbound);
  server.on("PUT /things-" + today(), [this](const Request&) {
    server.on(kAlias, kBound);
    return kTaken;
  });
  EXPECT_EQ(prepare().status, SLUICE_OK);
  EXPECT_THAT(server.requests(), SizeIs(3));
}

TEST_F(Targets, PrepareYieldsToAnotherHostWithAnotherName) {
  server.on(kAlias, kUnbound);
  server.on("PUT /things-" + today(), [this](const Request&) {
    server.on(kAlias, kBound);
    return error_answer(500, "illegal_state_exception", "alias has more than one write index");
  });
  EXPECT_EQ(prepare().status, SLUICE_OK);
}

TEST_F(Targets, PrepareSaysWhatIsWrongWithTheMapping) {
  server.on(kAlias, kUnbound);
  server.on("PUT /things-" + today(),
            error_answer(400, "mapper_parsing_exception", "No handler for type [txt]"));
  const auto result = prepare();
  EXPECT_EQ(result.status, SLUICE_FATAL);
  EXPECT_THAT(result.error, HasSubstr("No handler for type [txt]"));
}

TEST_F(Targets, PrepareRetriesWhenTheServerIsNotReadyOrRefusesTheUser) {
  for (const int status : {401, 403, 429, 500, 503}) {
    server.on(kAlias, error_answer(status, "t", "r"));
    EXPECT_EQ(prepare().status, SLUICE_RETRY) << status;
  }
  server.on(kAlias, Answer{200, "<html>"});
  EXPECT_EQ(prepare().status, SLUICE_RETRY);
}

TEST_F(Targets, DescribeShowsSettingsAndMappings) {
  sluice_output output;
  EXPECT_EQ(call(sink().describe, &output).status, SLUICE_OK);
  const json described = to_json(Value{output.values.at(0)});
  EXPECT_EQ(described["settings"]["refresh_interval"], "2s");
  EXPECT_EQ(described["mappings"]["properties"]["id"]["type"], "long");
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(Targets, CreateMakesAMarkedIndexForBulkLoading) {
  server.on("PUT /things-2026-01-25", Answer{});
  const auto created = create("2026-01-25");
  EXPECT_EQ(created.status, SLUICE_OK) << created.error;
  EXPECT_EQ(created.name, "things-2026-01-25");
  const auto body = json::parse(server.requests("PUT /things-2026-01-25").at(0).body);
  EXPECT_EQ(body["settings"]["refresh_interval"], "-1");
  EXPECT_EQ(body["settings"]["number_of_replicas"], 0);
  EXPECT_EQ(body["settings"]["auto_expand_replicas"], false);
  EXPECT_EQ(body["settings"]["gc_deletes"], "3600000ms");
  EXPECT_EQ(body["mappings"]["_meta"]["sluice"]["alias"], "things");
  EXPECT_FALSE(body.contains("aliases"));
}

TEST_F(Targets, CreateNumbersTheDaysLaterIndices) {
  server.on("PUT /things-2026-01-25", kTaken);
  server.on("PUT /things-2026-01-25-2", kTaken);
  server.on("PUT /things-2026-01-25-3", Answer{});
  EXPECT_EQ(create("2026-01-25").name, "things-2026-01-25-3");
}

TEST_F(Targets, CreateRefusesWhatIsNoDate) {
  for (const auto* date : {"", "today", "2026-1-25", "2026-01-25-2", "../../etc"}) {
    EXPECT_EQ(create(date).status, SLUICE_FATAL) << date;
  }
}

TEST_F(Targets, FinishRestoresTheSettingsRefreshesAndWaits) {
  server.on("PUT /things-2026-01-25/_settings", Answer{});
  server.on("POST /things-2026-01-25/_refresh", Answer{});
  server.on("GET /_cluster/health/things-2026-01-25", Answer{});
  const auto result = call(sink().finish_target, to_view("things-2026-01-25"));
  EXPECT_EQ(result.status, SLUICE_OK) << result.error;
  EXPECT_EQ(json::parse(server.requests("PUT /things-2026-01-25/_settings").at(0).body),
            (json{{"refresh_interval", "2s"},
                  {"number_of_replicas", 1},
                  {"auto_expand_replicas", nullptr}}));
  const auto health = server.requests("GET /_cluster/health/things-2026-01-25").at(0);
  EXPECT_EQ(health.parameter("wait_for_status"), "yellow");
}

TEST_F(Targets, FinishRetriesWhileTheIndexIsNotUsable) {
  server.on("PUT /things-2026-01-25/_settings", Answer{});
  server.on("POST /things-2026-01-25/_refresh", Answer{});
  server.on("GET /_cluster/health/things-2026-01-25", Answer{408, R"({"timed_out":true})"});
  EXPECT_EQ(call(sink().finish_target, to_view("things-2026-01-25")).status, SLUICE_RETRY);
}

const Answer kAcknowledged{200, R"({"acknowledged":true})"};

TEST_F(Targets, SwapIsNotOverBeforeAllNodesKnow) {
  server.on(kReadMapping, kMarked);
  server.on("POST /_aliases", Answer{200, R"({"acknowledged":false})"});
  const auto result = call(sink().swap_target, to_view("things-2026-01-25"));
  EXPECT_EQ(result.status, SLUICE_RETRY);
  EXPECT_THAT(result.error, HasSubstr("not acknowledged"));
}

TEST_F(Targets, SwapMovesTheAliasInOneStep) {
  server.on(kReadMapping, kMarked);
  server.on("POST /_aliases", kAcknowledged);
  const auto result = call(sink().swap_target, to_view("things-2026-01-25"));
  EXPECT_EQ(result.status, SLUICE_OK) << result.error;
  const auto actions = json::parse(server.requests("POST /_aliases").at(0).body)["actions"];
  EXPECT_EQ(actions, json::parse(R"([
      {"remove":{"index":"things-2026-01-24","alias":"things","must_exist":true}},
      {"add":{"index":"things-2026-01-25","alias":"things","is_write_index":true}}])"));
}

TEST_F(Targets, SwapReplacesAConcreteIndexOfTheAliassName) {
  server.on(kAlias, Answer{200, R"({"things":{"aliases":{}}})"});
  server.on(kReadMapping, kMarked);
  server.on("POST /_aliases", kAcknowledged);
  EXPECT_EQ(call(sink().swap_target, to_view("things-2026-01-25")).status, SLUICE_OK);
  const auto actions = json::parse(server.requests("POST /_aliases").at(0).body)["actions"];
  EXPECT_EQ(actions[0], (json{{"remove_index", {{"index", "things"}}}}));
}

TEST_F(Targets, SwapWorksWithoutAnAliasAndTwice) {
  server.on(kReadMapping, kMarked);
  server.on("POST /_aliases", kAcknowledged);
  const std::vector<Answer> bindings = {
      kUnbound, Answer{200, R"({"things-2026-01-25":{"aliases":{"things":{}}}})"}};
  for (const auto& binding : bindings) {
    server.on(kAlias, binding);
    EXPECT_EQ(call(sink().swap_target, to_view("things-2026-01-25")).status, SLUICE_OK);
    const auto actions = json::parse(server.requests("POST /_aliases").back().body)["actions"];
    EXPECT_THAT(actions, SizeIs(1));
  }
}

TEST_F(Targets, SwapRefusesAnIndexThatAStrayWriteMade) {
  server.on(kReadMapping, Answer{200, "{}"});
  const auto result = call(sink().swap_target, to_view("things-2026-01-25"));
  EXPECT_EQ(result.status, SLUICE_FATAL);
  EXPECT_THAT(result.error, HasSubstr("removed and made anew"));
  EXPECT_THAT(server.requests("POST /_aliases"), IsEmpty());
}

// A mapping whose _meta is what was put last.
class Notes : public Targets {
 protected:
  Notes() {
    server.on(kReadMapping, [this](const Request&) {
      return Answer{200, json{{kName, {{"mappings", {{"_meta", meta_}}}}}}.dump()};
    });
    server.on("PUT /things-2026-01-25/_mapping", [this](const Request& request) {
      meta_ = json::parse(request.body).at("_meta");
      return Answer{};
    });
  }

  CallResult set_note(const json& note) {
    Arena memory;
    const auto value = to_value(note, memory);
    return call(sink().set_note, to_view(kName), &value);
  }
  /// A string if there is none, for no note is one.
  json note() {
    sluice_output output;
    const auto result = call(sink().note, to_view(kName), &output);
    EXPECT_EQ(result.status, SLUICE_OK) << result.error;
    return output.values.empty() ? json("none") : to_json(Value{output.values.at(0)});
  }

  static constexpr auto kName = "things-2026-01-25";
  json meta_{{"sluice", {{"alias", "things"}}}, {"theirs", 1}};
};

TEST_F(Notes, ANoteIsKeptWithTheIndexUntilItIsRemoved) {
  EXPECT_EQ(note(), "none");
  const json first{{"offsets", {1, 2}}, {"nothing", nullptr}};
  EXPECT_EQ(set_note(first).status, SLUICE_OK);
  EXPECT_EQ(note(), first);
  EXPECT_EQ(set_note({{"other", true}}).status, SLUICE_OK);
  EXPECT_EQ(note(), (json{{"other", true}}));
  EXPECT_EQ(set_note(nullptr).status, SLUICE_OK);
  EXPECT_EQ(note(), "none");
}

TEST_F(Notes, WhatElseIsInTheMappingsMetaStays) {
  const json before = meta_;
  set_note({{"a", 1}});
  EXPECT_EQ(meta_["theirs"], 1);
  EXPECT_EQ(meta_["sluice"]["alias"], "things");
  set_note(nullptr);
  EXPECT_EQ(meta_, before);
}

TEST_F(Notes, AnIndexWithANoteMayBeSwappedIn) {
  set_note({{"a", 1}});
  server.on("POST /_aliases", kAcknowledged);
  EXPECT_EQ(call(sink().swap_target, to_view(kName)).status, SLUICE_OK);
}

TEST_F(Notes, AnIndexWithoutMetaHasNone) {
  meta_ = nullptr;
  EXPECT_EQ(note(), "none");
  server.on(kReadMapping, Answer{200, "{}"});
  EXPECT_EQ(note(), "none");
  EXPECT_EQ(set_note({{"a", 1}}).status, SLUICE_OK);
  EXPECT_EQ(meta_, (json{{"sluice", {{"note", {{"a", 1}}}}}}));
}

TEST_F(Notes, TheyAreKeptWithOwnIndicesOnly) {
  const sluice_value note = make_string("n");
  for (const auto* name : {"things", "others-2026-01-25", "*", ""}) {
    EXPECT_EQ(call(sink().set_note, to_view(name), &note).status, SLUICE_FATAL) << name;
  }
}

TEST_F(Targets, ListGivesOwnIndicesOldestFirst) {
  const auto index = [](const char* created, json aliases) {
    return json{{"aliases", std::move(aliases)},
                {"settings", {{"index", {{"creation_date", created}}}}}};
  };
  server.on("GET /things-*",
            Answer{200, json{{"things-2026-01-24", index("2000", {{"things", json::object()}})},
                             {"things-2026-01-24-2", index("1000", {{"other", json::object()}})},
                             {"things-and-more-2026-01-24", index("1", json::object())},
                             {"things-2026-01-24-old", index("1", json::object())}}
                            .dump()});
  sluice_output output;
  const auto result = call(sink().list_targets, &output);
  EXPECT_EQ(result.status, SLUICE_OK) << result.error;
  EXPECT_EQ(to_json(Value{output.values.at(0)}),
            json::parse(R"([{"name":"things-2026-01-24-2","created_ms":1000,"current":false},
                            {"name":"things-2026-01-24","created_ms":2000,"current":true}])"));
}

TEST_F(Targets, ListIsEmptyWithoutIndices) {
  server.on("GET /things-*", Answer{});
  sluice_output output;
  EXPECT_EQ(call(sink().list_targets, &output).status, SLUICE_OK);
  EXPECT_THAT(Value{output.values.at(0)}.as_array(), IsEmpty());
}

TEST_F(Targets, DropRemovesAnUnusedIndexOnce) {
  server.on("DELETE /things-2026-01-23", Answer{});
  EXPECT_EQ(call(sink().drop_target, to_view("things-2026-01-23")).status, SLUICE_OK);
  server.on("DELETE /things-2026-01-23", error_answer(404, "index_not_found_exception", "gone"));
  EXPECT_EQ(call(sink().drop_target, to_view("things-2026-01-23")).status, SLUICE_OK);
}

TEST_F(Targets, DropRefusesTheIndexInUseAndForeignOnes) {
  for (const auto* name : {"things-2026-01-24", "things", "others-2026-01-24", "*", ""}) {
    EXPECT_EQ(call(sink().drop_target, to_view(name)).status, SLUICE_FATAL) << name;
  }
}

class Fences : public Notes {
 protected:
  Fences() {
    server.on("HEAD /things-2026-01-25", Answer{});
    server.on(kBlock, Answer{200, R"({"acknowledged":true,"shards_acknowledged":true})"});
    server.on(kSettings, kAcknowledged);
  }
  bool is_marked() const { return meta_["sluice"].value("fence", false); }

  static constexpr auto kBlock = "PUT /things-2026-01-25/_block/write";
  static constexpr auto kSettings = "PUT /things-2026-01-25/_settings";
};

TEST_F(Fences, AnIndexIsClosedForWritesAndOpenedAgain) {
  const json before = meta_;
  EXPECT_EQ(call(sink().fence_target, to_view(kName)).status, SLUICE_OK);
  EXPECT_THAT(server.requests(kBlock), SizeIs(1));
  EXPECT_TRUE(is_marked());
  EXPECT_EQ(call(sink().unfence_target, to_view(kName)).status, SLUICE_OK);
  EXPECT_EQ(json::parse(server.requests(kSettings).at(0).body), (json{{"blocks.write", nullptr}}));
  EXPECT_EQ(meta_, before);
}

TEST_F(Fences, OneThatIsNotYetClosedOnAllShardsIsNone) {
  server.on(kBlock, Answer{200, R"({"acknowledged":true,"shards_acknowledged":false})"});
  const auto result = call(sink().fence_target, to_view(kName));
  EXPECT_EQ(result.status, SLUICE_RETRY);
  EXPECT_THAT(result.error, HasSubstr("not acknowledged"));
  EXPECT_TRUE(is_marked());  // so that it can be taken back
}

TEST_F(Fences, WhatAnOperatorHasClosedStaysClosed) {
  EXPECT_EQ(call(sink().unfence_target, to_view(kName)).status, SLUICE_OK);
  EXPECT_THAT(server.requests(kSettings), IsEmpty());
}

TEST_F(Fences, AnIndexThatIsGoneNeedsNoOpening) {
  server.on("HEAD /things-2026-01-25", Answer{404, ""});
  EXPECT_EQ(call(sink().unfence_target, to_view(kName)).status, SLUICE_OK);
}

}  // namespace
}  // namespace sluice::opensearch
