#include "job/job_runner.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/json.hpp>
#include <sluice/sdk.hpp>

#include "support/await.hpp"
#include "support/gate.hpp"
#include "support/metric_value.hpp"
#include "support/mock_kafka.hpp"
#include "support/scripted_flow.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::await;
using test::Script;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class JobRunnerTest : public testing::Test {
 protected:
  JobSpec spec() {
    return {"job", test::scripted(SLUICE_KIND_JOB, script_), std::nullopt, 5ms, 20ms, 4};
  }
  /// One run in this thread.
  bool run(JobRunner& runner) { return runner.run_now({}); }

  Script script_;
  Flow flow_ = test::scripted_flow(script_);
  Metrics metrics_;
};

TEST_F(JobRunnerTest, ARunThatSucceedsGivesItsResult) {
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_EQ(runner.status().state, JobState::kScheduled);
  EXPECT_TRUE(run(runner));
  const auto status = runner.status();
  EXPECT_EQ(status.state, JobState::kSucceeded);
  EXPECT_EQ(status.result, (Json{{"ran", true}}));
  EXPECT_EQ(status.attempts, 1);
  EXPECT_TRUE(status.started && status.ended && *status.started <= *status.ended);
  EXPECT_THAT(status.trace, IsEmpty());
  EXPECT_GT(test::metric_value(metrics_, "sluice_job_last_success_timestamp_seconds"), 0);
}

TEST_F(JobRunnerTest, APassingFailureIsRetriedWithBackOff) {
  int tries = 0;
  script_.run = [&](JobHost&) -> std::string {
    if (++tries < 3) throw RetryError("not yet");
    return "{}";
  };
  JobRunner runner(flow_, spec(), metrics_);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(run(runner));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 2ms + 5ms);
  EXPECT_EQ(runner.status().attempts, 3);
  EXPECT_THAT(runner.status().trace, IsEmpty());
}

TEST_F(JobRunnerTest, AfterMaxAttemptsTheRunHasFailedWithItsReason) {
  script_.run = [](JobHost&) -> std::string { throw RetryError("the source is away"); };
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_FALSE(run(runner));
  const auto status = runner.status();
  EXPECT_EQ(status.state, JobState::kFailed);
  EXPECT_EQ(status.attempts, 4);
  EXPECT_EQ(status.trace, "scripted: the source is away");
  EXPECT_TRUE(status.ended);
  EXPECT_EQ(test::metric_value(metrics_, "sluice_job_failures_total"), 1);
}

TEST_F(JobRunnerTest, AFatalFailureIsNotRetried) {
  script_.run = [](JobHost&) -> std::string { throw FatalError("retention is too short"); };
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_FALSE(run(runner));
  EXPECT_EQ(runner.status().attempts, 1);
}

TEST_F(JobRunnerTest, AResultThatIsNoJsonFailsTheRun) {
  script_.run = [](JobHost&) { return std::string("{"); };
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_FALSE(run(runner));
  EXPECT_THAT(runner.status().trace, HasSubstr("parse"));
}

TEST_F(JobRunnerTest, ATriggerRunsItAndAnotherMeanwhileIsRefused) {
  JobRunner runner(flow_, spec(), metrics_);
  test::Gate gate;
  std::atomic<int> runs{0};
  script_.run = [&runs, passage = gate.passage()](JobHost&) {
    ++runs;
    passage.pass();
    return std::string("{}");
  };
  runner.start();
  EXPECT_TRUE(runner.trigger());
  ASSERT_TRUE(await([&] { return gate.passage().arrived() == 1; }));
  EXPECT_EQ(runner.status().state, JobState::kRunning);
  EXPECT_FALSE(runner.trigger());
  gate.open();
  ASSERT_TRUE(await([&] { return runner.status().state == JobState::kSucceeded; }));
  EXPECT_TRUE(runner.trigger()) << "and again";
  EXPECT_TRUE(await([&] { return runs == 2; }));
}

TEST_F(JobRunnerTest, AFailedRunDoesNotEndTheRunner) {
  std::atomic<int> runs{0};
  script_.run = [&](JobHost&) -> std::string {
    if (++runs == 1) throw FatalError("once");
    return "{}";
  };
  JobRunner runner(flow_, spec(), metrics_);
  runner.start();
  runner.trigger();
  ASSERT_TRUE(await([&] { return runner.status().state == JobState::kFailed; }));
  EXPECT_TRUE(runner.trigger());
  EXPECT_TRUE(await([&] { return runner.status().state == JobState::kSucceeded; }));
}

TEST_F(JobRunnerTest, TheNextTimeOfTheScheduleIsShown) {
  auto scheduled = spec();
  scheduled.schedule.emplace("0 3 * * *", "UTC");
  JobRunner runner(flow_, std::move(scheduled), metrics_);
  const auto now = std::chrono::system_clock::now();
  runner.start();
  ASSERT_TRUE(await([&] { return runner.status().next.has_value(); }));
  EXPECT_GT(*runner.status().next, now);
  EXPECT_LE(*runner.status().next, now + 24h + 1min);
}

