#include "verify_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/testkit.hpp>

#include "fake_job_host.hpp"

namespace sluice::reconcile {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const json kConfig = {{"action", "verify"}, {"repair", true},   {"retention", 604'800'000},
                      {"readers", 2},       {"page", 500},      {"lead", 60'000},
                      {"max_lag", 5'000},   {"max_rounds", 20}, {"sample", 200},
                      {"max_checks", 8},    {"settle", 3'000}};

const json kReport = {{"compared", 10}, {"missing", 2},  {"extra", 0},
                      {"differing", 1}, {"repaired", 3}, {"examples", json::array()}};

// What the fake host's `verify` is to say, and what it was asked for.
struct Verify {
  json report = kReport;
  sluice_status status = SLUICE_OK;
  int calls = 0;
  std::string target = "unasked";
  bool repair = false;
};
Verify* asked = nullptr;

sluice_status fake_verify(sluice_job_host* host, sluice_view target, std::int32_t repair,
                          const sluice_value** report) {
  ++asked->calls;
  asked->target = to_string_view(target);
  asked->repair = repair != 0;
  *report = host->lend(asked->report);
  host->error = "the index is away";
  return asked->status;
}

class VerifyRunTest : public testing::Test {
 protected:
  VerifyRunTest() {
    asked = &verify_;
    api_.verify = fake_verify;
  }

  sluice_status run() {
    return instance_.plugin().job->run(instance_.self(), &api_, &host_, &result_,
                                       &instance_.error());
  }

  Verify verify_;
  sluice_job_api api_ = *fake_job_api();
  sluice_job_host host_;
  const TestHost test_host_;
  TestHost::Instance instance_ = test_host_.create(sluice_plugin_entry, SLUICE_KIND_JOB, kConfig);
  const sluice_value* result_ = nullptr;
};

TEST_F(VerifyRunTest, VerifiesTheIndexInUseUnderItsOwnLockAndGivesTheReport) {
  ASSERT_EQ(run(), SLUICE_OK) << instance_.error().message;
  EXPECT_EQ(to_json(Value(result_)), kReport);
  EXPECT_EQ(verify_.target, "");
  EXPECT_TRUE(verify_.repair);
  EXPECT_EQ(host_.count("lock"), 1);
  EXPECT_EQ(host_.count("create_target"), 0);
}

TEST_F(VerifyRunTest, DriftThatIsLeftFailsTheRunForGoodWithCountsAndExamples) {
  verify_.report["repaired"] = 2;
  verify_.report["examples"] =
      json::array({{{"id", "7"}, {"problem", "differing"}, {"detail", "/name"}}});
  EXPECT_EQ(run(), SLUICE_FATAL);
  EXPECT_THAT(instance_.error().message,
              testing::AllOf(HasSubstr("2 missing"), HasSubstr("1 differing"),
                             HasSubstr("2 repaired"), HasSubstr("differing 7 (/name)")));
}

TEST_F(VerifyRunTest, ARowThatIsNoDocumentFailsTheRun) {
  verify_.report["unreadable"] = 1;
  verify_.report["examples"] =
      json::array({{{"id", "7"}, {"problem", "unreadable"}, {"detail", "division by zero"}}});
  EXPECT_EQ(run(), SLUICE_FATAL);
  EXPECT_THAT(instance_.error().message,
              testing::AllOf(HasSubstr("1 unreadable"), HasSubstr("7 (division by zero)")));
}

TEST_F(VerifyRunTest, AServerThatIsAwayIsTriedAgain) {
  verify_.status = SLUICE_RETRY;
  EXPECT_EQ(run(), SLUICE_RETRY);
  EXPECT_EQ(instance_.error().message, "the index is away");
}

TEST_F(VerifyRunTest, WhileAnotherRunHoldsTheLockThereIsNothingToDo) {
  host_.lock_is_free = false;
  EXPECT_EQ(run(), SLUICE_OK);
  EXPECT_EQ(verify_.calls, 0);
  EXPECT_EQ(to_json(Value(result_)), (json{{"skipped", "another run holds the lock"}}));
}

TEST_F(VerifyRunTest, RepairGoesOnlyWithVerify) {
  json config = kConfig;
  config["action"] = "rebuild";
  try {
    test_host_.create(sluice_plugin_entry, SLUICE_KIND_JOB, config);
    FAIL() << "made";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("/repair: only with `action: verify`"));
  }
}

}  // namespace
}  // namespace sluice::reconcile
