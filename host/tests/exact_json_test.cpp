#include "job/exact_json.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

bool equal(const char* a, const char* b) {
  return parse_exactly(a) == parse_exactly(b);
}

TEST(ExactJson, NumbersDifferInDigitsThatNoDoubleHolds) {
  EXPECT_FALSE(equal("12345678901234567.890123", "12345678901234567.890124"));
  EXPECT_FALSE(equal("123456789012345678901234567890", "123456789012345678901234567891"));
  EXPECT_FALSE(equal("0.1", "0.10000000000000001"));
}

TEST(ExactJson, ANumberIsTheSameHoweverItIsWritten) {
  EXPECT_TRUE(equal("1.50", "1.5"));
  EXPECT_TRUE(equal("1.50", "15e-1"));
  EXPECT_TRUE(equal("1.0", "1"));
  EXPECT_TRUE(equal("-2E+2", "-200"));
  EXPECT_TRUE(equal("-0.0", "0"));
  EXPECT_TRUE(equal("0.000e5", "0"));
  EXPECT_TRUE(equal("1e18", "1000000000000000000"));
  EXPECT_TRUE(equal("9223372036854775807.0", "9223372036854775807"));
  EXPECT_TRUE(equal("-9223372036854775808.0", "-9223372036854775808"));
  EXPECT_TRUE(equal("18446744073709551615.0", "18446744073709551615"));
  EXPECT_FALSE(equal("9223372036854775808", "9223372036854775807"));
  EXPECT_FALSE(equal("-1.5", "1.5"));
  EXPECT_FALSE(equal("15", "1.5"));
}

TEST(ExactJson, AnExponentOfAnySizeIsRead) {
  EXPECT_FALSE(equal("1e-99999999999999999999", "1"));
  EXPECT_FALSE(equal("0.1e-9223372036854775808", "1"));
  EXPECT_TRUE(equal("0e99999999999999999999", "0"));
}

TEST(ExactJson, ATextIsNoNumber) {
  EXPECT_FALSE(equal(R"("1.5")", "1.5"));
  EXPECT_FALSE(equal(R"("15e-1")", "1.5"));
}

TEST(ExactJson, TheOrderOfMembersDoesNotCountThatOfItemsDoes) {
  EXPECT_TRUE(equal(R"({"a":{"x":[1.5,[],{}],"y":null},"b":true})",
                    R"({"b":true,"a":{"y":null,"x":[1.5,[],{}]}})"));
  EXPECT_FALSE(equal("[1.5,2]", "[2,1.5]"));
  EXPECT_FALSE(equal("[[1.5],2]", "[[1.5,2]]"));
}

TEST(ExactJson, WhatIsNoJsonIsAnError) {
  EXPECT_THROW(parse_exactly("{\"a\":"), std::runtime_error);
  EXPECT_THROW(parse_exactly(""), std::runtime_error);
}

}  // namespace
}  // namespace sluice
