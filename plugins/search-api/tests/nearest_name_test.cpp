#include "nearest_name.hpp"

#include <gtest/gtest.h>

namespace sluice::search {
namespace {

const std::vector<std::string> kNames = {"limit", "offset", "sort_by", "sort_order"};

TEST(NearestName, FindsTheLikelyMisspelling) {
  EXPECT_EQ(nearest_name("limt", kNames), "limit");
  EXPECT_EQ(nearest_name("sortby", kNames), "sort_by");
  EXPECT_EQ(nearest_name("sort_oder", kNames), "sort_order");
}

TEST(NearestName, IgnoresCase) {
  EXPECT_EQ(nearest_name("LIMIT", kNames), "limit");
}

TEST(NearestName, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(nearest_name("callback", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("limit", {}), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100'000, 'l'), kNames), std::nullopt);
}

}  // namespace
}  // namespace sluice::search
