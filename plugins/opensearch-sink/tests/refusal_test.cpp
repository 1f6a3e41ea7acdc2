#include "refusal.hpp"

#include <gmock/gmock.h>

#include <sluice/sdk.hpp>

namespace sluice::opensearch {
namespace {

using ::testing::HasSubstr;

TEST(Refusal, NamesTypeAndReason) {
  const Response response{400, R"({"error":{"type":"t","reason":"r"},"status":400})"};
  EXPECT_EQ(error_type(response), "t");
  EXPECT_EQ(describe_refusal(response), "status 400, t: r");
}

TEST(Refusal, ShowsTheStartOfAnythingElse) {
  for (const auto* body :
       {"<html>Bad gateway</html>", R"({"error":"text"})", "[1,2]", "\xff\xfe"}) {
    EXPECT_EQ(error_type({502, body}), "");
    EXPECT_THAT(describe_refusal({502, body}), ::testing::StartsWith("status 502"));
  }
  EXPECT_LE(describe_refusal({502, std::string(10'000, 'x')}).size(), 500U);
  EXPECT_EQ(describe_refusal({503, ""}), "status 503");
}

TEST(Refusal, RetriesWhatMayPass) {
  for (const int status : {302, 401, 403, 404, 408, 429, 500, 503}) {
    EXPECT_THROW(throw_refusal({status, ""}, "x"), RetryError) << status;
  }
  for (const int status : {400, 405, 406, 409, 413}) {
    EXPECT_THROW(throw_refusal({status, ""}, "x"), FatalError) << status;
  }
}

TEST(Refusal, PointsAtTheCredentials) {
  try {
    throw_refusal({401, ""}, "write");
  } catch (const RetryError& error) {
    EXPECT_THAT(error.what(), HasSubstr("check username, password"));
  }
}

TEST(CutUtf8, CutsBetweenCharacters) {
  EXPECT_EQ(cut_utf8("a€b", 5), "a€b");
  EXPECT_EQ(cut_utf8("a€b", 4), "a€");
  EXPECT_EQ(cut_utf8("a€b", 3), "a");
  EXPECT_EQ(cut_utf8("€", 0), "");
}

}  // namespace
}  // namespace sluice::opensearch