TEST_F(JobRunnerTest, ProgressIsShown) {
  JobRunner runner(flow_, spec(), metrics_);
  test::Gate gate;
  script_.run = [passage = gate.passage()](JobHost& host) {
    host.progress("copy", 3, 10);
    passage.pass();
    return std::string("{}");
  };
  runner.start();
  runner.trigger();
  ASSERT_TRUE(await([&] { return gate.passage().arrived() == 1; }));
  const auto progress = runner.status().progress;
  EXPECT_EQ(progress.step, "copy");
  EXPECT_EQ(progress.done, 3);
  EXPECT_EQ(progress.total, 10);
  gate.open();
}

TEST_F(JobRunnerTest, AStopInterruptsTheWaitOfARun) {
  std::atomic<bool> waiting{false};
  script_.run = [&](JobHost& host) -> std::string {
    waiting = true;
    host.wait(1h);
    return "{}";
  };
  JobRunner runner(flow_, spec(), metrics_);
  runner.start();
  runner.trigger();
  ASSERT_TRUE(await([&] { return waiting.load(); }));
  runner.stop();
  EXPECT_EQ(runner.status().state, JobState::kFailed);
  EXPECT_EQ(runner.status().attempts, 1);
}

TEST_F(JobRunnerTest, AStopInterruptsTheBackOff) {
  script_.run = [](JobHost&) -> std::string { throw RetryError("away"); };
  auto patient = spec();
  patient.retry_initial = patient.retry_max = 1h;
  JobRunner runner(flow_, std::move(patient), metrics_);
  runner.start();
  runner.trigger();
  ASSERT_TRUE(await([&] { return runner.status().state == JobState::kRetrying; }));
  runner.stop();
  EXPECT_EQ(runner.status().state, JobState::kFailed);
}

TEST_F(JobRunnerTest, TheWaitOfARunLastsAsLongAsAsked) {
  script_.run = [](JobHost& host) {
    const auto began = std::chrono::steady_clock::now();
    host.wait(30ms);
    return std::chrono::steady_clock::now() - began >= 30ms ? "{\"long\":true}" : "{}";
  };
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_TRUE(run(runner));
  EXPECT_EQ(runner.status().result, (Json{{"long", true}}));
}

TEST_F(JobRunnerTest, TheLockIsHeldUntilTheRunEnds) {
  std::vector<bool> acquired;
  script_.run = [&](JobHost& host) {
    acquired.push_back(host.lock("rebuild"));
    const std::lock_guard lock(script_.mutex);
    return script_.locked ? std::string("{\"locked\":true}") : std::string("{}");
  };
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_TRUE(run(runner));
  EXPECT_EQ(runner.status().result, (Json{{"locked", true}}));
  EXPECT_FALSE(script_.locked);
  script_.locked = true;  // another host's
  EXPECT_TRUE(run(runner));
  EXPECT_THAT(acquired, ElementsAre(true, false));
}

TEST_F(JobRunnerTest, CopyWritesEveryRowAndTriesBusyDocumentsAgain) {
  std::atomic<int> busy{3};
  script_.write = [&](auto target, auto documents, OutcomeOutput& output) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      if (to_string_view(documents[i]->id) == "row-7" && --busy > 0) {
        output.retry(i, "429");
        continue;
      }
      script_.record(target, *documents[i]);
      output.done(i);
    }
  };
  script_.run = [](JobHost& host) {
    const auto target = host.create_target("2026-01-24");
    const auto copied = host.copy(target, 2, 3);
    return "{\"copied\":" + std::to_string(copied) + ",\"target\":\"" + target + "\"}";
  };
  JobRunner runner(flow_, spec(), metrics_);
  ASSERT_TRUE(run(runner)) << runner.status().trace;
  EXPECT_EQ(runner.status().result, (Json{{"copied", 20}, {"target", "index-2026-01-24"}}));
  EXPECT_EQ(script_.documents(), 20U);
  EXPECT_EQ(script_.written.front().target, "index-2026-01-24");
}

TEST_F(JobRunnerTest, ACopyGoesOnAfterAPassingFailureOfTheSource) {
  std::atomic<int> calls{0};
  script_.on_walk = [&](std::string_view) {
    if (++calls == 3) throw RetryError("connection lost");
  };
  script_.run = [](JobHost& host) { return std::to_string(host.copy("t", 1, 3)); };
  JobRunner runner(flow_, spec(), metrics_);
  ASSERT_TRUE(run(runner)) << runner.status().trace;
  EXPECT_EQ(script_.documents(), 20U);
  EXPECT_EQ(runner.status().result, Json(20));
}

TEST_F(JobRunnerTest, ACopyWithADocumentThatFailsForGoodFailsTheRun) {
  script_.write = [](auto, auto documents, OutcomeOutput& output) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      to_string_view(documents[i]->id) == "row-7" ? output.fail(i, "mapping") : output.done(i);
    }
  };
  script_.run = [](JobHost& host) { return std::to_string(host.copy("t", 2, 3)); };
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_FALSE(run(runner));
  EXPECT_THAT(runner.status().trace,
              HasSubstr("1 documents could not be written: row-7 (mapping)"));
  EXPECT_EQ(runner.status().attempts, spec().max_attempts);
}

