#include "json_number.hpp"

#include <gtest/gtest.h>

namespace sluice::debezium {
namespace {

TEST(JsonNumber, IntegersThatFitAreInt64) {
  for (const auto& [text, number] :
       std::vector<std::pair<std::string, std::int64_t>>{{"0", 0},
                                                         {"7", 7},
                                                         {"-12", -12},
                                                         {"9223372036854775807", INT64_MAX},
                                                         {"-9223372036854775808", INT64_MIN}}) {
    const auto value = number_value(text);
    ASSERT_TRUE(value) << text;
    ASSERT_EQ(value->type, std::uint32_t{SLUICE_INT64}) << text;
    EXPECT_EQ(value->as.int64, number);
  }
}

TEST(JsonNumber, FractionsThatADoubleHoldsAreDoubles) {
  for (const auto& [text, number] :
       std::vector<std::pair<std::string, double>>{{"0.5", 0.5},
                                                   {"-1.25e3", -1250},
                                                   {"1e5", 1e5},
                                                   {"0.0", 0},
                                                   {"0.00012", 0.00012},
                                                   {"123456789.012345", 123456789.012345},
                                                   {"1E-300", 1e-300}}) {
    const auto value = number_value(text);
    ASSERT_TRUE(value) << text;
    ASSERT_EQ(value->type, std::uint32_t{SLUICE_DOUBLE}) << text;
    EXPECT_EQ(value->as.real, number);
  }
}

TEST(JsonNumber, AllOthersKeepTheirText) {
  for (const std::string text :
       {"9223372036854775808", "-9223372036854775809", "123456789012345678901234567890", "-0",
        "0.1234567890123456", "3.14159265358979323846", "1e999", "1e-999", "4.9e-324"}) {
    const auto value = number_value(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(value->type, std::uint32_t{SLUICE_JSON}) << text;
    EXPECT_EQ(to_string_view(value->as.text), text);
  }
}

TEST(JsonNumber, WhatIsNoNumberIsRefused) {
  for (const std::string text : {"", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.5.2", "1 ",
                                 "0x1", "1f", "--1", "NaN", "Infinity", "1e5e5"}) {
    EXPECT_FALSE(number_value(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::debezium
