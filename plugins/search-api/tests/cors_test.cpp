#include "cors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::search {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

const Cors kOff({});
const Cors kAny({.origins = {"*"}});
const Cors kOne({.origins = {"https://a.example"}});
const Cors kTwo({.origins = {"https://a.example", "http://b.example:8000"},
                 .max_age = std::chrono::seconds(60)});

HttpRequest from(const std::string& origin) {
  HttpRequest request;
  request.headers = {{"origin", origin}};
  return request;
}

HttpRequest preflight_from(const std::string& origin) {
  auto request = from(origin);
  request.method = "OPTIONS";
  request.headers.emplace_back("access-control-request-method", "GET");
  return request;
}

TEST(Cors, IsOffWithoutOrigins) {
  EXPECT_FALSE(kOff.enabled());
  EXPECT_THAT(kOff.headers_for(from("https://a.example")), IsEmpty());
  EXPECT_THAT(kOff.headers_for_unknown_origin(), IsEmpty());
  EXPECT_EQ(kOff.preflight(preflight_from("https://a.example")), std::nullopt);
}

TEST(Cors, AllowsAnyOrigin) {
  for (const auto& headers : {kAny.headers_for(from("https://x.example")), kAny.headers_for({}),
                              kAny.headers_for_unknown_origin()}) {
    EXPECT_THAT(headers, Contains(Pair("Access-Control-Allow-Origin", "*")));
    EXPECT_THAT(headers, Not(Contains(Key("Vary"))));
  }
}

TEST(Cors, AllowsTheOriginsOnTheListAlone) {
  const auto allowed = kTwo.headers_for(from("http://b.example:8000"));
  EXPECT_THAT(allowed, Contains(Pair("Access-Control-Allow-Origin", "http://b.example:8000")));
  EXPECT_THAT(allowed, Contains(Pair("Vary", "Origin")));
  for (const char* other :
       {"http://b.example", "https://b.example:8000", "http://b.example:80001", "null", "*", "",
        "https://a.example.evil.example", "https://A.example"}) {
    EXPECT_THAT(kTwo.headers_for(from(other)), ElementsAre(Pair("Vary", "Origin"))) << other;
  }
  EXPECT_THAT(kTwo.headers_for({}), ElementsAre(Pair("Vary", "Origin")));
}

TEST(Cors, DoesNotGuessWhereThereAreTwoOriginHeaders) {
  auto request = from("https://a.example");
  request.headers.emplace_back("origin", "https://a.example");
  EXPECT_THAT(kTwo.headers_for(request), ElementsAre(Pair("Vary", "Origin")));
  request.method = "OPTIONS";
  request.headers.emplace_back("access-control-request-method", "GET");
  EXPECT_EQ(kTwo.preflight(request), std::nullopt);
}

TEST(Cors, LetsErrorsBeReadWhereTheOriginIsNotKnownButCanBeNoOther) {
  EXPECT_THAT(kOne.headers_for_unknown_origin(),
              Contains(Pair("Access-Control-Allow-Origin", "https://a.example")));
  EXPECT_THAT(kTwo.headers_for_unknown_origin(), ElementsAre(Pair("Vary", "Origin")));
}

TEST(Cors, NeverAllowsCredentials) {
  for (const Cors* cors : {&kAny, &kOne, &kTwo}) {
    EXPECT_THAT(cors->headers_for(from("https://a.example")),
                Not(Contains(Key("Access-Control-Allow-Credentials"))));
    EXPECT_THAT(cors->preflight(preflight_from("https://a.example"))->headers,
                Not(Contains(Key("Access-Control-Allow-Credentials"))));
  }
}

TEST(Cors, AnswersPreflightRequests) {
  const auto response = kTwo.preflight(preflight_from("https://a.example"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(response->body, "");
  EXPECT_THAT(response->headers, ElementsAre(Pair("Access-Control-Allow-Methods", "GET, HEAD"),
                                             Pair("Access-Control-Allow-Headers",
                                                  "Authorization, X-API-Key, Content-Type"),
                                             Pair("Access-Control-Max-Age", "60")));
  EXPECT_TRUE(kAny.preflight(preflight_from("https://x.example")));
}

TEST(Cors, AllowsOtherOriginsNothing) {
  const auto response = kTwo.preflight(preflight_from("https://x.example"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 204);
  EXPECT_THAT(response->headers, IsEmpty());
}

TEST(Cors, TakesForAPreflightOnlyWhatIsOne) {
  auto get = preflight_from("https://a.example");
  get.method = "GET";
  EXPECT_EQ(kTwo.preflight(get), std::nullopt);
  auto plain = from("https://a.example");
  plain.method = "OPTIONS";
  EXPECT_EQ(kTwo.preflight(plain), std::nullopt);
}

}  // namespace
}  // namespace sluice::search
