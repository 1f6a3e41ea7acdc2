#include "pipeline/trouble.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr Trouble::Clock::time_point kStart{};

TEST(TroubleTest, ARetryIsToldOnceItHasTakenLongSinceItsFirstFailureWithTheLastReason) {
  Trouble trouble;
  EXPECT_EQ(trouble.text(kStart), "");
  trouble.note(Trouble::kRoute, "connection refused", kStart);
  EXPECT_EQ(trouble.text(kStart + 5s), "");
  trouble.note(Trouble::kRoute, "password authentication failed", kStart + 6s);
  EXPECT_EQ(trouble.text(kStart + 7500ms), "retrying for 7 s: password authentication failed");
}

TEST(TroubleTest, ASuccessClearsOnlyItsOwnPart) {
  Trouble trouble;
  trouble.note(Trouble::kRoute, "the database is away", kStart);
  trouble.note(Trouble::kWrite, "the sink is away", kStart + 1s);
  EXPECT_EQ(trouble.text(kStart + 10s), "retrying for 10 s: the database is away");
  trouble.clear(Trouble::kRoute);
  EXPECT_EQ(trouble.text(kStart + 10s), "retrying for 9 s: the sink is away");
  trouble.clear(Trouble::kWrite);
  EXPECT_EQ(trouble.text(kStart + 10s), "");
  trouble.note(Trouble::kWrite, "the sink is away", kStart + 11s);
  EXPECT_EQ(trouble.text(kStart + 12s), "") << "it counts anew";
}

TEST(TroubleTest, ASinkThatAnswersMayPutDocumentsOffForLonger) {
  Trouble trouble;
  trouble.note(Trouble::kDocuments, "the disk is full", kStart);
  EXPECT_EQ(trouble.text(kStart + 30s), "");
  trouble.note(Trouble::kRoute, "the database is away", kStart + 10s);
  EXPECT_EQ(trouble.text(kStart + 20s), "retrying for 10 s: the database is away");
  EXPECT_EQ(trouble.text(kStart + 31s), "retrying for 31 s: the disk is full");
}

TEST(TroubleTest, AWarningIsNoTrouble) {
  Trouble trouble;
  trouble.set_warning("no such topic");
  EXPECT_EQ(trouble.text(kStart), "");
  EXPECT_EQ(trouble.warning(), "no such topic");
  trouble.clear(Trouble::kKafka);
  EXPECT_EQ(trouble.warning(), "no such topic");
  trouble.set_warning("");
  EXPECT_EQ(trouble.warning(), "");
}

TEST(TroubleTest, WhatATaskWaitsForBeforeItRunsIsToldAtOnce) {
  Trouble trouble;
  trouble.set_waiting("waiting for the sink");
  EXPECT_EQ(trouble.text(kStart), "waiting for the sink");
  trouble.set_waiting("");
  EXPECT_EQ(trouble.text(kStart), "");
}

}  // namespace
}  // namespace sluice
