// The plugin through the ABI.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/testkit.hpp>

#include "fake_job_host.hpp"

namespace sluice::reconcile {
namespace {

using nlohmann::json;

// As the host would make it from an empty configuration: see the schema's defaults.
const json kConfig = {{"action", "rebuild"}, {"repair", false},  {"retention", 604'800'000},
                      {"readers", 3},        {"page", 500},      {"lead", 60'000},
                      {"max_lag", 5'000},    {"max_rounds", 20}, {"sample", 200},
                      {"max_checks", 8},     {"settle", 3'000}};

TEST(ReconcileJob, RunsAndReportsWhatItDid) {
  const TestHost test_host;
  auto instance = test_host.create(sluice_plugin_entry, SLUICE_KIND_JOB, kConfig);
  sluice_job_host host;
  host.targets = json::array({{{"name", "old"}, {"created_ms", 1}, {"current", true}}});
  const sluice_value* result = nullptr;
  ASSERT_EQ(instance.plugin().job->run(instance.self(), fake_job_api(), &host, &result,
                                       &instance.error()),
            SLUICE_OK)
      << instance.error().message;
  const json summary = to_json(Value(result));
  EXPECT_EQ(summary["target"], "new");
  EXPECT_EQ(summary["documents"], 10);
  EXPECT_EQ(host.readers, 3U);
  EXPECT_EQ(host.page, 500U);
  EXPECT_EQ(host.current(), "new");
}

TEST(ReconcileJob, TellsRetryFromFatal) {
  const TestHost test_host;
  auto instance = test_host.create(sluice_plugin_entry, SLUICE_KIND_JOB, kConfig);
  for (const sluice_status status : {SLUICE_RETRY, SLUICE_FATAL}) {
    sluice_job_host host;
    host.failures["copy"] = {status};
    const sluice_value* result = nullptr;
    EXPECT_EQ(instance.plugin().job->run(instance.self(), fake_job_api(), &host, &result,
                                         &instance.error()),
              status);
    EXPECT_EQ(instance.error().message, "copy failed");
  }
}

TEST(ReconcileJob, RunsNightlyUnlessToldOtherwise) {
  EXPECT_STREQ(TestHost().load(sluice_plugin_entry)->schedule, "0 3 * * *");
}

TEST(ReconcileJob, ItsSchemaIsJsonAndGivesEveryOptionADefault) {
  const json schema = json::parse(TestHost().load(sluice_plugin_entry)->config_schema);
  for (const auto& [name, option] : schema.at("properties").items()) {
    EXPECT_TRUE(option.contains("default")) << name;
    EXPECT_TRUE(option.contains("description")) << name;
    EXPECT_TRUE(kConfig.contains(name)) << name;
  }
  EXPECT_EQ(schema["properties"].size(), kConfig.size());
}

}  // namespace
}  // namespace sluice::reconcile
