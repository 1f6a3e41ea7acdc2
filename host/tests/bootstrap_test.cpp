// What a job has begun survives the host, and what no job has filled gets filled.
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/json.hpp>
#include <sluice/sdk.hpp>

#include "job/job_runner.hpp"
#include "support/await.hpp"
#include "support/scripted_flow.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::await;
using test::Script;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ScriptedJobs : public testing::Test {
 protected:
  JobSpec spec() {
    return {"job", test::scripted(SLUICE_KIND_JOB, script_), std::nullopt, 5ms, 20ms, 1};
  }
  bool run(const std::function<std::string(JobHost&)>& job) {
    script_.run = job;
    JobRunner runner(flow_, spec(), metrics_);
    const bool done = runner.run_now({});
    trace_ = runner.status().trace;
    result_ = runner.status().result;
    return done;
  }
  Json note_of(const std::string& target) {
    const std::lock_guard lock(script_.mutex);
    const auto found = script_.notes.find(target);
    return found == script_.notes.end() ? Json() : Json::parse(found->second);
  }

  Script script_;
  Flow flow_ = test::scripted_flow(script_);
  Metrics metrics_;
  std::string trace_;
  Json result_;
};

sluice_value a_note() {
  static const sluice_value offset = make_int64(7);
  static const sluice_field field = make_field("offset", offset);
  return make_object({&field, 1});
}

// ---- Notes

TEST_F(ScriptedJobs, AJobFindsTheNoteThatItLeft) {
  const auto leave = [](JobHost& host) {
    const auto note = a_note();
    host.set_note("t", Value(note));
    return std::string("{}");
  };
  const auto find = [](JobHost& host) { return to_json(host.note("t")).dump(); };
  ASSERT_TRUE(run(find));
  EXPECT_TRUE(result_.is_null());
  ASSERT_TRUE(run(leave)) << trace_;
  ASSERT_TRUE(run(find));
  EXPECT_EQ(result_, (Json{{"offset", 7}}));
}

TEST_F(ScriptedJobs, ANoteLeftUnderAnotherConfigurationIsNone) {
  ASSERT_TRUE(run([](JobHost& host) {
    const auto note = a_note();
    host.set_note("t", Value(note));
    return std::string("{}");
  }));
  flow_.plugins.denormalizer.config["refuse"] = false;
  ASSERT_TRUE(run([](JobHost& host) { return to_json(host.note("t")).dump(); }));
  EXPECT_TRUE(result_.is_null());
}

TEST_F(ScriptedJobs, SecretsAreNoPartOfTheConfigurationThatCounts) {
  flow_.plugins.sink.config["password"] = "one";
  ASSERT_TRUE(run([](JobHost& host) {
    const auto note = a_note();
    host.set_note("t", Value(note));
    return std::string("{}");
  }));
  flow_.plugins.sink.config["password"] = "another";
  ASSERT_TRUE(run([](JobHost& host) { return to_json(host.note("t")).dump(); }));
  EXPECT_EQ(result_, (Json{{"offset", 7}}));
}

TEST_F(ScriptedJobs, ATargetWhoseNoteIsTakenOffIsComplete) {
  ASSERT_TRUE(run([](JobHost& host) {
    const auto note = a_note();
    host.set_note("t", Value(note));
    host.set_note("t", Value());
    return to_json(host.note("t")).dump();
  }));
  EXPECT_TRUE(result_.is_null());
  EXPECT_EQ(note_of("t"), (Json{{"complete", true}}));
}

// ---- A copy that is cut off

class CutOffCopy : public ScriptedJobs {
 protected:
  /// Copies to `t`, with a note or without one, and fails at row 6 or after it.
  void cut_off(bool with_note) {
    script_.on_walk = [](std::string_view cursor) {
      if (cursor == "6 10") throw FatalError("cut off");
    };
    EXPECT_FALSE(run([with_note](JobHost& host) {
      const auto note = a_note();
      if (with_note) host.set_note("t", Value(note));
      return std::to_string(host.copy("t", 1, 3));
    }));
    EXPECT_THAT(trace_, HasSubstr("cut off"));
    script_.on_walk = nullptr;
    const std::lock_guard lock(script_.mutex);
    script_.written.clear();
  }
  bool copy() {
    return run([](JobHost& host) { return std::to_string(host.copy("t", 1, 3)); });
  }
};

TEST_F(CutOffCopy, LeavesTheRestInTheNote) {
  cut_off(true);
  const Json copy = note_of("t")["copy"];
  EXPECT_EQ(copy["ranges"], (Json{"6 10", "10 20"}));
  EXPECT_EQ(copy["documents"], 6);
  EXPECT_EQ(note_of("t")["job"], (Json{{"offset", 7}}));
}

