#include "service/service_runner.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/sdk.hpp>

#include "support/await.hpp"
#include "support/scripted_flow.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::await;
using test::Script;

class ServiceRunnerTest : public testing::Test {
 protected:
  ServiceSpec spec() { return {"search", test::scripted(SLUICE_KIND_SERVICE, script_)}; }

  Script script_;
  Metrics metrics_;
};

TEST_F(ServiceRunnerTest, RunsUntilItIsStoppedWithTheTimeItIsGiven) {
  std::atomic<std::int64_t> timeout{0};
  script_.stop = [&](std::chrono::milliseconds given) { timeout = given.count(); };
  ServiceRunner runner("p", spec(), metrics_);
  EXPECT_FALSE(runner.status().running);
  runner.start();
  ASSERT_TRUE(await([&] { return runner.status().running; }));
  EXPECT_EQ(runner.status().trace, "");
  runner.stop(1234ms);
  EXPECT_EQ(timeout, 1234);
}

TEST_F(ServiceRunnerTest, AServiceThatCannotStartIsStartedAgainAndTellsWhy) {
  std::atomic<int> starts{0};
  std::atomic<bool> free{false};
  script_.start = [&] {
    ++starts;
    if (!free) throw RetryError("port 8080 is taken");
  };
  ServiceRunner runner("p", spec(), metrics_);
  runner.start();
  ASSERT_TRUE(await([&] { return starts >= 1 && runner.status().trace != "not started"; }));
  EXPECT_FALSE(runner.status().running);
  EXPECT_EQ(runner.status().trace, "scripted: port 8080 is taken");
  free = true;
  EXPECT_TRUE(await([&] { return runner.status().running; }));
}

TEST_F(ServiceRunnerTest, WhatHealthSaysIsShownWhileItRuns) {
  std::atomic<bool> sick{true};
  script_.health = [&] {
    if (sick) throw RetryError("OpenSearch does not answer");
  };
  ServiceRunner runner("p", spec(), metrics_);
  runner.start();
  ASSERT_TRUE(
      await([&] { return runner.status().trace == "scripted: OpenSearch does not answer"; }));
  EXPECT_TRUE(runner.status().running);
  sick = false;
  EXPECT_TRUE(await([&] { return runner.status().trace.empty(); }));
}

TEST_F(ServiceRunnerTest, AStopDoesNotWaitForTheNextStart) {
  script_.start = [] { throw RetryError("no"); };
  ServiceRunner runner("p", spec(), metrics_);
  runner.start();
  ASSERT_TRUE(await([&] { return runner.status().trace != "not started"; }));
  runner.stop(5s);
}

}  // namespace
}  // namespace sluice
