// The protocol: order, and what every failure leaves behind.
#include "rebuild.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>

#include <sluice/json.hpp>
#include <sluice/testkit.hpp>

#include "fake_job_host.hpp"

namespace sluice::reconcile {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::_;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kNow = 1'769'223'600'000;  // 2026-01-24 03:00 UTC

json target(const std::string& name, std::int64_t created_ms, bool current = false) {
  return {{"name", name}, {"created_ms", created_ms}, {"current", current}};
}

json note(int offset) {
  return {{"offsets", {{{"topic", "t"}, {"partition", 0}, {"offset", offset}}}}};
}

json difference(const std::string& id, const std::string& digest) {
  return {{"id", id}, {"source", digest}};
}

class Rebuilding : public testing::Test {
 protected:
  Rebuilding() {
    detail::host = test_host_.table();
    host_.targets = json::array({target("old", kNow - kDay, true)});
  }

  json run() {
    JobHost job_host(fake_job_api(), &host_);
    return to_json(
        Rebuild(job_host, options_, Context(&context_), [this] { return host_.now; }).run().get());
  }
  template <typename Error>
  std::string failure() {
    try {
      run();
    } catch (const Error& error) {
      return error.what();
    }
    ADD_FAILURE() << "nothing of that type was thrown";
    return "";
  }
  std::size_t position(const std::string& call) const {
    const auto& calls = host_.calls;
    return static_cast<std::size_t>(std::find(calls.begin(), calls.end(), call) - calls.begin());
  }

