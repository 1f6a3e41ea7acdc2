#include "router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_config.hpp"

namespace sluice::search {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  const Config config_ = sample_config();
  const Router router_{config_};
};

TEST_F(RouterTest, FindsARouteByItsPath) {
  EXPECT_EQ(router_.match({"api", "v1", "projects", "search"})->route, &config_.routes[0]);
  EXPECT_EQ(router_.match({"api", "v1", "projects", "by-hashtag"})->route, &config_.routes[2]);
}

TEST_F(RouterTest, TakesTheKeyFromThePath) {
  const auto match = router_.match({"api", "v1", "projects", "by-user", "a/b"});
  ASSERT_TRUE(match);
  EXPECT_EQ(match->route, &config_.routes[1]);
  EXPECT_EQ(match->key, "a/b");
}

TEST_F(RouterTest, FindsNothingElse) {
  EXPECT_FALSE(router_.match({""}));
  EXPECT_FALSE(router_.match({"search"}));
  EXPECT_FALSE(router_.match({"api", "v1", "projects"}));
  EXPECT_FALSE(router_.match({"api", "v1", "projects", "Search"}));
  EXPECT_FALSE(router_.match({"api", "v1", "projects", "search", ""}));
  EXPECT_FALSE(router_.match({"api", "v1", "projects", "by-user"}));
  EXPECT_FALSE(router_.match({"api", "v1", "projects", "by-user", ""}));
  EXPECT_FALSE(router_.match({"api", "v1", "projects", "by-user", "1", "2"}));
}

TEST_F(RouterTest, ListsThePaths) {
  EXPECT_THAT(router_.paths(),
              ::testing::ElementsAre("/api/v1/projects/search", "/api/v1/projects/by-user/:userId",
                                     "/api/v1/projects/by-hashtag"));
}

}  // namespace
}  // namespace sluice::search
