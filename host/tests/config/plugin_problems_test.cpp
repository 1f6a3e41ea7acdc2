#include "config/plugin_problems.hpp"

#include <gmock/gmock.h>

#include "config_test_support.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PluginConfig plugin() {
  PluginConfig config;
  config.plugin = "tables";
  config.position = {1, 9};
  const auto document = load_yaml(
      "plugin: tables\n"
      "config:\n"
      "  document:\n"
      "    columns: [id, nmae]\n"
      "    a/b~c: {'odd key': 1}\n",
      "f.yaml", test::environment());
  config.config = *document.root.find("config");
  config.origin = {"f.yaml", "/", "denormalize.config"};
  return config;
}

std::vector<std::string> rendered(const std::string& message) {
  return test::render_each(problems_of_options(plugin(), message));
}

TEST(PluginProblemsTest, ALineThatBeginsWithAPointerIsAProblemAtThatOption) {
  EXPECT_THAT(
      rendered("/document/columns/1: no column nmae\n/document/columns: too few"),
      ElementsAre("f.yaml:4:19: error: denormalize.config.document.columns[1]: no column nmae",
                  "f.yaml:4:14: error: denormalize.config.document.columns: too few"));
}

TEST(PluginProblemsTest, PointersEscapeSlashesAndTildes) {
  EXPECT_THAT(
      rendered("/document/a~1b~0c/odd key: no"),
      ElementsAre("f.yaml:5:24: error: denormalize.config.document[\"a/b~c\"][\"odd key\"]: no"));
}

TEST(PluginProblemsTest, AnOptionThatTheFileLeavesOutIsPlacedAtTheNearestAroundIt) {
  EXPECT_THAT(rendered("/document/key: needed"),
              ElementsAre("f.yaml:4:5: error: denormalize.config.document: needed"));
  EXPECT_THAT(rendered("/document/columns/7/sql: no"),
              ElementsAre("f.yaml:4:14: error: denormalize.config.document.columns: no"));
}

TEST(PluginProblemsTest, OtherLinesBelongToTheOneBeforeOrToThePlugin) {
  EXPECT_THAT(rendered("two things:\n/document: bad\nLINE 1: SELECT\n"),
              ElementsAre("f.yaml:1:9: error: denormalize.plugin: two things:",
                          "f.yaml:4:5: error: denormalize.config.document: bad\nLINE 1: SELECT"));
}

TEST(PluginProblemsTest, APathThatIsNoOptionIsNoPointer) {
  EXPECT_THAT(rendered("/var/run/socket: no such file"), IsEmpty());
  EXPECT_THAT(rendered("connection refused"), IsEmpty());
  EXPECT_THAT(rendered("/document without a colon"), IsEmpty());
  EXPECT_THAT(rendered(""), IsEmpty());
}

TEST(PluginProblemsTest, TheBriefFormHasPlaceAndText) {
  EXPECT_EQ(brief(problems_of_options(plugin(), "/document: a\n/document/columns: b")),
            "f.yaml:4:5: a\nf.yaml:4:14: b");
}

}  // namespace
}  // namespace sluice
