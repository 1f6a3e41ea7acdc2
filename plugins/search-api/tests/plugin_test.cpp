#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/testkit.hpp>

#include "fake_opensearch.hpp"
#include "http_client.hpp"
#include "sample_config.hpp"

namespace sluice::search {
namespace {

using ::testing::HasSubstr;

class PluginTest : public ::testing::Test {
 protected:
  nlohmann::json options() const {
    auto options = sample_options();
    options["opensearch"]["url"] = opensearch_.url();
    return options;
  }

  TestHost host_;
  FakeOpenSearch opensearch_;
};

TEST_F(PluginTest, IsAServiceWithASchema) {
  const auto* plugin = host_.load(sluice_plugin_entry);
  EXPECT_STREQ(plugin->name, "search-api");
  EXPECT_EQ(plugin->kinds, static_cast<std::uint32_t>(SLUICE_KIND_SERVICE));
  EXPECT_TRUE(nlohmann::json::accept(plugin->config_schema));
}

TEST_F(PluginTest, StartsReportsHealthAndStops) {
  auto instance = host_.create(sluice_plugin_entry, SLUICE_KIND_SERVICE, options());
  const auto& service = *instance.plugin().service;
  ASSERT_EQ(service.start(instance.self(), &instance.error()), SLUICE_OK);
  EXPECT_EQ(service.health(instance.self(), &instance.error()), SLUICE_OK);
  EXPECT_THAT(instance.context().log.at(0).second, HasSubstr("listening on 127.0.0.1:"));
  opensearch_.answer(404, "{}");
  EXPECT_NE(service.health(instance.self(), &instance.error()), SLUICE_OK);
  EXPECT_THAT(instance.error().message, HasSubstr("does not exist"));
  service.stop(instance.self(), 1000);
}

TEST_F(PluginTest, SaysThatThePortIsTaken) {
  const SilentServer other;
  auto config = options();
  config["port"] = other.port();
  auto instance = host_.create(sluice_plugin_entry, SLUICE_KIND_SERVICE, config);
  EXPECT_EQ(instance.plugin().service->start(instance.self(), &instance.error()), SLUICE_FATAL);
  EXPECT_THAT(instance.error().message,
              AllOf(HasSubstr("Address already in use"), HasSubstr("`port`")));
}

TEST_F(PluginTest, RefusesOptionsThatContradictEachOther) {
  auto config = options();
  config["routes"][0].erase("fields");
  try {
    host_.create(sluice_plugin_entry, SLUICE_KIND_SERVICE, config);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("route /search: 'fields' is required here"));
  }
}

}  // namespace
}  // namespace sluice::search