TEST_F(CutOffCopy, IsGoneOnWithAndCountsAll) {
  cut_off(true);
  ASSERT_TRUE(copy()) << trace_;
  EXPECT_EQ(result_, Json(20));
  EXPECT_THAT(script_.written, SizeIs(14));
  EXPECT_EQ(script_.writes_of("row-5"), 0U);
  EXPECT_EQ(script_.writes_of("row-6"), 1U);
  EXPECT_THAT(note_of("t")["copy"]["ranges"], IsEmpty());
}

TEST_F(CutOffCopy, ThatWasDoneIsNotDoneAgain) {
  cut_off(true);
  ASSERT_TRUE(copy());
  script_.written.clear();
  ASSERT_TRUE(copy());
  EXPECT_EQ(result_, Json(20));
  EXPECT_THAT(script_.written, IsEmpty());
}

TEST_F(CutOffCopy, BeginsAnewWithoutANote) {
  cut_off(false);
  EXPECT_TRUE(note_of("t").is_null());
  ASSERT_TRUE(copy());
  EXPECT_THAT(script_.written, SizeIs(20));
}

TEST_F(CutOffCopy, BeginsAnewUnderAnotherConfiguration) {
  cut_off(true);
  flow_.plugins.denormalizer.config["refuse"] = false;
  ASSERT_TRUE(copy());
  EXPECT_THAT(script_.written, SizeIs(20));
}

TEST_F(CutOffCopy, KeepsItsProgressWhenTheJobChangesItsNote) {
  cut_off(true);
  ASSERT_TRUE(run([](JobHost& host) {
    const auto note = make_string("other");
    host.set_note("t", Value(note));
    return std::to_string(host.copy("t", 1, 3));
  }));
  EXPECT_THAT(script_.written, SizeIs(14));
  EXPECT_EQ(note_of("t")["job"], "other");
}

TEST_F(CutOffCopy, ComesByAgainWhereADocumentFailedForGood) {
  std::atomic<bool> is_mended{false};
  script_.write = [&](auto target, auto documents, OutcomeOutput& output) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      if (to_string_view(documents[i]->id) == "row-4" && !is_mended) {
        output.fail(i, "mapping");
        continue;
      }
      script_.record(target, *documents[i]);
      output.done(i);
    }
  };
  EXPECT_FALSE(run([](JobHost& host) {
    const auto note = a_note();
    host.set_note("t", Value(note));
    return std::to_string(host.copy("t", 1, 3));
  }));
  EXPECT_THAT(trace_, HasSubstr("1 documents could not be written"));
  EXPECT_EQ(note_of("t")["copy"]["ranges"], (Json{"3 10"}));
  is_mended = true;
  script_.written.clear();
  ASSERT_TRUE(copy()) << trace_;
  EXPECT_EQ(script_.writes_of("row-4"), 1U);
  EXPECT_THAT(script_.written, SizeIs(7));
  EXPECT_EQ(script_.documents(), 20U);
}

TEST_F(CutOffCopy, ComesByAgainWhereNoDocumentCouldBeMadeOfARow) {
  std::atomic<bool> is_mended{false};
  script_.scan = [&](std::string_view cursor, DocumentOutput& output) {
    const bool is_first = cursor == "0 10";
    for (int i = is_first ? 0 : 10; i < (is_first ? 10 : 20); ++i) {
      const auto id = output.copy("row-" + std::to_string(i));
      if (i == 4 && !is_mended) {
        output.fail(0, id, "division by zero");
      } else {
        output.document(0, id, 1, "{}");
      }
    }
  };
  EXPECT_FALSE(run([](JobHost& host) {
    const auto note = a_note();
    host.set_note("t", Value(note));
    return std::to_string(host.copy("t", 1, 10));
  }));
  EXPECT_THAT(trace_, HasSubstr("1 documents could not be written: row-4 (division by zero)"));
  EXPECT_EQ(note_of("t")["copy"]["ranges"], (Json{"0 10"}));
  EXPECT_EQ(script_.documents(), 19U) << "one bad row keeps no other out";
  is_mended = true;
  ASSERT_TRUE(copy()) << trace_;
  EXPECT_EQ(script_.documents(), 20U);
  EXPECT_THAT(note_of("t")["copy"]["ranges"], IsEmpty());
}

// ---- Whether to run at the start

class Bootstrap : public ScriptedJobs {
 protected:
  Bootstrap() {
    script_.in_use = "t";
    script_.run = [this](JobHost& host) {
      ++runs_;
      if (on_run_) return on_run_(host);
      fill(host);
      return std::string("{}");
    };
    auto job = spec();
    job.bootstrap = true;
    runner_.emplace(flow_, std::move(job), metrics_);
  }
  ~Bootstrap() override { runner_->stop(); }

