#include "api_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::search {
namespace {

const ApiKeys kKeys({{"web", "0123456789abcdef"}, {"batch", "fedcba9876543210"}});

HttpRequest with(HttpHeaders headers) {
  HttpRequest request;
  request.headers = std::move(headers);
  return request;
}

std::string name_of(HttpHeaders headers) {
  const auto* name = kKeys.name_of(with(std::move(headers)));
  return name == nullptr ? "" : *name;
}

TEST(ApiKeys, AreNotRequiredWhereThereAreNone) {
  EXPECT_FALSE(ApiKeys({}).required());
  EXPECT_TRUE(kKeys.required());
}

TEST(ApiKeys, AreTakenFromEitherHeader) {
  EXPECT_EQ(name_of({{"x-api-key", "0123456789abcdef"}}), "web");
  EXPECT_EQ(name_of({{"authorization", "Bearer 0123456789abcdef"}}), "web");
  EXPECT_EQ(name_of({{"authorization", "bearer  fedcba9876543210"}}), "batch");
}

class NoKey : public ::testing::TestWithParam<HttpHeaders> {};

TEST_P(NoKey, IsTaken) {
  EXPECT_EQ(name_of(GetParam()), "");
}

INSTANTIATE_TEST_SUITE_P(Requests, NoKey,
                         ::testing::Values(HttpHeaders{}, HttpHeaders{{"x-api-key", ""}},
                                           HttpHeaders{{"x-api-key", "0123456789abcde"}},
                                           HttpHeaders{{"x-api-key", "0123456789abcdef0"}},
                                           HttpHeaders{{"x-api-key", "0123456789abcdeF"}},
                                           HttpHeaders{{"x-api-key", "1123456789abcdef"}},
                                           HttpHeaders{{"x-api-key", "Bearer 0123456789abcdef"}},
                                           HttpHeaders{{"authorization", "0123456789abcdef"}},
                                           HttpHeaders{{"authorization", "Basic 0123456789abcdef"}},
                                           HttpHeaders{{"authorization", "Bearer"}},
                                           HttpHeaders{{"authorization", "Bearer "}},
                                           HttpHeaders{{"authorization", "Bearer    "}},
                                           HttpHeaders{{"cookie", "0123456789abcdef"}}));

// What a proxy let pass for the one must not be served for the other.
TEST(ApiKeys, AreRefusedWhereARequestHasSeveral) {
  EXPECT_EQ(name_of({{"x-api-key", "0123456789abcdef"}, {"x-api-key", "0123456789abcdef"}}), "");
  EXPECT_EQ(name_of({{"x-api-key", "0123456789abcdef"}, {"authorization", "Bearer x"}}), "");
  EXPECT_EQ(name_of({{"authorization", "Basic eDp5"}, {"x-api-key", "0123456789abcdef"}}), "");
}

}  // namespace
}  // namespace sluice::search
