#include "config/nearest.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("broker", "brokers"), 1U);
  EXPECT_EQ(edit_distance("brokers", "borkers"), 1U);  // a swap is one edit
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("ca", "abc"), 3U);
}

TEST(Nearest, FindsTheNameThatWasMeant) {
  const std::vector<std::string> names{"brokers", "group_id", "topics", "start"};
  EXPECT_EQ(nearest("broker", names), "brokers");
  EXPECT_EQ(nearest("GroupId", names), "group_id");
  EXPECT_EQ(nearest("group-id", names), "group_id");
  EXPECT_EQ(nearest("TOPICS", names), "topics");
  EXPECT_EQ(nearest("strat", names), "start");
}

TEST(Nearest, SaysNothingIfAllAreFar) {
  EXPECT_EQ(nearest("url", {"brokers", "topics"}), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
  EXPECT_EQ(nearest("", {"brokers"}), std::nullopt);
  EXPECT_EQ(nearest(std::string(1000, 'a'), {std::string(999, 'a')}), std::nullopt);
}

}  // namespace
}  // namespace sluice