  static void fill(JobHost& host) {
    host.copy("t", 1, 10);
    host.set_note("t", Value());
  }
  void put(const std::string& id) {
    const std::lock_guard lock(script_.mutex);
    script_.index[id] = 1;
  }
  /// No run succeeds, and the time to the next try grows quickly.
  void start_in_vain(int max_attempts) {
    on_run_ = [](JobHost&) -> std::string { throw RetryError("cut off"); };
    auto job = spec();
    job.bootstrap = true;
    job.retry_initial = 100ms;
    job.retry_max = 1h;
    job.max_attempts = max_attempts;
    runner_.emplace(flow_, std::move(job), metrics_);
    runner_->start();
  }
  void let_someone_else_fill() {
    const std::lock_guard lock(script_.mutex);
    script_.notes["t"] = R"({"complete":true})";
  }
  /// True once the runner has found that there is nothing to do, that it ran on demand after that.
  bool is_at_rest(int runs) {
    if (!await([&] { return runs_ == runs && runner_->status().state != JobState::kRunning; })) {
      return false;
    }
    std::this_thread::sleep_for(200ms);  // many times the back-off
    return runs_ == runs;
  }

  std::atomic<int> runs_{0};
  std::function<std::string(JobHost&)> on_run_;
  std::optional<JobRunner> runner_;
};

TEST_F(Bootstrap, AnEmptyIndexIsFilledOnce) {
  runner_->start();
  EXPECT_TRUE(is_at_rest(1));
  EXPECT_EQ(runner_->status().state, JobState::kSucceeded);
  EXPECT_FALSE(runner_->status().is_due_at_start);
  EXPECT_EQ(script_.documents(), 20U);
}

TEST_F(Bootstrap, AnIndexThatHoldsOnlyTheNewestChangesIsFilledToo) {
  put("row-19");
  runner_->start();
  EXPECT_TRUE(is_at_rest(1));
  EXPECT_EQ(script_.documents(), 20U);
}

TEST_F(Bootstrap, AnIndexWithAsManyDocumentsAsRowsButNotTheirsIsFilledToo) {
  for (int i = 0; i < 20; ++i) put("of a deleted row " + std::to_string(i));
  runner_->start();
  EXPECT_TRUE(is_at_rest(1));
  EXPECT_EQ(script_.documents(), 40U);
}

TEST_F(Bootstrap, AnIndexThatWasToBeFilledIsFilledAfterARestartThoughEventsMadeUpTheNumber) {
  on_run_ = [](JobHost&) -> std::string { throw RetryError("cut off"); };
  runner_->start();
  ASSERT_TRUE(await([&] { return runs_ > 0; }));
  runner_->stop();
  ASSERT_EQ(note_of("t"), (Json{{"complete", false}}));

  for (int i = 0; i < 20; ++i) put("row-" + std::to_string(i));
  on_run_ = nullptr;
  runs_ = 0;
  auto job = spec();
  job.bootstrap = true;
  runner_.emplace(flow_, std::move(job), metrics_);
  runner_->start();
  EXPECT_TRUE(is_at_rest(1));
  EXPECT_EQ(note_of("t"), (Json{{"complete", true}}));
}

TEST_F(Bootstrap, AnIndexThatSomeoneElseFillsMeanwhileIsWaitedForNoLonger) {
  start_in_vain(1000);
  ASSERT_TRUE(await([&] {  // by then the next try is more than a second away
    return runner_->status().attempts > 5 && runner_->status().state == JobState::kRetrying;
  }));
  EXPECT_TRUE(runner_->status().is_due_at_start);
  const int runs = runs_;
  let_someone_else_fill();
  EXPECT_TRUE(await([&] { return !runner_->status().is_due_at_start; }));
  EXPECT_EQ(runs_, runs);
  EXPECT_EQ(runner_->status().trace, "");
}

TEST_F(Bootstrap, AfterTheLastTryItIsStillLookedWhetherSomeoneElseHasFilledTheIndex) {
  start_in_vain(1);
  ASSERT_TRUE(await([&] { return runs_ > 6; }));  // the next would be more than 3 s away
  const int runs = runs_;
  let_someone_else_fill();
  const auto told = std::chrono::steady_clock::now();
  EXPECT_TRUE(await([&] { return !runner_->status().is_due_at_start; }));
  EXPECT_EQ(runs_, runs);
  EXPECT_LT(std::chrono::steady_clock::now() - told, 3s);
}

TEST_F(Bootstrap, WithNoRowsThereIsNothingToFill) {
  script_.rows = 0;
  runner_->start();
  EXPECT_TRUE(is_at_rest(0));
}

