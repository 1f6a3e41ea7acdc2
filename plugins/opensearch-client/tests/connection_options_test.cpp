#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sluice-opensearch/client.hpp"

namespace sluice::opensearch {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal_of(const json& config) {
  try {
    from_config(config);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ConnectionSchema, IsTheMembersOfAnObject) {
  const auto schema = json::parse("{" + std::string(connection_schema_properties()) + "}");
  for (const auto& [name, option] : schema.items()) {
    EXPECT_TRUE(option.contains("type")) << name;
    EXPECT_TRUE(option.contains("description")) << name;
  }
  EXPECT_EQ(schema["password"]["format"], "secret");
}

TEST(ConnectionSchema, HasTheDefaultsOfTheOptions) {
  const auto schema = json::parse("{" + std::string(connection_schema_properties()) + "}");
  const ConnectionOptions options;
  EXPECT_EQ(schema["url"]["default"], options.url);
  EXPECT_EQ(schema["verify"]["default"], options.verify);
  EXPECT_EQ(schema["compress"]["default"], options.compress);
  EXPECT_EQ(schema["connect_timeout"]["default"], "1s");
  EXPECT_EQ(options.connect_timeout, std::chrono::seconds(1));
  EXPECT_EQ(schema["request_timeout"]["default"], "30s");
  EXPECT_EQ(options.request_timeout, std::chrono::seconds(30));
}

TEST(FromConfig, ReadsEveryOptionAndIgnoresOthers) {
  const auto options = from_config({{"url", "https://search:9200/prefix"},
                                    {"username", "u"},
                                    {"password", "p"},
                                    {"ca_file", "/ca"},
                                    {"client_cert", "/cert"},
                                    {"client_key", "/key"},
                                    {"verify", false},
                                    {"connect_timeout", 5},
                                    {"request_timeout", 6},
                                    {"compress", true},
                                    {"index", "things"}});
  EXPECT_EQ(options.url, "https://search:9200/prefix");
  EXPECT_EQ(options.username, "u");
  EXPECT_EQ(options.password, "p");
  EXPECT_EQ(options.ca_file, "/ca");
  EXPECT_EQ(options.client_cert, "/cert");
  EXPECT_EQ(options.client_key, "/key");
  EXPECT_FALSE(options.verify);
  EXPECT_EQ(options.connect_timeout.count(), 5);
  EXPECT_EQ(options.request_timeout.count(), 6);
  EXPECT_TRUE(options.compress);
}

TEST(FromConfig, KeepsDefaultsForAbsentOptions) {
  const auto options = from_config(json::object());
  EXPECT_EQ(options.url, "http://localhost:9200");
  EXPECT_TRUE(options.verify);
}

TEST(FromConfig, RefusesUnusableUrls) {
  for (const auto* url :
       {"", "localhost:9200", "ftp://host", "http://", "http://host:99999", "x"}) {
    EXPECT_THAT(refusal_of({{"url", url}}), HasSubstr("expected http")) << url;
  }
  EXPECT_THAT(refusal_of({{"url", "http://host/?a=1"}}), HasSubstr("no '?'"));
  EXPECT_THAT(refusal_of({{"url", "http://host/#a"}}), HasSubstr("no '?'"));
}

TEST(FromConfig, RefusesCredentialsInTheUrlWithoutShowingThem) {
  const auto refusal = refusal_of({{"url", "http://user:hidden@host:9200"}});
  EXPECT_THAT(refusal, HasSubstr("username and password instead"));
  EXPECT_THAT(refusal, Not(HasSubstr("hidden")));
  for (const auto* url : {"user:hidden@host:9200", "http://user:hidden@host:99999"}) {
    EXPECT_THAT(refusal_of({{"url", url}}),
                AllOf(HasSubstr("expected http"), Not(HasSubstr("hidden"))));
  }
}

TEST(FromConfig, RefusesContradictions) {
  EXPECT_THAT(refusal_of({{"password", "p"}}), HasSubstr("without username"));
  EXPECT_THAT(refusal_of({{"username", "a:b"}}), HasSubstr("':'"));
  EXPECT_THAT(refusal_of({{"client_cert", "/c"}}), HasSubstr("needed together"));
  EXPECT_THAT(refusal_of({{"client_key", "/c"}}), HasSubstr("needed together"));
  EXPECT_THAT(refusal_of({{"request_timeout", 0}}), HasSubstr("request_timeout"));
  EXPECT_THAT(refusal_of({{"verify", "yes"}}), HasSubstr("connection options"));
}

}  // namespace
}  // namespace sluice::opensearch
