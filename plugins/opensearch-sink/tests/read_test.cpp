#include <gmock/gmock.h>

#include "sink_fixture.hpp"

namespace sluice::opensearch {
namespace {

using nlohmann::json;
using testing::Answer;
using testing::CallResult;
using ::testing::ElementsAre;
using testing::error_answer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Read : public testing::SinkTest {
 protected:
  CallResult fetch(const std::vector<std::string>& ids, sluice_output& output) {
    std::vector<sluice_key> keys;
    std::vector<const sluice_key*> pointers;
    for (const auto& id : ids) {
      sluice_key key{};
      key.index = keys.size();
      key.id = to_view(id);
      keys.push_back(key);
    }
    for (const auto& key : keys) pointers.push_back(&key);
    return call(sink().fetch, to_view(""), pointers.data(), pointers.size(), &output);
  }

  CallResult list(std::string_view cursor, std::size_t limit, sluice_output& output) {
    return call(sink().keys, to_view(""), to_view(cursor), limit, &output);
  }
};

TEST_F(Read, CountAndRefreshUseTheAliasOrTheNamedIndex) {
  server.on("GET /things/_count", Answer{200, R"({"count":7})"});
  server.on("GET /things-2026-01-25/_count", Answer{200, R"({"count":8})"});
  server.on("POST /things/_refresh", Answer{});
  std::int64_t count = 0;
  EXPECT_EQ(call(sink().count, to_view(""), &count).status, SLUICE_OK);
  EXPECT_EQ(count, 7);
  EXPECT_EQ(call(sink().count, to_view("things-2026-01-25"), &count).status, SLUICE_OK);
  EXPECT_EQ(count, 8);
  EXPECT_EQ(call(sink().refresh, to_view("")).status, SLUICE_OK);
}

TEST_F(Read, FetchGivesFoundDocumentsWithTheirVersions) {
  server.on("POST /things/_mget", Answer{200, R"({"docs":[{"_id":"a\"","_version":5,"found":true,
                           "_source":{"big": 12345678901234567890.5, "s":"é"}},
                           {"_id":"b","found":false}]})"});
  sluice_output output;
  const auto result = fetch({"a\"", "b"}, output);
  EXPECT_EQ(result.status, SLUICE_OK) << result.error;
  ASSERT_THAT(output.documents, SizeIs(1));
  const auto& document = output.documents[0];
  EXPECT_EQ(document.index, 0U);
  EXPECT_EQ(to_string_view(document.id), "a\"");
  EXPECT_EQ(document.version, 5);
  EXPECT_EQ(Value{document.body}.as_json(), R"({"big": 12345678901234567890.5, "s":"é"})");
  EXPECT_EQ(json::parse(server.requests("POST /things/_mget").at(0).body),
            (json{{"ids", {"a\"", "b"}}}));
}

TEST_F(Read, FetchOfNothingAsksNothing) {
  sluice_output output;
  EXPECT_EQ(fetch({}, output).status, SLUICE_OK);
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(Read, FetchRetriesWhatIsNoFullAnswer) {
  for (const auto* body :
       {"", "<html>", "{}", R"({"docs":[]})", R"({"docs":[{"_id":"b","found":false}]})",
        R"({"docs":[{"_id":"a","found":true}]})", R"({"docs":[{"_id":"a"}]})",
        R"({"docs":[{"_id":"a","found":false},{"_id":"a","found":false}]})",
        R"({"docs":[{"_id":"a","error":{"type":"index_not_found_exception"}}]})"}) {
    server.on("POST /things/_mget", Answer{200, body});
    sluice_output output;
    EXPECT_EQ(fetch({"a"}, output).status, SLUICE_RETRY) << body;
  }
}

TEST_F(Read, KeysPageThroughIdsInOrder) {
  server.on("POST /things/_refresh", Answer{});
  server.on("POST /things/_search", Answer{200, R"({"hits":{"hits":[{"_id":"1"},{"_id":"2"}]}})"});
  sluice_output first;
  EXPECT_EQ(list("", 2, first).status, SLUICE_OK);
  ASSERT_THAT(first.keys, SizeIs(2));
  EXPECT_EQ(to_string_view(first.keys[1].id), "2");
  ASSERT_THAT(first.cursors, SizeIs(1));
  EXPECT_EQ(to_string_view(first.cursors[0].state), "2");

  server.on("POST /things/_search", Answer{200, R"({"hits":{"hits":[{"_id":"3"}]}})"});
  sluice_output second;
  EXPECT_EQ(list("2", 2, second).status, SLUICE_OK);
  EXPECT_THAT(second.keys, SizeIs(1));
  EXPECT_THAT(second.cursors, IsEmpty());

  const auto searches = server.requests("POST /things/_search");
  EXPECT_FALSE(json::parse(searches.at(0).body).contains("search_after"));
  EXPECT_EQ(json::parse(searches.at(1).body)["search_after"], (json{"2"}));
  EXPECT_THAT(server.requests("POST /things/_refresh"), SizeIs(1));
}

TEST_F(Read, KeysOfAnEmptyIndexAreNone) {
  server.on("POST /things/_refresh", Answer{});
  server.on("POST /things/_search", Answer{200, R"({"timed_out":false})"});
  sluice_output output;
  EXPECT_EQ(list("", 100, output).status, SLUICE_OK);
  EXPECT_THAT(output.keys, IsEmpty());
  EXPECT_THAT(output.cursors, IsEmpty());
}

TEST_F(Read, KeysRetryAnIncompletePage) {
  server.on("POST /things/_search", Answer{200, R"({"timed_out":true,"hits":{"hits":[]}})"});
  sluice_output output;
  EXPECT_EQ(list("1", 100, output).status, SLUICE_RETRY);
  server.on("POST /things/_search", error_answer(503, "search_phase_execution_exception", "shard"));
  EXPECT_EQ(list("1", 100, output).status, SLUICE_RETRY);
}

}  // namespace
}  // namespace sluice::opensearch
