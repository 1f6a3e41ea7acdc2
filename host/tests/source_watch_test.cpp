#include "app/source_watch.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/sdk.hpp>

#include "support/await.hpp"
#include "support/gate.hpp"
#include "support/metric_value.hpp"
#include "support/scripted_flow.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::await;
using test::Script;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

class SourceWatchTest : public testing::Test {
 protected:
  std::unique_ptr<SourceWatch> watch(std::chrono::milliseconds patience = 60s) {
    auto watch =
        std::make_unique<SourceWatch>("orders", test::scripted(SLUICE_KIND_DENORMALIZER, script_),
                                      metrics_, SourceWatch::Times{10ms, patience});
    watch->start();
    return watch;
  }

  Script script_;
  Metrics metrics_;
};

TEST_F(SourceWatchTest, NumbersAndBooleansAreGaugesAndAllIsShown) {
  script_.source_state = [] {
    return R"({"values": {"slot": "feed", "lag_bytes": 12, "active": true, "share": 0.5,
                          "safe_bytes": null, "No Metric": 1}, "warnings": ["look", "there"]})";
  };
  const auto source = watch();
  ASSERT_TRUE(await([&] { return !source->state().values.empty(); }));
  EXPECT_EQ(source->state().values,
            Json::parse(R"({"slot": "feed", "lag_bytes": 12, "active": true, "share": 0.5,
                            "safe_bytes": null, "No Metric": 1})"));
  EXPECT_THAT(source->state().warnings, ElementsAre("look", "there"));
  const auto text = metrics_.text();
  EXPECT_THAT(text, HasSubstr("sluice_source_lag_bytes{pipeline=\"orders\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("sluice_source_active{pipeline=\"orders\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_source_share{pipeline=\"orders\"} 0.5\n"));
  EXPECT_THAT(text, Not(HasSubstr("safe_bytes")));
  EXPECT_THAT(text, Not(HasSubstr("sluice_source_slot")));
  EXPECT_THAT(text, Not(HasSubstr("No Metric")));
}

TEST_F(SourceWatchTest, AGaugeFollowsItsValueAndGoesWithIt) {
  std::atomic<int> lag{1};
  script_.source_state = [&] {
    return R"({"values": {"lag_bytes": )" + (lag < 0 ? "null" : std::to_string(lag)) + "}}";
  };
  const auto source = watch();
  const auto shown = [&] { return test::metric_value(metrics_, "sluice_source_lag_bytes"); };
  ASSERT_TRUE(await([&] { return shown() == 1; }));
  lag = 5;
  ASSERT_TRUE(await([&] { return shown() == 5; }));
  lag = -1;
  EXPECT_TRUE(await([&] { return metrics_.text().find("lag_bytes") == std::string::npos; }));
  lag = 7;
  EXPECT_TRUE(await([&] { return shown() == 7; }));
}

TEST_F(SourceWatchTest, WhatWasKnownIsNotShownOnceTheSourceCannotBeAsked) {
  std::atomic<bool> away{false};
  script_.source_state = [&] {
    if (away) throw RetryError("connection refused");
    return R"({"values": {"lag_bytes": 1}})";
  };
  const auto source = watch();
  ASSERT_TRUE(await([&] { return !source->state().values.empty(); }));
  away = true;
  ASSERT_TRUE(await([&] { return source->state().values.empty(); }));
  EXPECT_THAT(source->state().warnings,
              ElementsAre("the state of the source is not known: scripted: connection refused"));
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("lag_bytes")));
  away = false;
  ASSERT_TRUE(await([&] { return !source->state().values.empty(); }));
  EXPECT_THAT(source->state().warnings, IsEmpty());
  EXPECT_THAT(metrics_.text(), HasSubstr("lag_bytes"));
}

TEST_F(SourceWatchTest, WhatWasKnownIsNotShownOnceTheSourceHangs) {
  std::atomic<bool> hangs{false};
  std::unique_ptr<SourceWatch> source;
  test::Gate gate;
  script_.source_state = [&, passage = gate.passage()]() mutable {
    if (hangs) passage.pass();
    return R"({"values": {"lag_bytes": 1}})";
  };
  source = watch(200ms);
  ASSERT_TRUE(await([&] { return !source->state().values.empty(); }));
  EXPECT_THAT(metrics_.text(), HasSubstr("lag_bytes"));
  hangs = true;
  ASSERT_TRUE(await([&] { return source->state().values.empty(); }));
  EXPECT_THAT(source->state().warnings, ElementsAre(MatchesRegex(".*no answer for [0-9]+ s")));
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("lag_bytes")));
  hangs = false;
  gate.open();
  EXPECT_TRUE(await([&] { return metrics_.text().find("lag_bytes") != std::string::npos; }));
}

TEST_F(SourceWatchTest, OddAnswersDoNoHarm) {
  for (const char* const answer :
       {"[]", "null", "1", R"({"values": [1], "warnings": 5})", R"({"warnings": [1, null, "w"]})",
        R"({"values": {"a": {"b": 1}, "": 2, "c": [1]}})"}) {
    std::atomic<int> asked{0};
    script_.source_state = [&] {
      ++asked;
      return std::string(answer);
    };
    const auto source = watch();
    EXPECT_TRUE(await([&] { return asked > 1; })) << answer;
    EXPECT_EQ(source->state().warnings.size(),
              std::string(answer).find("\"w\"") == std::string::npos ? 0U : 1U)
        << answer;
    EXPECT_THAT(metrics_.text(), Not(HasSubstr("sluice_source")));
  }
}

TEST_F(SourceWatchTest, APluginThatWasBuiltBeforeIsNotAsked) {
  const auto spec = test::scripted(SLUICE_KIND_DENORMALIZER, script_);
  auto table = *spec.library->descriptor().denormalizer;
  table.struct_size = SLUICE_SIZE_WITH(sluice_denormalizer, explain);
  auto older = spec.library->descriptor();
  older.denormalizer = &table;
  EXPECT_FALSE(tells_its_state(older));
  EXPECT_TRUE(tells_its_state(spec.library->descriptor()));
}

}  // namespace
}  // namespace sluice