TEST_F(Bootstrap, AnIndexThatEventsHaveFilledIsLeftAlone) {
  for (int i = 0; i < 20; ++i) put("row-" + std::to_string(i));
  runner_->start();
  EXPECT_TRUE(is_at_rest(0));
}

TEST_F(Bootstrap, AnIndexThatAJobHasFilledIsLeftAloneHoweverFewItsDocuments) {
  script_.notes["t"] = R"({"complete":true})";
  runner_->start();
  EXPECT_TRUE(is_at_rest(0));
}

TEST_F(Bootstrap, WhereTheSinkListsNoTargetOnlyAnEmptyIndexIsFilled) {
  script_.in_use.clear();
  put("row-1");
  runner_->start();
  EXPECT_TRUE(is_at_rest(0));
}

TEST_F(Bootstrap, AJobThatLeftSomethingUndoneUnderAnotherConfigurationRunsToo) {
  for (int i = 0; i < 20; ++i) put("row-" + std::to_string(i));
  script_.notes["t"] = R"({"fingerprint":"another","job":{"offset":7}})";
  runner_->start();
  EXPECT_TRUE(is_at_rest(1));
}

TEST_F(Bootstrap, AJobThatLeftSomethingUndoneInTheIndexInUseRuns) {
  for (int i = 0; i < 20; ++i) put("row-" + std::to_string(i));
  ASSERT_TRUE(run([](JobHost& host) {
    const auto note = a_note();
    host.set_note("t", Value(note));
    return std::string("{}");
  }));
  script_.run = [this](JobHost& host) {
    ++runs_;
    fill(host);
    return std::string("{}");
  };
  runner_->start();
  EXPECT_TRUE(is_at_rest(1));
}

TEST_F(Bootstrap, AsksUntilTheServersAreThere) {
  std::atomic<int> asked{0};
  std::atomic<int> asked_before_the_run{0};
  script_.prepare = [&] {
    if (++asked < 5) throw RetryError("the index is away");
  };
  on_run_ = [&](JobHost& host) {
    asked_before_the_run = asked.load();
    fill(host);
    return std::string("{}");
  };
  runner_->start();
  EXPECT_TRUE(is_at_rest(1));
  EXPECT_EQ(asked_before_the_run, 5);
}

TEST_F(Bootstrap, AsksUntilChangesAreCapturedAndSoSeesRowsFromBeforeThat) {
  script_.rows = 0;
  std::atomic<int> asked{0};
  script_.on_snapshot = [&] {
    if (++asked < 3) throw RetryError("there is no replication slot yet");
    const std::lock_guard lock(script_.mutex);
    script_.rows = 20;
  };
  runner_->start();
  EXPECT_TRUE(is_at_rest(1));
  EXPECT_EQ(script_.documents(), 20U);
}

TEST_F(Bootstrap, ShowsWhyItCannotTell) {
  script_.prepare = [] { throw RetryError("the index is away"); };
  runner_->start();
  EXPECT_TRUE(await([&] { return runner_->status().trace == "scripted: the index is away"; }));
  EXPECT_EQ(runner_->status().state, JobState::kScheduled);
  EXPECT_TRUE(runner_->status().is_due_at_start);
}

TEST_F(Bootstrap, AFailedRunIsRunAgainUntilTheIndexIsFilled) {
  on_run_ = [this](JobHost& host) -> std::string {
    if (runs_ < 3) throw FatalError("not yet");
    fill(host);
    return "{}";
  };
  runner_->start();
  EXPECT_TRUE(is_at_rest(3));
  EXPECT_EQ(runner_->status().state, JobState::kSucceeded);
}

TEST_F(Bootstrap, ARunThatLeavesItToAnotherHostIsFollowedUp) {
  on_run_ = [this](JobHost&) -> std::string {
    if (runs_ == 3) script_.notes["t"] = R"({"complete":true})";  // the other host's doing
    return R"({"skipped":"another run holds the lock"})";
  };
  runner_->start();
  EXPECT_TRUE(is_at_rest(3));
}

TEST_F(Bootstrap, ATriggerIsServedWhileItAsks) {
  script_.prepare = [] { throw RetryError("the index is away"); };
  runner_->start();
  ASSERT_TRUE(await([&] { return !runner_->status().trace.empty(); }));
  EXPECT_TRUE(runner_->trigger());
  EXPECT_TRUE(await([&] { return runs_ == 1; }));
}

TEST_F(Bootstrap, AJobWithoutItWaitsForItsSchedule) {
  runner_.emplace(flow_, spec(), metrics_);
  runner_->start();
  EXPECT_TRUE(is_at_rest(0));
}

}  // namespace
}  // namespace sluice