TEST_F(JobRunnerTest, ACopyNamesSomeOfTheRowsThatFailAndCountsTheRest) {
  script_.scan = [](std::string_view cursor, DocumentOutput& output) {
    const int first = cursor == "0 10" ? 0 : 10;
    for (int i = first; i < first + 10; ++i) {
      const auto index = static_cast<std::size_t>(i - first);
      output.fail(index, "row-" + std::to_string(i), "division by zero");
    }
  };
  script_.run = [](JobHost& host) { return std::to_string(host.copy("t", 1, 3)); };
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_FALSE(run(runner));
  EXPECT_THAT(runner.status().trace,
              AllOf(HasSubstr("20 documents could not be written: row-0 (division by zero), row-1"),
                    HasSubstr("row-9 (division by zero), and 10 more")));
  EXPECT_EQ(script_.documents(), 0U);
}

TEST_F(JobRunnerTest, CompareTellsWhichDocumentsDiffer) {
  script_.run = [](JobHost& host) {
    host.copy("t", 1, 10);
    return to_json(host.compare("t", 20, {})).dump();
  };
  JobRunner runner(flow_, spec(), metrics_);
  ASSERT_TRUE(run(runner)) << runner.status().trace;
  EXPECT_THAT(runner.status().result, IsEmpty());

  script_.run = [this](JobHost& host) {
    {
      const std::lock_guard lock(script_.mutex);
      script_.index.erase("row-3");
    }
    return to_json(host.compare("t", 20, {})).dump();
  };
  ASSERT_TRUE(run(runner)) << runner.status().trace;
  ASSERT_THAT(runner.status().result, SizeIs(1));
  EXPECT_EQ(runner.status().result[0]["id"], "row-3");
}

TEST_F(JobRunnerTest, ErrorsOfTheSinkReachTheJobWithTheirReason) {
  script_.run = [](JobHost& host) -> std::string {
    host.drop_target("projects-1");
    return "{}";
  };
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_FALSE(run(runner));
  EXPECT_THAT(runner.status().trace, HasSubstr("projects-1 is in use"));
}

TEST_F(JobRunnerTest, ASinkThatGivesNoValueWhereOneIsDueFailsTheRun) {
  script_.run = [](JobHost& host) {
    host.list_targets();
    return std::string("{}");
  };
  JobRunner runner(flow_, spec(), metrics_);
  EXPECT_FALSE(run(runner));
  EXPECT_THAT(runner.status().trace, HasSubstr("gave no value"));
}

class JobReplayTest : public JobRunnerTest {
 protected:
  JobReplayTest() { flow_.config.source.brokers = kafka_.brokers(); }

  test::MockKafka kafka_{2};
};

TEST_F(JobReplayTest, AReplayReadsTheStretchOutsideTheGroupAndWritesToTheTarget) {
  kafka_.produce({"put before"});
  Json ends;
  script_.run = [&](JobHost& host) {
    const auto from = to_json(host.end_offsets());
    kafka_.produce({"put a 5", "put a 6", "bad", "fan f", "put b"});
    kafka_.produce("in", 1, {{std::nullopt, "del c", {}}});
    ends = to_json(host.end_offsets());
    kafka_.produce({"put after"});
    Arena memory;
    const auto begin = to_value(from, memory);
    const auto end = to_value(ends, memory);
    const auto replayed = host.replay(Value(begin), Value(end), "target");
    return Json{{"records", replayed.records}, {"unresolved", replayed.unresolved}}.dump();
  };
  JobRunner runner(flow_, spec(), metrics_);
  ASSERT_TRUE(run(runner)) << runner.status().trace;
  EXPECT_EQ(runner.status().result, (Json{{"records", 6}, {"unresolved", 1}}));
  ASSERT_THAT(ends, SizeIs(2));
  EXPECT_EQ(script_.writes_of("before"), 0U);
  EXPECT_EQ(script_.writes_of("after"), 0U);
  for (const char* const id : {"a", "b", "c", "f-0", "f-99"}) {
    EXPECT_GE(script_.writes_of(id), 1U) << id;
  }
  EXPECT_EQ(script_.written.front().target, "target");
  EXPECT_EQ(kafka_.committed(), -1);
}

TEST_F(JobReplayTest, AnEmptyStretchIsReplayedAtOnce) {
  script_.run = [](JobHost& host) {
    Arena memory;
    const auto ends = to_value(to_json(host.end_offsets()), memory);
    return std::to_string(host.replay(Value(ends), Value(ends), "t").records);
  };
  JobRunner runner(flow_, spec(), metrics_);
  ASSERT_TRUE(run(runner)) << runner.status().trace;
  EXPECT_EQ(runner.status().result, Json(0));
}

}  // namespace
}  // namespace sluice
