#include "config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sample_config.hpp"

namespace sluice::search {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const json& options) {
  try {
    read_config(options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(ConfigSchema, IsJsonWithTheConnectionOptionsInside) {
  const auto schema = json::parse(config_schema());
  const auto& options = schema.at("properties");
  EXPECT_TRUE(options.at("opensearch").at("properties").contains("url"));
  EXPECT_EQ(options.at("port").at("default"), 8080);
  EXPECT_EQ(options.at("address").at("default"), "127.0.0.1");
}

TEST(ReadConfig, ReadsTheService) {
  const auto config = sample_config();
  EXPECT_EQ(config.index, "projects");
  EXPECT_EQ(config.base_path, "/api/v1/projects");
  EXPECT_EQ(config.query_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(config.opensearch.url, "http://127.0.0.1:9200");
  EXPECT_EQ(config.routes.size(), 3U);
}

TEST(ReadConfig, ReadsARouteOfEachKind) {
  EXPECT_EQ(text_route().kind, RouteKind::kSearch);
  EXPECT_THAT(text_route().default_fields, ElementsAre("slug", "name", "description"));
  EXPECT_EQ(key_route().kind, RouteKind::kByKey);
  EXPECT_EQ(key_route().nested, "users");
  EXPECT_TRUE(key_route().integer_key);
  EXPECT_EQ(terms_route().kind, RouteKind::kByTerms);
  EXPECT_EQ(terms_route().parameter, "hashtags");
  EXPECT_EQ(terms_route().max_terms, 3U);
}

TEST(ReadConfig, ARouteTakesTheLimitsOfTheServiceButForItsOwn) {
  auto options = sample_options();
  options["limits"] = {{"default", 5}, {"max", 200}};
  const auto config = read_config(options);
  EXPECT_EQ(config.routes[0].limits.default_limit, 5U);
  EXPECT_EQ(config.routes[0].limits.max_limit, 200U);
  EXPECT_EQ(config.routes[0].limits.max_offset, 10000U);
  EXPECT_EQ(config.routes[2].limits.default_limit, 100U);
  EXPECT_EQ(config.routes[2].limits.max_limit, 200U);
}

TEST(ReadConfig, SearchesAllFieldsWhereNoneAreTheDefault) {
  auto options = sample_options();
  options["routes"][0].erase("default_fields");
  EXPECT_THAT(read_config(options).routes[0].default_fields,
              ElementsAre("description", "name", "readme", "slug"));
}

TEST(ReadConfig, ReadsKeysAndOrigins) {
  EXPECT_TRUE(sample_config().api_keys.empty());
  EXPECT_TRUE(sample_config().cors.origins.empty());
  auto options = sample_options();
  options["api_keys"] = json::parse(R"([{"name": "web", "key": "0123456789abcdef"}])");
  options["cors"] = {{"origins", {"https://a.example"}}, {"max_age", 60'000}};
  const auto config = read_config(options);
  EXPECT_EQ(config.api_keys.at(0).name, "web");
  EXPECT_EQ(config.api_keys.at(0).key, "0123456789abcdef");
  EXPECT_THAT(config.cors.origins, ElementsAre("https://a.example"));
  EXPECT_EQ(config.cors.max_age, std::chrono::seconds(60));
}

TEST(ReadConfig, RefusesTheSameKeyOrNameTwiceWithoutTellingTheKey) {
  auto options = sample_options();
  options["api_keys"] = json::parse(
      R"([{"name": "a", "key": "0123456789abcdef"}, {"name": "a", "key": "0123456789abcdeg"}])");
  EXPECT_EQ(error_of(options), "api_keys: 'a' is there twice");
  options["api_keys"][1] = {{"name", "b"}, {"key", "0123456789abcdef"}};
  EXPECT_EQ(error_of(options), "api_keys: 'a' and 'b' have the same key");
}

TEST(ReadConfig, RefusesOriginsBesideAny) {
  auto options = sample_options();
  options["cors"] = {{"origins", {"https://a.example", "*"}}};
  EXPECT_THAT(error_of(options), HasSubstr("'*' stands for every origin"));
}

struct Contradiction {
  const char* name;
  const char* patch;
  const char* message;
};

class ReadConfigRefuses : public ::testing::TestWithParam<Contradiction> {};

TEST_P(ReadConfigRefuses, NamingTheRoute) {
  auto options = sample_options();
  options["routes"] = json::array({json::parse(GetParam().patch)});
  EXPECT_THAT(error_of(options), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Contradictions, ReadConfigRefuses,
    ::testing::Values(
        Contradiction{"NoFields", R"({"path": "/s", "kind": "search"})",
                      "route /s: 'fields' is required here"},
        Contradiction{
            "UnknownDefaultField",
            R"({"path": "/s", "kind": "search", "fields": {"a": ["a"]}, "default_fields": ["b"]})",
            "'b' is not among 'fields'"},
        Contradiction{"ForeignMember",
                      R"({"path": "/s", "kind": "search", "fields": {"a": ["a"]}, "nested": "n"})",
                      "'nested' does not go with kind search"},
        Contradiction{"KeyWithoutPlaceholder", R"({"path": "/k", "kind": "by_key", "field": "f"})",
                      "needs one ':name'"},
        Contradiction{"PlaceholderWithoutKey",
                      R"({"path": "/t/:x", "kind": "by_terms", "field": "f", "parameter": "p"})",
                      "only a by_key route"},
        Contradiction{
            "DefaultLimitAboveMax",
            R"({"path": "/k/:x", "kind": "by_key", "field": "f", "limits": {"default": 101}})",
            "'default' is above 'max'"},
        Contradiction{"TermsWithoutParameter",
                      R"({"path": "/t", "kind": "by_terms", "field": "f"})",
                      "'parameter' is required here"}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

}  // namespace
}  // namespace sluice::search
