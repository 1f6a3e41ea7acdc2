#include "config.hpp"

#include <fstream>
#include <gmock/gmock.h>

#include "sink_fixture.hpp"

namespace sluice::opensearch {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Config : public testing::SinkTest {
 protected:
  void write_mapping(std::string_view text) { std::ofstream(directory / "mapping.json") << text; }

  std::string refusal() {
    try {
      read_config(config);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(Config, SchemaDescribesEveryOption) {
  const auto schema = json::parse(config_schema());
  EXPECT_EQ(schema["required"], (json{"index", "mapping"}));
  for (const auto& [name, option] : schema["properties"].items()) {
    EXPECT_TRUE(option.contains("type")) << name;
    EXPECT_TRUE(option.contains("description")) << name;
  }
  EXPECT_TRUE(schema["properties"].contains("url"));
}

TEST_F(Config, TakesSettingsInEveryFormAndAddsGcDeletes) {
  write_mapping(R"({"settings":{"index":{"a":1,"sort.field":"x"},"index.b":2,"c":3,
                   "analysis":{"index":{"kept":1}}}})");
  const auto read = read_config(config);
  EXPECT_EQ(read.settings["a"], 1);
  EXPECT_EQ(read.settings["b"], 2);
  EXPECT_EQ(read.settings["c"], 3);
  EXPECT_EQ(read.settings["sort.field"], "x");
  EXPECT_EQ(read.settings["analysis"]["index"]["kept"], 1);
  EXPECT_EQ(read.settings["gc_deletes"], "3600000ms");
  EXPECT_EQ(read.mappings, json::object());
}

TEST_F(Config, RefusesUnusableMappingFiles) {
  write_mapping("{\"settings\": {,}}");
  EXPECT_THAT(refusal(),
              AllOf(StartsWith("/mapping: '"),
                    HasSubstr("mapping.json' is no valid JSON: line 1, column 15: syntax error")));
  write_mapping("[]");
  EXPECT_THAT(refusal(), HasSubstr("no object"));
  write_mapping(R"({"aliases":{}})");
  EXPECT_THAT(refusal(), HasSubstr("holds 'aliases'"));
  write_mapping(R"({"settings":1})");
  EXPECT_THAT(refusal(), HasSubstr("holds 'settings'"));
  config["mapping"] = "/absent.json";
  EXPECT_THAT(refusal(), StartsWith("/mapping: cannot open '/absent.json': make it (an empty {}"));
}

TEST_F(Config, RefusesToForgetDeletionsWhileWritesAreUnderWay) {
  config["request_timeout"] = 30'000;
  config["gc_deletes"] = 120'000;
  EXPECT_THAT(refusal(), HasSubstr("more than four times request_timeout, which is 120000 ms"));
  config["gc_deletes"] = 120'001;
  EXPECT_EQ(read_config(config).settings["gc_deletes"], "120001ms");
}

TEST_F(Config, RefusesBadConnectionOptions) {
  config["url"] = "nonsense";
  EXPECT_THAT(refusal(), HasSubstr("url is 'nonsense'"));
}

TEST_F(Config, ReadsTheProjectsMapping) {
  config["mapping"] = PROJECTS_MAPPING;
  const auto read = read_config(config);
  EXPECT_EQ(read.mappings["dynamic"], "strict");
  EXPECT_EQ(read.mappings["properties"]["users"]["type"], "nested");
  EXPECT_EQ(read.mappings["properties"]["hashtags"]["type"], "nested");
}

TEST_F(Config, GivesTheLongestTimeInFlight) {
  config["request_timeout"] = 30'000;
  EXPECT_EQ(sink().max_in_flight_ms(instance().self()), 60'000);
}

}  // namespace
}  // namespace sluice::opensearch
