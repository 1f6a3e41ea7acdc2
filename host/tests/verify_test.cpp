#include "job/verify.hpp"

#include <algorithm>
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include <sluice/json.hpp>

#include "job/job_runner.hpp"
#include "support/await.hpp"
#include "support/mock_kafka.hpp"
#include "support/scripted_flow.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::Script;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// A source and an index with the documents 0 to 19, and the rules of versions between them.
class VerifyTest : public testing::Test {
 protected:
  struct Document {
    std::int64_t version;
    std::string body;
  };

  VerifyTest() {
    flow_.config.source.brokers = kafka_.brokers();
    options_.grace = 60ms;
    options_.patience = 5s;
    options_.page = 3;
    for (int i = 0; i < 20; ++i) rows_[std::to_string(i)] = R"({"name":"n","tags":[1,2]})";
    for (const auto& [id, body] : rows_) put(id, {1, body});
    script_.scan = [this](std::string_view cursor, DocumentOutput& output) {
      scan(cursor, output);
    };
    script_.materialize = [this](auto keys, DocumentOutput& output) { materialize(keys, output); };
    script_.write = [this](auto, auto documents, OutcomeOutput& output) {
      write(documents, output);
    };
    script_.fetch = [this](auto keys, DocumentOutput& output) { fetch(keys, output); };
  }

  VerifyReport verify() {
    WritingStages stages(flow_.plugins, flow_.name, nullptr, stop_.get_token());
    return sluice::verify(flow_, stages, options_, stop_.get_token(), [](const auto&) {});
  }
  VerifyReport repair() {
    options_.repair = true;
    return verify();
  }

  void put(const std::string& id, Document document) {
    const std::lock_guard lock(mutex_);
    index_[id] = std::move(document);
    const std::lock_guard script_lock(script_.mutex);
    script_.index[id] = 0;  // for the listing of keys
  }
  void remove(const std::string& id) {
    const std::lock_guard lock(mutex_);
    index_.erase(id);
    const std::lock_guard script_lock(script_.mutex);
    script_.index.erase(id);
  }
  void change_row(const std::string& id, const std::string& body) {
    const std::lock_guard lock(mutex_);
    rows_[id] = body;
    ++version_;
  }
  /// `action` happens at the n-th look at a document in the index.
  void at_look(int n, const std::string& id, std::function<void()> action) {
    on_fetch_ = [this, n, id, action = std::move(action)](const std::string& fetched) {
      if (fetched == id && ++looks_ >= n) action();
    };
  }

  test::MockKafka kafka_{1};
  Script script_;
  Flow flow_ = test::scripted_flow(script_);
  VerifyOptions options_;
  std::stop_source stop_;
  std::mutex mutex_;  ///< guards what follows
  std::map<std::string, std::string> rows_;
  std::map<std::string, Document> index_;
  std::int64_t version_ = 2;  ///< of a read now
  std::vector<std::string> written_;
  std::function<void(const std::string&)> on_fetch_ = [](const auto&) {};
  std::atomic<int> looks_{0};
  bool sink_is_away_ = false;
  std::string unreadable_;  ///< a row that is no document

