#include "search_reply.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sluice::search {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

SearchRequest page(std::uint64_t limit, std::uint64_t offset) {
  SearchRequest request;
  request.limit = limit;
  request.offset = offset;
  return request;
}

HttpResponse reply_to(long status, const std::string& body) {
  std::string for_log;
  return search_reply(page(20, 40), {status, body}, for_log);
}

bool has_retry_after(const HttpResponse& reply) {
  return std::any_of(reply.headers.begin(), reply.headers.end(),
                     [](const auto& header) { return header.first == "Retry-After"; });
}

TEST(SearchReply, HasTotalPageAndHits) {
  const auto reply = reply_to(200, R"({"took" : 3, "timed_out" : false,
    "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
    "hits" : {"total" : {"value": 2, "relation": "eq"}, "max_score": 1.5, "hits" : [
      {"_index": "p", "_id": "7", "_score": 1.5, "_source": {"id": 7, "name": "a"}, "sort": [1.5, 7]},
      {"_index": "p", "_id": "8" , "_score": null , "_source": { } } ]}})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(json::parse(reply.body), json::parse(R"({"total": 2, "limit": 20, "offset": 40,
    "took_ms": 3, "hits": [{"id": "7", "score": 1.5, "document": {"id": 7, "name": "a"}},
                           {"id": "8", "score": null, "document": {}}]})"));
}

TEST(SearchReply, PassesDocumentsThroughAsTheyArePrinted) {
  const std::string document = R"({"big":12345678901234567890123,"f":1.10,"t":"\u00e9\"}\\"})";
  const auto reply = reply_to(200, R"({"took":1,"hits":{"total":{"value":1},"hits":[{"_id":"a\"b",)"
                                   R"("_score":1.0,"_source":)" +
                                       document + "}]}}");
  EXPECT_THAT(reply.body, HasSubstr(R"("document":)" + document));
  EXPECT_THAT(reply.body, HasSubstr(R"("id":"a\"b")"));
}

TEST(SearchReply, MayHaveNoHits) {
  const auto reply = reply_to(200, R"({"took":0,"hits":{"total":{"value":0},"hits":[]}})");
  EXPECT_EQ(reply.body, R"({"total":0,"limit":20,"offset":40,"took_ms":0,"hits":[]})");
}

class UnusableAnswer : public ::testing::TestWithParam<const char*> {};

TEST_P(UnusableAnswer, IsABadGateway) {
  std::string for_log;
  const auto reply = search_reply(page(1, 0), {200, GetParam()}, for_log);
  EXPECT_EQ(reply.status, 502);
  EXPECT_EQ(json::parse(reply.body).at("error").at("status"), 502);
  EXPECT_THAT(for_log, Not(IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, UnusableAnswer,
    ::testing::Values("", "<html>", "[]", "{}", R"({"took":1})", R"({"took":1,"hits":{}})",
                      R"({"took":1,"hits":{"total":{"value":1},"hits":[{"_score":1}]}})",
                      R"({"took":1,"hits":{"total":{"value":1},"hits":[{"_id":"1","_source":3}]}})",
                      R"({"took":1,"hits":{"total":{"value":1},"hits":[{"_id":"1","_so)"));

// What comes of a search that ran out of time is incomplete; 'total' would be too small.
TEST(SearchReply, IsNoAnswerWhereOpenSearchRanOutOfTime) {
  const auto late = reply_to(200, R"({"took":1500,"timed_out":true,
                                      "hits":{"total":{"value":3},"hits":[]}})");
  EXPECT_EQ(late.status, 503);
  EXPECT_TRUE(has_retry_after(late));
  for (const char* reason : {"Time exceeded", "task_cancelled_exception"}) {
    const auto reply = reply_to(500, R"({"error":{"reason":")" + std::string(reason) + R"("}})");
    EXPECT_EQ(reply.status, 503) << reason;
    EXPECT_TRUE(has_retry_after(reply));
  }
}

struct Mapped {
  long from;
  int to;
};

class ErrorStatus : public ::testing::TestWithParam<Mapped> {};

TEST_P(ErrorStatus, IsMappedWithoutLeaking) {
  std::string for_log;
  const auto reply =
      search_reply(page(1, 0), {GetParam().from, "secret http://admin:pw@10.0.0.1:9200"}, for_log);
  EXPECT_EQ(reply.status, GetParam().to);
  EXPECT_EQ(has_retry_after(reply), GetParam().to == 503);
  EXPECT_THAT(reply.body, Not(HasSubstr("secret")));
  EXPECT_THAT(for_log, HasSubstr("secret"));
}

INSTANTIATE_TEST_SUITE_P(Statuses, ErrorStatus,
                         ::testing::Values(Mapped{400, 502}, Mapped{401, 502}, Mapped{403, 502},
                                           Mapped{404, 503}, Mapped{429, 503}, Mapped{500, 502},
                                           Mapped{502, 503}, Mapped{503, 503}, Mapped{504, 503}));

TEST(SearchReply, TooComplexATextIsTheClientsFault) {
  const auto reply = reply_to(400, R"({"error":{"caused_by":{"type":"too_many_clauses"}}})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(json::parse(reply.body).at("error").at("parameter"), "q");
  const auto fuzzy =
      reply_to(500, R"({"error":{"root_cause":[{"type":"fuzzy_terms_exception"}]}})");
  EXPECT_EQ(fuzzy.status, 400);
  EXPECT_EQ(json::parse(fuzzy.body).at("error").at("parameter"), "q");
}

TEST(SearchReply, TooDeepAPageIsTheClientsFault) {
  const auto reply =
      reply_to(400, R"({"error":{"reason":"Result window is too large, from + ..."}})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(json::parse(reply.body).at("error").at("parameter"), "offset");
}

TEST(BadParameterReply, NamesParameterValueAndWhatIsAllowed) {
  const auto reply =
      bad_parameter_reply(ParameterError("No.", "operator", "xor", json{"or", "and"}));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(json::parse(reply.body), json::parse(R"({"error": {"status": 400, "message": "No.",
    "parameter": "operator", "value": "xor", "allowed": ["or", "and"]}})"));
}

TEST(BadTargetReply, NamesTheParameterWhereItIsKnown) {
  const auto known = json::parse(bad_target_reply({"Bad.", "q", "%zz"}).body).at("error");
  EXPECT_EQ(known.at("parameter"), "q");
  EXPECT_EQ(known.at("value"), "%zz");
  EXPECT_FALSE(json::parse(bad_target_reply({"Bad.", "", ""}).body).at("error").contains("value"));
}

TEST(BadTargetReply, IsJsonEvenWhereTheValueIsNotUtf8) {
  EXPECT_TRUE(json::accept(bad_target_reply({"Bad.", "q", "\xFF\xC3"}).body));
}

TEST(ToWire, HeadHasTheHeadersOfTheWholeAnswer) {
  const HttpResponse response{200, "{}", {{"Allow", "GET"}}};
  const auto wire = to_wire(response, true, true);
  EXPECT_THAT(wire, HasSubstr("Content-Length: 2\r\n"));
  EXPECT_THAT(wire, HasSubstr("Allow: GET\r\n"));
  EXPECT_TRUE(wire.ends_with("\r\n\r\n"));
  EXPECT_TRUE(to_wire(response, false, false).ends_with("Connection: close\r\n\r\n{}"));
}

}  // namespace
}  // namespace sluice::search
