#include "plugin/plugin_registry.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/sdk.hpp>

#include "plugin/plugin_instance.hpp"
#include "support/temp_folder.hpp"

namespace sluice {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::filesystem::path kPlugins = SLUICE_TEST_PLUGINS;
const std::filesystem::path kBroken = kPlugins / "broken";

std::string load_error(const std::filesystem::path& file) {
  try {
    PluginLibrary::load(file);
    return "loaded";
  } catch (const PluginError& e) {
    return e.what();
  }
}

std::string find_error(PluginRegistry& registry, const std::string& name, std::uint32_t kind) {
  try {
    registry.find(name, kind);
    return "found";
  } catch (const PluginError& e) {
    return e.what();
  }
}

TEST(PluginLibraryTest, ASoundPluginShowsItsDescriptorAndSchema) {
  const auto library = PluginLibrary::load(kPlugins / "scripted.so");
  EXPECT_STREQ(library.descriptor().name, "scripted");
  EXPECT_STREQ(library.descriptor().version, "1.2.3");
  EXPECT_THAT(library.kinds(),
              ElementsAre("decoder", "transform", "denormalizer", "sink", "job", "service"));
  EXPECT_TRUE(library.schema().at("properties").contains("script"));
}

TEST(PluginLibraryTest, ALibraryWithoutTheEntryIsNoPlugin) {
  EXPECT_THAT(load_error(kBroken / "no-entry.so"),
              AllOf(HasSubstr("no-entry.so: not a Sluice plugin"),
                    HasSubstr("no symbol sluice_plugin_entry")));
}

TEST(PluginLibraryTest, AnotherMajorVersionIsRefusedWithWhatWasFoundAndExpected) {
  EXPECT_THAT(load_error(kBroken / "older-major.so"),
              AllOf(HasSubstr("older-major.so: cannot be used"), HasSubstr("ABI 0.2"),
                    HasSubstr("expected 1.0 to 1.2")));
}

TEST(PluginLibraryTest, ANewerMinorVersionIsRefused) {
  EXPECT_THAT(load_error(kBroken / "newer-minor.so"),
              AllOf(HasSubstr("ABI 1.3"), HasSubstr("expected 1.0 to 1.2")));
}

TEST(PluginLibraryTest, AWrongMagicNumberIsRefused) {
  EXPECT_THAT(load_error(kBroken / "bad-magic.so"), HasSubstr("magic number"));
}

TEST(PluginLibraryTest, APluginThatRefusesTheHostIsRefused) {
  EXPECT_THAT(load_error(kBroken / "refuses-host.so"), HasSubstr("it refused this host"));
}

TEST(PluginLibraryTest, AMissingSymbolIsAnErrorAtLoadThatNamesIt) {
  EXPECT_THAT(load_error(kBroken / "missing-symbol.so"),
              AllOf(HasSubstr("cannot be loaded"), HasSubstr("a_function_that_nobody_defines")));
}

TEST(PluginLibraryTest, AKindWithoutItsFunctionsIsRefused) {
  EXPECT_THAT(load_error(kBroken / "missing-functions.so"),
              HasSubstr("claims the kind decoder without its functions"));
}

TEST(PluginLibraryTest, ADescriptorWithoutANameIsRefused) {
  EXPECT_THAT(load_error(kBroken / "no-name.so"), HasSubstr("lacks a name"));
}

TEST(PluginLibraryTest, ASchemaThatIsNoJsonIsRefused) {
  EXPECT_THAT(load_error(kBroken / "bad-schema.so"), HasSubstr("option schema is no JSON"));
}

TEST(PluginLibraryTest, AnUnsoundSchemaIsRefused) {
  EXPECT_THAT(load_error(kBroken / "unsound-schema.so"),
              AllOf(HasSubstr("option schema is unsound"), HasSubstr("objekt")));
}

TEST(PluginLibraryTest, AFileThatIsNoLibraryIsRefused) {
  const test::TempFolder folder;
  const auto file = folder.write("text.so", "this is no library");
  EXPECT_THAT(load_error(file), AllOf(HasSubstr(file.string()), HasSubstr("cannot be loaded")));
}

TEST(PluginRegistryTest, FindsAPluginByNameAndLoadsItOnce) {
  PluginRegistry registry({kPlugins});
  const auto& first = registry.find("scripted", SLUICE_KIND_SINK);
  EXPECT_EQ(&first, &registry.find("scripted", SLUICE_KIND_JOB));
}

TEST(PluginRegistryTest, TheFirstFolderThatHasItWins) {
  const test::TempFolder folder;
  folder.write("scripted.so", "this is no library");
  PluginRegistry registry({folder.path(), kPlugins});
  EXPECT_THAT(find_error(registry, "scripted", SLUICE_KIND_SINK),
              HasSubstr((folder.path() / "scripted.so").string()));
}

TEST(PluginRegistryTest, ForAnUnknownNameItTellsTheNearestOneAndWhereItLooked) {
  PluginRegistry registry({kPlugins, "/nowhere"});
  EXPECT_THAT(
      find_error(registry, "scriptet", SLUICE_KIND_SINK),
      AllOf(HasSubstr("no plugin \"scriptet\""), HasSubstr("did you mean \"scripted\"?"),
            HasSubstr("found: scripted"), HasSubstr(kPlugins.string()), HasSubstr("/nowhere")));
}

TEST(PluginRegistryTest, WithoutAnyPluginItSaysSo) {
  PluginRegistry registry({"/nowhere"});
  EXPECT_THAT(find_error(registry, "sink", SLUICE_KIND_SINK),
              AllOf(HasSubstr("found: none"), Not(HasSubstr("did you mean"))));
}

TEST(PluginRegistryTest, AnotherKindIsRefusedWithTheKindsItHas) {
  PluginRegistry registry({SLUICE_EXAMPLE_PLUGINS});
  EXPECT_THAT(find_error(registry, "keep-tables", SLUICE_KIND_SINK),
              HasSubstr("plugin \"keep-tables\" is no sink; it is: transform"));
}

TEST(PluginRegistryTest, AFileMustBeNamedLikeThePluginInside) {
  PluginRegistry registry({kBroken});
  EXPECT_THAT(find_error(registry, "other-name", SLUICE_KIND_DECODER),
              HasSubstr("the plugin inside is named \"broken\""));
}

TEST(PluginRegistryTest, ANameIsNoPath) {
  PluginRegistry registry({kPlugins});
  EXPECT_THAT(find_error(registry, "broken/other-name", SLUICE_KIND_DECODER),
              HasSubstr("no plugin \"broken/other-name\""));
}

TEST(PluginRegistryTest, ABrokenPluginDoesNotKeepOthersFromLoading) {
  PluginRegistry registry({kBroken, kPlugins});
  EXPECT_THAT(find_error(registry, "missing-symbol", SLUICE_KIND_DECODER),
              HasSubstr("cannot be loaded"));
  EXPECT_EQ(find_error(registry, "scripted", SLUICE_KIND_DECODER), "found");
}

TEST(PluginRegistryTest, NamesAreThoseOfAllFoldersInOrder) {
  const PluginRegistry registry({kPlugins, kBroken, "/nowhere"});
  EXPECT_THAT(registry.names(), AllOf(Contains("scripted"), Contains("no-entry")));
}

TEST(PluginRegistryTest, GivenFoldersComeBeforeTheVariableAndTheProgramsOwn) {
  ::setenv("SLUICE_PLUGIN_PATH", "/from/variable:/and/another::", 1);
  const auto folders = PluginRegistry::default_folders({"/given"});
  ::unsetenv("SLUICE_PLUGIN_PATH");
  ASSERT_EQ(folders.size(), 5U);
  EXPECT_EQ(folders[0], "/given");
  EXPECT_EQ(folders[1], "/from/variable");
  EXPECT_EQ(folders[2], "/and/another");
  EXPECT_EQ(folders[3].filename(), "plugins");
}

TEST(PluginInstanceTest, AConstructorThatThrowsIsAnErrorThatNamesThePlugin) {
  PluginRegistry registry({kPlugins});
  const PluginSpec spec{&registry.find("scripted"), SLUICE_KIND_SINK, Json{{"refuse", true}}};
  try {
    const PluginInstance instance(spec, "p", nullptr, {});
    FAIL() << "constructed";
  } catch (const FatalError& e) {
    EXPECT_STREQ(e.what(), "scripted: refused, as asked");
  }
}

TEST(PluginInstanceTest, AComplaintAboutAnOptionHasItsPlaceInTheFile) {
  PluginConfig source;
  source.config.kind = ConfigNode::Kind::kMap;
  source.config.entries.push_back({"password", {31, 5}, node_from_json("x", {31, 15})});
  source.origin = {"pipelines/p.yaml", "/", "sink.config"};
  PluginRegistry registry({kPlugins});
  PluginSpec spec{&registry.find("scripted"), SLUICE_KIND_SINK,
                  Json{{"complaint", "/password: too short\n/password: and too simple"}}};
  spec.source = std::make_shared<const PluginConfig>(source);
  try {
    const PluginInstance instance(spec, "p", nullptr, {});
    FAIL() << "constructed";
  } catch (const OptionsError& e) {
    EXPECT_STREQ(e.what(),
                 "pipelines/p.yaml:31:15: too short\npipelines/p.yaml:31:15: and too simple");
    EXPECT_EQ(e.problems().size(), 2U);
  }
}

}  // namespace
}  // namespace sluice