 private:
  void scan(std::string_view cursor, DocumentOutput& output) {
    const std::lock_guard lock(mutex_);
    const int first = std::stoi(std::string(cursor));
    for (int i = first; i < first + 10; ++i) {
      const auto row = rows_.find(std::to_string(i));
      if (row == rows_.end()) continue;
      if (row->first == unreadable_) {
        output.fail(0, row->first, "invalid date");
      } else {
        output.document(0, output.copy(row->first), version_, output.copy(row->second));
      }
    }
  }
  void materialize(std::span<const sluice_key* const> keys, DocumentOutput& output) {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto id = output.copy(to_string_view(keys[i]->id));
      const auto row = rows_.find(std::string(id));
      if (row == rows_.end()) {
        output.remove(i, id, version_);
      } else if (row->first == unreadable_) {
        output.fail(i, "invalid date");
      } else {
        output.document(i, id, version_, output.copy(row->second));
      }
    }
  }
  void write(std::span<const sluice_document* const> documents, OutcomeOutput& output) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const std::string id(to_string_view(documents[i]->id));
      const auto version = documents[i]->version;
      {
        const std::lock_guard lock(mutex_);
        written_.push_back(id);
        const auto there = index_.find(id);
        if (there != index_.end() && there->second.version > version) {
          output.superseded(i);
          continue;
        }
      }
      output.done(i);
      if (documents[i]->body == nullptr) {
        remove(id);
      } else {
        put(id, {version, std::string(Value(documents[i]->body).as_json())});
      }
    }
  }
  void fetch(std::span<const sluice_key* const> keys, DocumentOutput& output) {
    if (sink_is_away_) throw RetryError("the index is away");
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto id = output.copy(to_string_view(keys[i]->id));
      on_fetch_(std::string(id));
      const std::lock_guard lock(mutex_);
      const auto there = index_.find(std::string(id));
      if (there == index_.end()) continue;
      output.document(i, id, there->second.version, output.copy(there->second.body));
    }
  }
};

auto example(const std::string& problem, const std::string& id, const std::string& detail = "") {
  return AllOf(Field(&VerifyReport::Example::problem, problem),
               Field(&VerifyReport::Example::id, id),
               Field(&VerifyReport::Example::detail, HasSubstr(detail)));
}

TEST_F(VerifyTest, AnIndexInStepHasNoDriftAndIsReadOnce) {
  std::atomic<int> fetched{0};
  on_fetch_ = [&](const auto&) { ++fetched; };
  const auto report = verify();
  EXPECT_EQ(report.compared, 20);
  EXPECT_TRUE(report.is_clean());
  EXPECT_THAT(report.examples, IsEmpty());
  EXPECT_EQ(fetched, 20);
}

TEST_F(VerifyTest, TheOrderOfKeysAndTheFormOfNumbersMakeNoDifference) {
  put("3", {1, R"( {"tags": [1.0, 2], "name": "n"} )"});
  EXPECT_TRUE(verify().is_clean());
}

TEST_F(VerifyTest, FindsMissingExtraAndDifferingDocuments) {
  remove("4");
  put("5", {1, R"({"name":"n","tags":[1,3]})"});
  put("other", {1, "{}"});
  const auto report = verify();
  EXPECT_EQ(report.missing, 1);
  EXPECT_EQ(report.extra, 1);
  EXPECT_EQ(report.differing, 1);
  EXPECT_EQ(report.repaired, 0);
  EXPECT_FALSE(report.is_clean());
  EXPECT_THAT(report.examples,
              UnorderedElementsAre(example("missing", "4"), example("differing", "5", "/tags/1"),
                                   example("extra", "other")));
  EXPECT_THAT(written_, IsEmpty());
}

TEST_F(VerifyTest, RepairWritesJustWhatDiffers) {
  remove("4");
  put("5", {1, R"({"name":"another","tags":[1,2]})"});
  put("other", {1, "{}"});
  const auto report = repair();
  EXPECT_EQ(report.repaired, 3);
  EXPECT_TRUE(report.is_clean());
  EXPECT_THAT(written_, UnorderedElementsAre("4", "5", "other"));
  EXPECT_EQ(index_.at("4").version, version_);
  EXPECT_FALSE(index_.contains("other"));
  EXPECT_TRUE(verify().is_clean());
}

TEST_F(VerifyTest, ADocumentUnderAnEqualVersionIsRepaired) {
  put("5", {version_, "{}"});
  EXPECT_EQ(repair().repaired, 1);
  EXPECT_EQ(index_.at("5").body, rows_.at("5"));
}

