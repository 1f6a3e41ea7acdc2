#include "json_writer.hpp"

#include <array>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace sluice::opensearch {
namespace {

std::string json_of(const sluice_value& value) {
  std::string out;
  append_json(out, Value{value});
  return out;
}

TEST(JsonWriter, WritesScalars) {
  EXPECT_EQ(json_of(make_null()), "null");
  EXPECT_EQ(json_of(make_bool(true)), "true");
  EXPECT_EQ(json_of(make_bool(false)), "false");
  EXPECT_EQ(json_of(make_int64(std::numeric_limits<std::int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(json_of(make_double(0.1)), "0.1");
  EXPECT_EQ(json_of(make_double(1e300)), "1e+300");
}

TEST(JsonWriter, EscapesWhatJsonRequiresAndNothingElse) {
  EXPECT_EQ(json_of(make_string("a\"b\\c\n\t\x01/é€😀")), R"("a\"b\\c\u000a\u0009\u0001/é€😀")");
  EXPECT_EQ(json_of(make_string("")), R"("")");
  EXPECT_EQ(json_of(make_string(std::string_view("\0", 1))), R"("\u0000")");
}

TEST(JsonWriter, EscapesEveryControlCharacterReadably) {
  for (char c = 0; c < 0x20; ++c) {
    const auto text = json_of(make_string(std::string_view(&c, 1)));
    EXPECT_EQ(nlohmann::json::parse(text).get<std::string>(), std::string(1, c));
  }
}

TEST(JsonWriter, WritesBytesAsBase64) {
  EXPECT_EQ(json_of(make_bytes("")), R"("")");
  EXPECT_EQ(json_of(make_bytes("M")), R"("TQ==")");
  EXPECT_EQ(json_of(make_bytes("Ma")), R"("TWE=")");
  EXPECT_EQ(json_of(make_bytes("Man")), R"("TWFu")");
  EXPECT_EQ(json_of(make_bytes("\xff\xfe\xfd\xfc")), R"("//79/A==")");
}

TEST(JsonWriter, NestsArraysAndObjectsInOrder) {
  const std::array items = {make_int64(1), make_string("x")};
  const std::array fields = {make_field("b", make_array(items)), make_field("a\"", make_null()),
                             make_field("empty", make_object({}))};
  EXPECT_EQ(json_of(make_object(fields)), R"({"b":[1,"x"],"a\"":null,"empty":{}})");
}

TEST(JsonWriter, PassesJsonThroughOnOneLine) {
  EXPECT_EQ(json_of(make_json(R"({"n":12345678901234567890.5})")),
            R"({"n":12345678901234567890.5})");
  EXPECT_EQ(json_of(make_json("{\n  \"a\": 1\n}\n")), "{   \"a\": 1 } ");
}

TEST(JsonWriter, RefusesWhatJsonCannotHold) {
  EXPECT_THROW(json_of(make_double(std::numeric_limits<double>::infinity())),
               std::invalid_argument);
  EXPECT_THROW(json_of(make_double(std::numeric_limits<double>::quiet_NaN())),
               std::invalid_argument);
  sluice_value unknown{};
  unknown.type = 99;
  EXPECT_THROW(json_of(unknown), std::invalid_argument);
}

TEST(JsonWriter, RefusesBottomlessNesting) {
  std::array<sluice_value, 1000> levels{};
  for (std::size_t i = 1; i < levels.size(); ++i) levels[i] = make_array({&levels[i - 1], 1});
  EXPECT_THROW(json_of(levels.back()), std::invalid_argument);
  EXPECT_EQ(json_of(levels[100]).size(), 2 * 100 + 4);
}

}  // namespace
}  // namespace sluice::opensearch
