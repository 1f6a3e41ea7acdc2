#include <cstdint>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include <sluice/host_side.hpp>
#include <sluice/json.hpp>
#include <sluice/value.hpp>

namespace {

using nlohmann::json;

TEST(Value, SurvivesARoundTripThroughJson) {
  const json original = {{"a", 1},           {"b", "text"},        {"c", {1, 2.5, nullptr, true}},
                         {"d", {{"e", -9}}}, {"f", json::array()}, {"g", json::object()}};
  sluice::Arena arena;
  const sluice_value value = sluice::to_value(original, arena);
  EXPECT_EQ(sluice::to_json(sluice::Value(value)), original);
}

TEST(Value, KeepsAnUnsignedIntegerBeyondInt64) {
  const json big = UINT64_MAX;
  sluice::Arena arena;
  const sluice_value value = sluice::to_value(big, arena);
  EXPECT_EQ(sluice::Value(value).as_json(), "18446744073709551615");
  EXPECT_EQ(sluice::to_json(sluice::Value(value)), big);
}

TEST(Value, ReadsAMissingFieldAsNull) {
  sluice::Arena arena;
  const sluice_value value = sluice::to_value(json{{"a", 1}}, arena);
  EXPECT_TRUE(sluice::Value(value)["b"].is_null());
  EXPECT_TRUE(sluice::Value(value)["a"]["deeper"].is_null());
  EXPECT_FALSE(sluice::Value(value).has("b"));
}

TEST(Value, RefusesAnotherType) {
  const sluice_value value = sluice::make_int64(1);
  EXPECT_THROW(sluice::Value(value).as_string(), std::invalid_argument);
  EXPECT_THROW(sluice::Value().as_bool(), std::invalid_argument);
  EXPECT_EQ(sluice::Value(value).as_double(), 1.0);
}

TEST(Arena, KeepsAlignmentAndContentsAcrossBlocks) {
  sluice::Arena arena;
  const auto text = arena.copy("hello");
  for (std::size_t i = 0; i < 10000; ++i) {
    void* const memory = arena.allocate(i % 300 + 1, 16);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 16, 0U);
  }
  ASSERT_NE(arena.allocate(std::size_t{1} << 20, 64), nullptr);
  EXPECT_EQ(text, "hello");
}

}  // namespace
