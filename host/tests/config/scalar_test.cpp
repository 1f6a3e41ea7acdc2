#include "config/scalar.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace sluice {
namespace {

ConfigNode plain(const std::string& text) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kScalar;
  node.text = text;
  return node;
}

ConfigNode quoted(const std::string& text) {
  ConfigNode node = plain(text);
  node.is_quoted = true;
  return node;
}

ConfigNode from_environment(ConfigNode node) {
  node.is_interpolated = true;
  return node;
}

TEST(NaturalValue, FollowsTheCoreSchema) {
  EXPECT_EQ(natural_value(plain("true")), Json(true));
  EXPECT_EQ(natural_value(plain("False")), Json(false));
  EXPECT_EQ(natural_value(plain("yes")), Json("yes"));
  EXPECT_EQ(natural_value(plain("on")), Json("on"));
  EXPECT_EQ(natural_value(plain("42")), Json(42));
  EXPECT_EQ(natural_value(plain("-7")), Json(-7));
  EXPECT_EQ(natural_value(plain("+7")), Json(7));
  EXPECT_EQ(natural_value(plain("010")), Json(10));
  EXPECT_EQ(natural_value(plain("0o10")), Json(8));
  EXPECT_EQ(natural_value(plain("0x1F")), Json(31));
  EXPECT_EQ(natural_value(plain("1.5")), Json(1.5));
  EXPECT_EQ(natural_value(plain("-.5e2")), Json(-50.0));
  EXPECT_EQ(natural_value(quoted("42")), Json("42"));
}

TEST(NaturalValue, LeavesWhatIsNoNumberAsText) {
  for (const char* text :
       {"1_000", "12:30", "1.2.3",    "+-1", "0x-5", "--1",   "0x",
        "1e",    ".",     "-",        "+",   ".inf", ".nan",  "inf",
        "nan",   "-inf",  "infinity", "0b1", "1 2",  "1e999", "9223372036854775808"}) {
    EXPECT_EQ(natural_value(plain(text)), Json(text)) << text;
  }
}

TEST(NaturalValue, ReachesTheLimitsOf64Bits) {
  EXPECT_EQ(natural_value(plain("9223372036854775807")),
            Json(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(natural_value(plain("-9223372036854775808")),
            Json(std::numeric_limits<std::int64_t>::min()));
}

TEST(CoerceScalar, KeepsTextAsWrittenForAString) {
  EXPECT_EQ(coerce_scalar(plain("010"), kStringType), Json("010"));
  EXPECT_EQ(coerce_scalar(plain("true"), kStringType), Json("true"));
  EXPECT_EQ(coerce_scalar(plain("1.50"), kStringType), Json("1.50"));
}

TEST(CoerceScalar, TakesWholeNumbersAsIntegersAndNumbers) {
  EXPECT_EQ(coerce_scalar(plain("3"), kNumberType), Json(3.0));
  EXPECT_TRUE(coerce_scalar(plain("3"), kNumberType)->is_number_float());
  EXPECT_EQ(coerce_scalar(plain("1e3"), kIntegerType), Json(1000));
  EXPECT_TRUE(coerce_scalar(plain("2.0"), kIntegerType)->is_number_integer());
  EXPECT_EQ(coerce_scalar(plain("2.5"), kIntegerType), std::nullopt);
  EXPECT_EQ(coerce_scalar(plain("1e300"), kIntegerType), std::nullopt);
  EXPECT_EQ(coerce_scalar(plain("9223372036854775808"), kIntegerType), std::nullopt);
  EXPECT_EQ(coerce_scalar(plain("9223372036854775808"), kNumberType), Json(9223372036854775808.0));
}

TEST(CoerceScalar, TakesQuotedTextAsAnotherTypeOnlyFromTheEnvironment) {
  EXPECT_EQ(coerce_scalar(quoted("50"), kIntegerType), std::nullopt);
  EXPECT_EQ(coerce_scalar(from_environment(quoted("50")), kIntegerType), Json(50));
  EXPECT_EQ(coerce_scalar(from_environment(quoted("true")), kBooleanType), Json(true));
  EXPECT_EQ(coerce_scalar(from_environment(quoted("50")), kIntegerType | kStringType), Json("50"));
  EXPECT_EQ(coerce_scalar(from_environment(plain("50")), kIntegerType | kStringType), Json(50));
}

TEST(CoerceScalar, DoesNotMixUpBooleansAndNumbers) {
  EXPECT_EQ(coerce_scalar(plain("1"), kBooleanType), std::nullopt);
  EXPECT_EQ(coerce_scalar(plain("true"), kIntegerType), std::nullopt);
  EXPECT_EQ(coerce_scalar(plain("yes"), kBooleanType), std::nullopt);
}

TEST(ParseDuration, ReadsUnits) {
  EXPECT_EQ(parse_duration("0"), 0);
  EXPECT_EQ(parse_duration("0s"), 0);
  EXPECT_EQ(parse_duration("250ms"), 250);
  EXPECT_EQ(parse_duration("2s"), 2000);
  EXPECT_EQ(parse_duration("5m"), 300'000);
  EXPECT_EQ(parse_duration("1h"), 3'600'000);
  EXPECT_EQ(parse_duration("7d"), 604'800'000);
  EXPECT_EQ(parse_duration("1m30s"), 90'000);
}

TEST(ParseDuration, RefusesAnythingElse) {
  for (const char* text : {"", "2", "s", "-2s", "+2s", "2 s", " 2s", "2s ", "1.5s", "2sec", "2S",
                           "2s3", "99999999999999999999s", "9223372036854775807d", "0x2s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(ParseSize, ReadsUnitsBasedOn1024) {
  EXPECT_EQ(parse_size("0"), 0);
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("512b"), 512);
  EXPECT_EQ(parse_size("64kb"), 65536);
  EXPECT_EQ(parse_size("8MB"), 8388608);
  EXPECT_EQ(parse_size("1Gb"), 1073741824);
  EXPECT_EQ(parse_size("2tb"), 2199023255552);
}

TEST(ParseSize, RefusesAnythingElse) {
  for (const char* text : {"", "kb", "-1kb", "1.5mb", "1 mb", "1pb", "1kb1b", "8388608tb"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(DescribeTypes, ReadsAsAPhrase) {
  EXPECT_EQ(describe_types(kStringType), "a string");
  EXPECT_EQ(describe_types(kStringType | kObjectType), "a string or a mapping");
  EXPECT_EQ(describe_types(kStringType | kIntegerType | kArrayType),
            "a string, an integer or a list");
}

}  // namespace
}  // namespace sluice
