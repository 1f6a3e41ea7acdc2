#include "bulk_response.hpp"

#include <gmock/gmock.h>
#include <random>

namespace sluice::opensearch {
namespace {

using ::testing::HasSubstr;

const std::vector<BulkItem> kOneIndex = {{0, "1", false, 0}};
const std::vector<BulkItem> kOneDelete = {{0, "1", true, 0}};

std::string answer(std::string_view item) {
  return R"({"errors":true,"items":[)" + std::string(item) + "]}";
}

Outcome outcome_of(const std::string& result, bool is_delete = false) {
  const std::string item =
      R"({")" + std::string(is_delete ? "delete" : "index") + R"(":{"_id":"1",)" + result + "}}";
  return parse_bulk_response(answer(item), is_delete ? kOneDelete : kOneIndex).at(0).outcome;
}

std::string error(int status, std::string_view type, std::string_view reason = "because") {
  return R"("status":)" + std::to_string(status) + R"(,"error":{"type":")" + std::string(type) +
         R"(","reason":")" + std::string(reason) + R"("})";
}

TEST(BulkResponse, CountsWritesAsDone) {
  EXPECT_EQ(outcome_of(R"("status":201)"), Outcome::kDone);
  EXPECT_EQ(outcome_of(R"("status":200)"), Outcome::kDone);
  EXPECT_EQ(outcome_of(R"("status":200)", true), Outcome::kDone);
}

TEST(BulkResponse, CountsADeletionOfNothingAsDone) {
  EXPECT_EQ(outcome_of(R"("status":404)", true), Outcome::kDone);
}

TEST(BulkResponse, TellsAMissingIndexFromAMissingDocument) {
  EXPECT_EQ(outcome_of(error(404, "index_not_found_exception"), true), Outcome::kRetry);
  EXPECT_EQ(outcome_of(error(404, "index_not_found_exception")), Outcome::kRetry);
}

TEST(BulkResponse, CountsAVersionConflictAsSuperseded) {
  EXPECT_EQ(outcome_of(error(409, "version_conflict_engine_exception")), Outcome::kSuperseded);
  EXPECT_EQ(outcome_of(error(409, "version_conflict_engine_exception"), true),
            Outcome::kSuperseded);
}

TEST(BulkResponse, RetriesFaultsOfTheClusterAndTheCredentials) {
  for (const int status : {401, 403, 408, 429, 500, 502, 503, 504, 301}) {
    EXPECT_EQ(outcome_of(error(status, "some_exception")), Outcome::kRetry) << status;
  }
  for (const auto* type : {"cluster_block_exception", "index_closed_exception",
                           "unavailable_shards_exception", "circuit_breaking_exception"}) {
    EXPECT_EQ(outcome_of(error(400, type)), Outcome::kRetry) << type;
  }
  EXPECT_EQ(outcome_of(error(400, "illegal_argument_exception",
                             "no write index is defined for alias [things]. The write index may")),
            Outcome::kRetry);
}

TEST(BulkResponse, GivesUpOnFaultyDocuments) {
  for (const auto* type : {"mapper_parsing_exception", "strict_dynamic_mapping_exception",
                           "illegal_argument_exception", "an_unknown_exception"}) {
    EXPECT_EQ(outcome_of(error(400, type)), Outcome::kError) << type;
  }
}

TEST(BulkResponse, SaysWhyInBoundedWords) {
  const std::string item =
      R"({"index":{"_id":"1","status":400,"error":{"type":"mapper_parsing_exception",)"
      R"("reason":"failed to parse field [d]","caused_by":{"type":"t","reason":"no date"}}}})";
  EXPECT_EQ(parse_bulk_response(answer(item), kOneIndex).at(0).reason,
            "status 400: mapper_parsing_exception: failed to parse field [d]: no date");
  std::string wordy = R"({"index":{"_id":"1",)";
  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "€";
  wordy += error(400, "t", euros) + "}}";
  const auto reason = parse_bulk_response(answer(wordy), kOneIndex).at(0).reason;
  EXPECT_GT(reason.size(), 990U);
  EXPECT_LE(reason.size(), 1000U);
  EXPECT_TRUE(reason.ends_with("€"));
}

TEST(BulkResponse, KeepsOutcomesInOrder) {
  const std::vector<BulkItem> items = {{4, "a", false, 0}, {2, "b", true, 0}, {9, "c", false, 0}};
  const auto outcomes = parse_bulk_response(
      answer(R"({"index":{"_id":"a","status":201}},{"delete":{"_id":"b",)" +
             error(409, "version_conflict_engine_exception") + R"(}},{"index":{"_id":"c",)" +
             error(400, "mapper_parsing_exception") + "}}"),
      items);
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_EQ(outcomes[0].outcome, Outcome::kDone);
  EXPECT_EQ(outcomes[1].outcome, Outcome::kSuperseded);
  EXPECT_EQ(outcomes[2].outcome, Outcome::kError);
}

TEST(BulkResponse, ComparesIdsAsTextNotAsEscapes) {
  const std::vector<BulkItem> items = {{0, "é\"", false, 0}};
  EXPECT_EQ(parse_bulk_response(answer(R"({"index":{"_id":"\u00e9\"","status":201}})"), items)
                .at(0)
                .outcome,
            Outcome::kDone);
}

class Garbled : public ::testing::TestWithParam<const char*> {};

TEST_P(Garbled, IsRefused) {
  EXPECT_THROW(parse_bulk_response(GetParam(), kOneIndex), GarbledResponse);
}

INSTANTIATE_TEST_SUITE_P(
    BulkResponse, Garbled,
    ::testing::Values(
        "", "<html>", "null", "[]", "{}", R"({"items":{}})", R"({"items":[]})", R"({"items":[1]})",
        R"({"items":[{"index":{"_id":"1","status":201}})",
        R"({"items":[{"index":{"_id":"2","status":201}}]})",
        R"({"items":[{"index":{"status":201}}]})", R"({"items":[{"index":{"_id":"1"}}]})",
        R"({"items":[{"index":{"_id":"1","status":"201"}}]})",
        R"({"items":[{"delete":{"_id":"1","status":200}}]})",
        R"({"items":[{"index":{"_id":"1","status":201}},{"index":{"_id":"1","status":201}}]})"));

TEST(BulkResponse, SurvivesEveryTruncationAndRandomDamage) {
  const std::string whole =
      answer(R"({"index":{"_id":"1","status":400,"error":{"type":"t","reason":"r"}}})");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_bulk_response(whole.substr(0, size), kOneIndex), GarbledResponse);
  }
  std::mt19937 random(42);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = whole;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
    try {
      EXPECT_EQ(parse_bulk_response(damaged, kOneIndex).size(), 1U);
    } catch (const GarbledResponse&) {
    }
  }
}

}  // namespace
}  // namespace sluice::opensearch
