#include "offsets.hpp"

#include <gtest/gtest.h>

#include <sluice/host_side.hpp>
#include <sluice/json.hpp>

namespace sluice::reconcile {
namespace {

using nlohmann::json;

json at(const std::vector<std::int64_t>& offsets) {
  json list = json::array();
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    list.push_back({{"topic", "t"}, {"partition", i}, {"offset", offsets[i]}});
  }
  return list;
}

bool within(const json& noted, const json& first, const json& end) {
  Arena memory;
  const auto a = to_value(noted, memory);
  const auto b = to_value(first, memory);
  const auto c = to_value(end, memory);
  return are_within(Value(a), Value(b), Value(c));
}

TEST(Offsets, BetweenTheFirstAndTheEndAllIsThere) {
  EXPECT_TRUE(within(at({5, 7}), at({0, 7}), at({9, 7})));
  EXPECT_TRUE(within(at({}), at({}), at({})));
}

TEST(Offsets, BeforeTheFirstSomeIsGone) {
  EXPECT_FALSE(within(at({5, 6}), at({0, 7}), at({9, 9})));
}

TEST(Offsets, BehindTheEndTheyAreOfAnotherTopic) {
  EXPECT_FALSE(within(at({5, 8}), at({0, 0}), at({9, 7})));
  EXPECT_FALSE(within(at({5, 8}), at({0}), at({9})));
}

TEST(Offsets, APartitionThatCameLaterMustBeThereFromItsStart) {
  EXPECT_TRUE(within(at({5}), at({0, 0}), at({9, 3})));
  EXPECT_FALSE(within(at({5}), at({0, 2}), at({9, 3})));
}

}  // namespace
}  // namespace sluice::reconcile
