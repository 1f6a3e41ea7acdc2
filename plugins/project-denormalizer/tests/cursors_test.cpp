#include "cursors.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace sluice::denorm {
namespace {

TEST(CursorsTest, AWalkCursorComesBackAsItWas) {
  const WalkCursor all{std::nullopt, {}, 0, 5, std::nullopt};
  const WalkCursor back = WalkCursor::decode(all.encode());
  EXPECT_FALSE(back.route);
  EXPECT_FALSE(back.last);
  EXPECT_EQ(back.begun_ms, 5);

  const WalkCursor part{3, {"a\"|b", "2"}, 77, 6, KeyValues{"x", "1"}};
  const WalkCursor again = WalkCursor::decode(part.encode());
  EXPECT_EQ(again.route, 3U);
  EXPECT_EQ(again.values, part.values);
  EXPECT_EQ(again.tx_id, 77);
  EXPECT_EQ(again.last, part.last);
}

TEST(CursorsTest, AScanCursorComesBackAsItWas) {
  const ScanCursor cursor{KeyValues{"1"}, std::nullopt};
  const ScanCursor back = ScanCursor::decode(cursor.encode());
  EXPECT_EQ(back.after, cursor.after);
  EXPECT_EQ(back.upto, cursor.upto);
}

TEST(CursorsTest, OtherTextIsRefused) {
  EXPECT_THROW(WalkCursor::decode(""), std::invalid_argument);
  EXPECT_THROW(WalkCursor::decode("[1]"), std::invalid_argument);
  EXPECT_THROW(WalkCursor::decode("[null,1,0,0,null]"), std::invalid_argument);
  EXPECT_THROW(ScanCursor::decode("{}"), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::denorm