  TestHost test_host_;
  sluice_context context_;
  sluice_job_host host_;
  Options options_{milliseconds(7 * kDay), 2, 1000, milliseconds(60'000),
                   milliseconds(5'000),    4, 200,  3,
                   milliseconds(3'000)};
};

// ---- When all goes well

TEST_F(Rebuilding, KeepsTheOrderThatLosesNothing) {
  run();
  EXPECT_THAT(
      host_.calls,
      ElementsAre("lock", "list_targets", "note", "offsets_at", "create_target", "set_note",      //
                  "count_source", "copy", "end_offsets", "replay", "finish_target",               //
                  "end_offsets", "replay", "refresh", "count_source", "count_target", "compare",  //
                  "end_offsets", "replay",                                                        //
                  "list_targets", "fence_target", "end_offsets", "replay",                        //
                  "end_offsets", "replay", "set_note",                                            //
                  "swap_target", "unfence_target",                                                //
                  "end_offsets", "replay", "wait", "end_offsets", "replay", "set_note",           //
                  "list_targets"));
  EXPECT_EQ(host_.current(), "new");
  EXPECT_THAT(host_.names(), ElementsAre("old", "new"));
}

TEST_F(Rebuilding, TheOldTargetTakesNoWritesWhileTheNewOneComesLevel) {
  run();
  EXPECT_THAT(host_.fenced, IsEmpty());
  EXPECT_LT(position("fence_target"), position("swap_target"));
  EXPECT_LT(position("swap_target"), position("unfence_target"));
}

TEST_F(Rebuilding, SwapsOnlyOnceAChangeFromAfterTheFenceHasCome) {
  host_.replays_until_level = 4;
  host_.replays.assign(9, {5, 5, 0});
  run();
  EXPECT_EQ(host_.count("replay"), 10);
  EXPECT_THAT(host_.waits, ElementsAre(milliseconds(100), milliseconds(100), milliseconds(100), _));
}

TEST_F(Rebuilding, SwapsOnceKafkaHasBeenSilentForASecond) {
  host_.replays_until_level = 1000;
  run();
  EXPECT_EQ(host_.current(), "new");
  EXPECT_EQ(std::accumulate(host_.waits.begin(), host_.waits.end() - 1, milliseconds(0)),
            milliseconds(900));
}

TEST_F(Rebuilding, DoesNotKeepTheTargetInUseClosedForEver) {
  host_.replays_until_level = 1000;
  host_.replays.assign(500, {5, 5, 0});
  run();
  EXPECT_EQ(host_.current(), "new");
  EXPECT_EQ(std::accumulate(host_.waits.begin(), host_.waits.end() - 1, milliseconds(0)),
            milliseconds(18'200));  // a replay takes 10
}

TEST_F(Rebuilding, WhereNoTargetIsInUseNothingIsClosed) {
  host_.targets = json::array();
  run();
  EXPECT_THAT(host_.calls, Not(Contains("fence_target")));
  EXPECT_EQ(host_.current(), "new");
}

TEST_F(Rebuilding, ATargetThatCannotBeOpenedIsNoReasonToFail) {
  host_.failures["unfence_target"] = {SLUICE_RETRY};
  run();
  EXPECT_EQ(host_.current(), "new");
}

TEST_F(Rebuilding, SaysWhatItDid) {
  host_.replays = {{50, 20, 0}, {5, 5, 0}};
  host_.targets.insert(host_.targets.begin(), target("ancient", kNow - 30 * kDay));
  host_.targets.insert(host_.targets.begin(), target("older", kNow - 40 * kDay));
  const json summary = run();
  EXPECT_EQ(summary["target"], "new");
  EXPECT_EQ(summary["documents"], 10);
  EXPECT_EQ(summary["replayed"], 55);
  EXPECT_EQ(summary["duration_ms"], 3'000 + 7 * 10);
  EXPECT_EQ(summary["dropped"], (json{"older", "ancient"}));
  EXPECT_THAT(host_.steps, AllOf(Contains("copy"), Contains("catch up"), Contains("check"),
                                 Contains("swap"), Contains("settle")));
}

TEST_F(Rebuilding, StartsToCatchUpAMinuteBeforeTheScan) {
  run();
  EXPECT_EQ(host_.offsets_time, kNow - 60'000);
  EXPECT_EQ(host_.replayed_from.front(), 1);
}

TEST_F(Rebuilding, CatchesUpWithoutGapsAndOverlaps) {
  run();
  for (std::size_t i = 1; i < host_.replayed_from.size(); ++i) {
    EXPECT_EQ(host_.replayed_from[i], host_.replayed_to[i - 1]);
  }
}

TEST_F(Rebuilding, NamesTheTargetByTheDayInUtc) {
  run();
  EXPECT_EQ(host_.created_date, "2026-01-24");
}

TEST_F(Rebuilding, SwapsOnlyWhenARoundOfCatchingUpWasShort) {
  host_.replay_times = {milliseconds(60'000), milliseconds(9'000), milliseconds(2'000)};
  run();
  EXPECT_EQ(position("finish_target") - position("copy"), 1U + 3 * 2);
}

TEST_F(Rebuilding, WaitsNoLongerThanAWriteCanBeInFlight) {
  host_.in_flight = milliseconds(700);
  run();
  EXPECT_THAT(host_.waits, ElementsAre(milliseconds(700)));
}

TEST_F(Rebuilding, WorksForTheFirstTargetEver) {
  host_.targets = json::array();
  EXPECT_EQ(run()["target"], "new");
  EXPECT_EQ(host_.current(), "new");
}

TEST_F(Rebuilding, DoesNothingWhileAnotherRunHoldsTheLock) {
  host_.lock_is_free = false;
  EXPECT_EQ(run(), (json{{"skipped", "another run holds the lock"}}));
  EXPECT_THAT(host_.calls, ElementsAre("lock"));
}

// ---- What is left behind

TEST_F(Rebuilding, RemovesWhatACrashedRunLeft) {
  host_.targets.push_back(target("half", kNow - 1'000));
  run();
  EXPECT_THAT(host_.dropped, ElementsAre("half"));
  EXPECT_LT(position("drop_target"), position("create_target"));
}

TEST_F(Rebuilding, GoesOnWhenLeftoversCannotBeRemoved) {
  host_.targets.push_back(target("half", kNow - 1'000));
  host_.failures["drop_target"] = {SLUICE_RETRY};
  run();
  EXPECT_EQ(host_.current(), "new");
}

TEST_F(Rebuilding, KeepsTheTargetBeforeTheOneInUseHoweverOld) {
  host_.targets =
      json::array({target("a", kNow - 20 * kDay), target("old", kNow - 10 * kDay, true)});
  run();
  EXPECT_THAT(host_.names(), ElementsAre("old", "new"));
}

TEST_F(Rebuilding, ARunIsGoodEvenIfOldTargetsCannotBeRemoved) {
  host_.targets.insert(host_.targets.begin(), target("ancient", kNow - 30 * kDay));
  host_.failures["drop_target"] = {SLUICE_RETRY};
  EXPECT_THAT(run()["dropped"], IsEmpty());
  host_.failures = {{"list_targets", {SLUICE_RETRY, 6}}};  // the last of the second run
  EXPECT_EQ(run()["target"], "new");
}

// ---- Failures before the swap

struct Step {
  std::string function;
  int call;
};

std::string step_name(const testing::TestParamInfo<std::tuple<Step, sluice_status>>& info) {
  const auto& [step, status] = info.param;
  return step.function + std::to_string(step.call) + (status == SLUICE_RETRY ? "Retry" : "Fatal");
}

class FailureBeforeTheSwap : public Rebuilding,
                             public testing::WithParamInterface<std::tuple<Step, sluice_status>> {};

TEST_P(FailureBeforeTheSwap, KeepsTheOldTargetAndTheNewOnlyIfItMayPass) {
  const auto& [step, status] = GetParam();
  host_.failures[step.function] = {status, step.call};
  const std::string reason = status == SLUICE_RETRY ? failure<RetryError>() : failure<FatalError>();
  EXPECT_EQ(reason, step.function + " failed");
  EXPECT_EQ(host_.current(), "old");
  EXPECT_THAT(host_.fenced, IsEmpty());
  const bool is_begun = host_.count("copy") > 0;
  if (status == SLUICE_RETRY && is_begun) {
    EXPECT_THAT(host_.names(), ElementsAre("old", "new"));
    EXPECT_TRUE(host_.notes.contains("new"));
  } else {
    EXPECT_THAT(host_.names(), ElementsAre("old"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Steps, FailureBeforeTheSwap,
    testing::Combine(
        testing::Values(Step{"lock", 1}, Step{"list_targets", 1}, Step{"offsets_at", 1},
                        Step{"create_target", 1}, Step{"copy", 1}, Step{"end_offsets", 1},
                        Step{"replay", 1}, Step{"finish_target", 1}, Step{"end_offsets", 2},
                        Step{"replay", 2}, Step{"refresh", 1}, Step{"count_source", 2},
                        Step{"count_target", 1}, Step{"compare", 1}, Step{"end_offsets", 3},
                        Step{"replay", 3}, Step{"list_targets", 2}, Step{"fence_target", 1},
                        Step{"end_offsets", 4}, Step{"replay", 4}, Step{"end_offsets", 5},
                        Step{"replay", 5}, Step{"set_note", 2}, Step{"swap_target", 1}),
        testing::Values(SLUICE_RETRY, SLUICE_FATAL)),
    step_name);

TEST_F(Rebuilding, AFailureIsReportedEvenIfTheNewTargetCannotBeDropped) {
  host_.failures = {{"copy", {SLUICE_FATAL}}, {"drop_target", {SLUICE_RETRY, 0}}};
  EXPECT_EQ(failure<FatalError>(), "copy failed");
  EXPECT_EQ(host_.current(), "old");
}

TEST_F(Rebuilding, DoesNotSwapWhenAnythingWasLeftUnresolved) {
  for (int round = 1; round <= 3; ++round) {  // level, check, before the swap
    host_.replays.assign(static_cast<std::size_t>(round - 1), {});
    host_.replays.push_back({10, 9, 1});
    EXPECT_THAT(failure<RetryError>(), HasSubstr("1 records or documents failed for good"));
    EXPECT_EQ(host_.current(), "old");
    EXPECT_THAT(host_.names(), ElementsAre("old"));
  }
}

TEST_F(Rebuilding, DoesNotSwapWhileRowsGiveNoDocumentsAndSaysWhichWhereverOneLooks) {
  host_.failures["copy"] = {SLUICE_RETRY, 0};
  host_.reason = "1 documents could not be written: 7 (division by zero)";
  for (int attempt = 1; attempt <= 2; ++attempt) {
    EXPECT_EQ(failure<RetryError>(), host_.reason);
    EXPECT_EQ(host_.current(), "old");
    EXPECT_THAT(host_.names(), ElementsAre("old", "new")) << "what is copied is kept";
    EXPECT_THAT(context_.log,
                Contains(testing::Pair(SLUICE_LOG_WARN, AllOf(HasSubstr("the index in use stays"),
                                                              HasSubstr("7 (division by zero)")))));
    context_.log.clear();
    host_.now += std::chrono::hours(1);
  }
  host_.failures.clear();
  EXPECT_EQ(run()["target"], "new");
}

TEST_F(Rebuilding, GivesUpWhenChangesComeFasterThanTheyAreWritten) {
  host_.replay_times.assign(10, milliseconds(6'000));
  EXPECT_THAT(failure<RetryError>(),
              HasSubstr("round 4 of catching up still took more than 5000 ms"));
  EXPECT_THAT(host_.calls, Not(Contains("swap_target")));
  EXPECT_THAT(host_.names(), ElementsAre("old", "new"));
}

// ---- A run that goes on with what the one before left

class HalfBuiltTarget : public Rebuilding {
 protected:
  HalfBuiltTarget() {
    host_.targets.push_back(target("half", kNow - 1'000));
    host_.notes["half"] = note(7);
  }
};

TEST_F(HalfBuiltTarget, IsCopiedOnAndCaughtUpFromItsOwnOffsets) {
  const json summary = run();
  EXPECT_EQ(summary["target"], "half");
  EXPECT_EQ(summary["resumed"], true);
  EXPECT_EQ(host_.current(), "half");
  EXPECT_EQ(host_.count("copy"), 1);
  EXPECT_EQ(host_.count("create_target"), 0);
  EXPECT_EQ(host_.replayed_from.front(), 7);
  EXPECT_THAT(host_.dropped, IsEmpty());
}

TEST_F(HalfBuiltTarget, OnlyOneIsTakenUp) {
  host_.targets.push_back(target("other half", kNow - 500));
  host_.notes["other half"] = note(8);
  run();
  EXPECT_THAT(host_.dropped, ElementsAre("other half"));
}

TEST_F(HalfBuiltTarget, IsRemovedWithoutAUsableNote) {
  for (const json& unusable : {json(), json{{"other", 1}}}) {
    host_.notes["half"] = unusable;
    EXPECT_EQ(run()["target"], "new");
    EXPECT_THAT(host_.dropped, ElementsAre("half"));
    host_.dropped.clear();
    host_.targets = json::array({target("old", kNow - kDay, true), target("half", kNow - 1'000)});
  }
}

TEST_F(HalfBuiltTarget, IsRemovedIfKafkaNoLongerHoldsWhatCameSince) {
  host_.first_offset = 8;
  EXPECT_EQ(run()["target"], "new");
  EXPECT_THAT(host_.dropped, ElementsAre("half"));
}

TEST_F(HalfBuiltTarget, IsRemovedIfKafkaEndsBeforeItsOffsets) {
  host_.notes["half"] = note(7'000);
  EXPECT_EQ(run()["target"], "new");
  EXPECT_THAT(host_.dropped, ElementsAre("half"));
}

TEST_F(HalfBuiltTarget, ThatTurnsOutBadForGoodIsRemovedAndTheNextRunBeginsAnew) {
  host_.failures["replay"] = {SLUICE_FATAL, 1};
  EXPECT_EQ(failure<RetryError>(), "replay failed");
  EXPECT_THAT(host_.dropped, ElementsAre("half"));
  EXPECT_EQ(run()["target"], "new");
}

TEST_F(Rebuilding, APassingFailureOfTheCopyLeavesTheTargetToTheNextRun) {
  host_.failures["copy"] = {SLUICE_RETRY};
  EXPECT_EQ(failure<RetryError>(), "copy failed");
  EXPECT_EQ(host_.current(), "old");
  EXPECT_THAT(host_.names(), ElementsAre("old", "new"));
  host_.now += std::chrono::hours(1);
  const json summary = run();
  EXPECT_EQ(summary["resumed"], true);
  EXPECT_EQ(host_.count("create_target"), 1);
  EXPECT_EQ(host_.replayed_from.front(), 1);
}

TEST_F(Rebuilding, APassingFailureAfterTheCopyLeavesTheTargetToTheNextRunToo) {
  for (const auto* function : {"replay", "finish_target", "compare", "swap_target"}) {
    host_.failures = {{function, {SLUICE_RETRY, 0}}};
    EXPECT_EQ(failure<RetryError>(), std::string(function) + " failed");
    host_.failures.clear();
    host_.now += std::chrono::hours(1);
    EXPECT_EQ(run()["resumed"], true) << function;
    EXPECT_EQ(host_.current(), "new");
    EXPECT_THAT(host_.dropped, IsEmpty());
    host_.targets = json::array({target("old", kNow - kDay, true)});
  }
}

TEST_F(Rebuilding, AStoppedRunLeavesTheTargetToTheNextWhateverItWasAt) {
  context_.stopping = true;
  host_.failures["refresh"] = {SLUICE_RETRY};
  EXPECT_EQ(failure<RetryError>(), "refresh failed");
  EXPECT_THAT(host_.names(), ElementsAre("old", "new"));
}

TEST_F(Rebuilding, ATargetInUseCarriesNoNoteOnceItIsSettled) {
  run();
  EXPECT_THAT(host_.notes, IsEmpty());
}

TEST_F(Rebuilding, ARunThatEndedBeforeItSettledIsBroughtToItsEnd) {
  host_.failures["wait"] = {SLUICE_RETRY};
  EXPECT_THROW(run(), RetryError);
  ASSERT_EQ(host_.current(), "new");
  const auto noted = host_.notes.at("new")["offsets"][0]["offset"];
  const auto replays = host_.replayed_from.size();
  const json summary = run();
  EXPECT_EQ(summary["target"], "new");
  EXPECT_EQ(summary["resumed"], true);
  EXPECT_EQ(host_.count("copy"), 1);
  EXPECT_EQ(host_.replayed_from.at(replays), noted);
  EXPECT_THAT(host_.notes, IsEmpty());
}

TEST_F(Rebuilding, APassingFailureWhileSettlingTheLastRunIsNoReasonToBuildAnew) {
  for (const auto* function : {"end_offsets", "replay", "wait", "set_note"}) {
    host_.notes["old"] = note(7);
    host_.failures = {{function, {SLUICE_RETRY, 0}}};
    EXPECT_THAT(failure<RetryError>(), HasSubstr(std::string(function) + " failed"));
    EXPECT_EQ(host_.notes.at("old"), note(7)) << function;
    host_.failures.clear();
    EXPECT_EQ(run()["target"], "old") << function;
    EXPECT_EQ(host_.count("create_target"), 0);
  }
}

TEST_F(Rebuilding, AFailureForGoodWhileSettlingTheLastRunIs) {
  host_.notes["old"] = note(7);
  host_.failures["replay"] = {SLUICE_FATAL, 1};
  EXPECT_EQ(run()["target"], "new");
}

TEST_F(Rebuilding, WhatCannotBeSettledAnyMoreIsBuiltAnew) {
  host_.notes["old"] = note(7);
  host_.first_offset = 8;
  EXPECT_EQ(run()["target"], "new");
  host_.targets = json::array({target("old", kNow - kDay, true)});
  host_.notes["old"] = note(7);
  host_.first_offset = 0;
  host_.replays = {{5, 4, 1}};  // one failed for good
  EXPECT_EQ(run()["target"], "new");
}

// ---- Checks

TEST_F(Rebuilding, DoesNotSwapWhileCountsDiffer) {
  host_.target_counts = {9, 9, 9};
  EXPECT_THAT(failure<RetryError>(),
              AllOf(HasSubstr("the source has 10 documents, the index 9"), HasSubstr("3 checks")));
  EXPECT_EQ(host_.count("count_target"), 3);
  EXPECT_EQ(host_.current(), "old");
  EXPECT_THAT(host_.names(), ElementsAre("old"));
}

TEST_F(Rebuilding, ChecksAgainAfterCatchingUp) {
  host_.target_counts = {9, 10};
  run();
  EXPECT_EQ(host_.count("count_target"), 2);
  EXPECT_EQ(host_.waits.front(), milliseconds(500));
  EXPECT_EQ(host_.current(), "new");
}

TEST_F(Rebuilding, AllowsCountsToDifferByWhatChangedMeanwhile) {
  host_.replays = {{}, {4, 3, 0}};
  host_.target_counts = {13};
  run();
  EXPECT_EQ(host_.count("count_target"), 1);
}

TEST_F(Rebuilding, DoesNotExcuseCountsByTheFirstRoundsOfCatchingUp) {
  host_.replays = {{1000, 1000, 0}};
  host_.target_counts = {9, 9, 9};
  EXPECT_THAT(failure<RetryError>(), HasSubstr("the index 9"));
}

TEST_F(Rebuilding, DoesNotSwapWhenADocumentStaysWrong) {
  const json wrong = json::array({difference("7", "x")});
  host_.differences = {wrong, wrong, wrong};
  EXPECT_THAT(failure<RetryError>(),
              HasSubstr("sampled documents that differ from the source: 1 (7)"));
  EXPECT_THAT(host_.compared_again, ElementsAre(nullptr, json{"7"}, json{"7"}));
  EXPECT_EQ(host_.current(), "old");
}

TEST_F(Rebuilding, SwapsWhenCatchingUpPutsADocumentRight) {
  host_.differences = {json::array({difference("7", "x"), difference("8", "y")}),
                       json::array({difference("8", "y")})};
  run();
  EXPECT_THAT(host_.compared_again, ElementsAre(nullptr, (json{"7", "8"}), json{"8"}));
  EXPECT_EQ(host_.current(), "new");
}

TEST_F(Rebuilding, SwapsThoughADocumentKeepsChanging) {
  host_.differences = {json::array({difference("7", "x")}), json::array({difference("7", "y")})};
  run();
  EXPECT_EQ(host_.current(), "new");
}

TEST_F(Rebuilding, NamesOnlySomeOfManyWrongDocuments) {
  json wrong = json::array();
  for (int i = 10; i < 60; ++i) wrong.push_back(difference(std::to_string(i), "x"));
  host_.differences = {wrong, wrong, wrong};
  EXPECT_THAT(failure<RetryError>(), HasSubstr("50 (10, 11, 12, 13, 14, 15, 16, 17, 18, 19, ...)"));
}

TEST_F(Rebuilding, ComparesNothingWithASampleOfNone) {
  options_.sample = 0;
  run();
  EXPECT_THAT(host_.calls, Not(Contains("compare")));
}

// ---- The swap, and after it

TEST_F(Rebuilding, GoesOnWhenOnlyTheSwapsAnswerWasLost) {
  host_.failures["swap_target"] = {SLUICE_RETRY};
  host_.swap_happens_though_it_fails = true;
  run();
  EXPECT_EQ(host_.current(), "new");
  EXPECT_EQ(host_.count("replay"), 7);
}

TEST_F(Rebuilding, DropsNothingWhenItIsUnknownWhetherTheSwapHappened) {
  host_.failures = {{"swap_target", {SLUICE_RETRY}}, {"list_targets", {SLUICE_RETRY, 3}}};
  EXPECT_EQ(failure<RetryError>(), "list_targets failed");
  EXPECT_THAT(host_.dropped, IsEmpty());
}

class FailureAfterTheSwap : public Rebuilding,
                            public testing::WithParamInterface<std::tuple<Step, sluice_status>> {};

TEST_P(FailureAfterTheSwap, KeepsTheNewTargetAndAsksForAnotherRun) {
  const auto& [step, status] = GetParam();
  host_.failures[step.function] = {status, step.call};
  EXPECT_THAT(failure<RetryError>(), AllOf(HasSubstr("new is in use, but may lack"),
                                           HasSubstr(step.function + " failed")));
  EXPECT_EQ(host_.current(), "new");
  EXPECT_THAT(host_.dropped, IsEmpty());
  EXPECT_THAT(host_.fenced, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Steps, FailureAfterTheSwap,
                         testing::Combine(testing::Values(Step{"end_offsets", 6}, Step{"replay", 6},
                                                          Step{"wait", 1}, Step{"end_offsets", 7},
                                                          Step{"replay", 7}),
                                          testing::Values(SLUICE_RETRY, SLUICE_FATAL)),
                         step_name);

TEST_F(Rebuilding, WhatStaysUnresolvedAfterTheSwapAsksForAnotherRun) {
  host_.replays.assign(5, {});
  host_.replays.push_back({5, 4, 1});
  EXPECT_THAT(failure<RetryError>(), HasSubstr("new is in use, but may lack"));
  EXPECT_THAT(host_.dropped, IsEmpty());
}

TEST_F(Rebuilding, TheNextRunAfterAnyFailureEndsWell) {
  for (const auto* function : {"copy", "replay", "swap_target", "wait"}) {
    host_.failures = {{function, {SLUICE_RETRY, 0}}};
    EXPECT_THROW(run(), RetryError) << function;
    host_.failures.clear();
    host_.now += std::chrono::hours(24);
    EXPECT_EQ(run()["target"], "new") << function;
    host_.targets = json::array({target("old", kNow - kDay, true)});
  }
}

}  // namespace
}  // namespace sluice::reconcile