TEST_F(VerifyTest, ADocumentUnderAHigherVersionStaysAndIsReportedWithAdvice) {
  put("5", {1000, "{}"});
  remove("6");
  const auto report = repair();
  EXPECT_EQ(report.differing, 1);
  EXPECT_EQ(report.missing, 1);
  EXPECT_EQ(report.repaired, 1);
  EXPECT_FALSE(report.is_clean());
  EXPECT_THAT(report.examples,
              ElementsAre(example("differing", "5", "version 1000"), example("missing", "6")));
  EXPECT_THAT(report.examples[0].detail, HasSubstr("version_epoch"));
  EXPECT_EQ(index_.at("5").body, "{}");
}

TEST_F(VerifyTest, WhatThePipelineBringsWithinTheGraceTimeIsNoDrift) {
  options_.grace = 10s;
  change_row("5", R"({"name":"new"})");
  at_look(3, "5", [this] { put("5", {version_, R"({"name":"new"})"}); });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(verify().is_clean());
  EXPECT_LT(std::chrono::steady_clock::now() - began, options_.grace);
}

TEST_F(VerifyTest, ARowThatChangesBeginsItsTimeAnew) {
  options_.grace = 1500ms;
  remove("5");
  at_look(2, "5", [this] {
    // Different each time, until it is brought in the end.
    if (looks_ == 6) return put("5", {version_, rows_.at("5")});
    change_row("5", R"({"name":)" + std::to_string(looks_) + "}");
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(verify().is_clean());
  EXPECT_GT(std::chrono::steady_clock::now() - began, options_.grace);
}

TEST_F(VerifyTest, ADocumentThatNeverStandsStillIsNotCalledDrift) {
  options_.patience = 300ms;
  remove("5");
  at_look(1, "5", [this] { change_row("5", R"({"name":)" + std::to_string(looks_) + "}"); });
  const auto report = verify();
  EXPECT_EQ(report.changing, 1);
  EXPECT_EQ(report.missing, 0);
  EXPECT_TRUE(report.is_clean());
}

TEST_F(VerifyTest, WhileThePipelineIsBehindADifferenceIsGivenMoreTime) {
  kafka_.produce({"put 5"});
  remove("5");
  const auto began = std::chrono::steady_clock::now();
  at_look(2, "5", [this, began] {
    if (std::chrono::steady_clock::now() - began > 10 * options_.grace) {
      put("5", {version_, rows_.at("5")});
    }
  });
  EXPECT_TRUE(verify().is_clean());
}

TEST_F(VerifyTest, WhatIsLeftWhenPatienceEndsIsDrift) {
  kafka_.produce({"put 5"});
  remove("5");
  options_.patience = 500ms;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(verify().missing, 1);
  EXPECT_GE(std::chrono::steady_clock::now() - began, options_.patience);
}

TEST_F(VerifyTest, MoreSuspectsThanAreHeldAtOnceAreJudgedInRounds) {
  options_.max_suspects = 5;
  for (int i = 0; i < 20; ++i) remove(std::to_string(i));
  for (int i = 0; i < 12; ++i) put("other-" + std::to_string(i), {1, "{}"});
  const auto report = repair();
  EXPECT_EQ(report.missing, 20);
  EXPECT_EQ(report.extra, 12);
  EXPECT_EQ(report.repaired, 32);
  EXPECT_EQ(report.examples.size(), 20U);
  EXPECT_TRUE(report.examples_cut);
  EXPECT_EQ(index_.size(), 20U);
}

TEST_F(VerifyTest, AllThatDifferAreNamedIfAskedForAndTheReportTellsWhereItIsCut) {
  for (int i = 0; i < 20; ++i) remove(std::to_string(i));
  for (int i = 0; i < 12; ++i) put("other-" + std::to_string(i), {1, "{}"});
  options_.max_examples = 32;
  auto report = verify();
  EXPECT_EQ(report.examples.size(), 32U);
  EXPECT_FALSE(report.examples_cut);
  EXPECT_EQ(to_json(report).at("examples").size(), 32U);
  EXPECT_EQ(to_json(report).at("examples_cut"), false);
  options_.max_examples = 31;
  report = verify();
  EXPECT_EQ(report.examples.size(), 31U);
  EXPECT_TRUE(report.examples_cut);
  EXPECT_EQ(to_json(report).at("examples_cut"), true);
}

TEST_F(VerifyTest, WhatIsLeftComesBeforeWhatWasRepairedAlsoWhereTheReportIsCut) {
  for (int i = 0; i < 4; ++i) remove(std::to_string(i));
  put("5", {1000, "{}"});
  options_.max_examples = 3;
  const auto report = repair();
  EXPECT_EQ(report.repaired, 4);
  const auto is_missing = Field(&VerifyReport::Example::problem, "missing");
  EXPECT_THAT(report.examples, ElementsAre(example("differing", "5"), is_missing, is_missing));
  EXPECT_TRUE(report.examples_cut);
}

TEST_F(VerifyTest, ARowThatIsNoDocumentIsReported) {
  unreadable_ = "7";
  const auto report = verify();
  EXPECT_EQ(report.unreadable, 1);
  EXPECT_EQ(report.compared, 19);
  EXPECT_FALSE(report.is_clean());
  EXPECT_THAT(report.examples, ElementsAre(example("unreadable", "7", "invalid date")));
}

TEST_F(VerifyTest, WhatTurnsOutUnreadableIsLeftAndNeverCountsAsRepaired) {
  put("extra", {1, "{}"});
  remove("5");
  at_look(2, "5", [this] {
    const std::lock_guard lock(mutex_);
    unreadable_ = "5";
  });
  const auto report = repair();
  EXPECT_EQ(report.unreadable, 1);
  EXPECT_EQ(report.extra, 1);
  EXPECT_EQ(report.repaired, 1);
  EXPECT_FALSE(report.is_clean());
  EXPECT_THAT(written_, ElementsAre("extra"));
  EXPECT_THAT(report.examples,
              ElementsAre(example("unreadable", "5", "invalid date"), example("extra", "extra")));
}

TEST_F(VerifyTest, WhatKeepsChangingAfterARepairDoesNotCountAsRepaired) {
  options_.patience = 300ms;
  remove("5");
  remove("6");
  at_look(1, "5", [this] {
    // It stands still until it is written, and never again.
    const bool is_written = [this] {
      const std::lock_guard lock(mutex_);
      return std::find(written_.begin(), written_.end(), "5") != written_.end();
    }();
    if (is_written) change_row("5", R"({"name":)" + std::to_string(looks_) + "}");
  });
  const auto report = repair();
  EXPECT_EQ(report.missing, 2);
  EXPECT_EQ(report.repaired, 1);
  EXPECT_EQ(report.changing, 1);
  EXPECT_FALSE(report.is_clean());
  EXPECT_THAT(report.examples,
              ElementsAre(example("differing", "5", "keeps changing"), example("missing", "6")));
}

TEST_F(VerifyTest, AnIndexThatStaysAwayIsAnErrorWithItsReason) {
  sink_is_away_ = true;
  try {
    verify();
    FAIL() << "nothing thrown";
  } catch (const RetryError& e) {
    EXPECT_THAT(e.what(), HasSubstr("the index is away"));
  }
}

TEST_F(VerifyTest, AStopEndsItSoon) {
  options_.grace = 1h;
  remove("5");
  at_look(2, "5", [this] { stop_.request_stop(); });
  EXPECT_THROW(verify(), RetryError);
}

TEST_F(VerifyTest, AJobIsLentIt) {
  script_.run = [](JobHost& host) { return to_json(host.verify("", false)).dump(); };
  Metrics metrics;
  JobRunner runner(flow_,
                   {"job", test::scripted(SLUICE_KIND_JOB, script_), std::nullopt, 5ms, 20ms, 1},
                   metrics);
  ASSERT_TRUE(runner.run_now({})) << runner.status().trace;
  EXPECT_EQ(runner.status().result.at("compared"), 20);
  EXPECT_THAT(runner.status().result.at("examples"), IsEmpty());
}

}  // namespace
}  // namespace sluice
