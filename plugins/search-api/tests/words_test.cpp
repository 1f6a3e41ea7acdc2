#include "words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SplitWords, SplitsAtWhiteSpaceOfAnyKind) {
  EXPECT_THAT(split_words("  a b\tc\u00A0d\u3000e\n"), ElementsAre("a", "b", "c", "d", "e"));
}

TEST(SplitWords, KeepsPunctuationThatIsPartOfAWord) {
  EXPECT_THAT(split_words("C++ real-time e.g. #tag"),
              ElementsAre("C++", "real-time", "e.g.", "#tag"));
}

TEST(SplitWords, LeavesOutPunctuationAlone) {
  EXPECT_THAT(split_words("R & D – now … !"), ElementsAre("R", "D", "now"));
  EXPECT_THAT(split_words("?!"), IsEmpty());
}

TEST(SplitWords, KeepsLettersOfEveryScript) {
  EXPECT_THAT(split_words("日本 привет ß 😀"), ElementsAre("日本", "привет", "ß", "😀"));
}

TEST(IsBlank, IsTrueForWhiteSpaceAlone) {
  EXPECT_TRUE(is_blank(""));
  EXPECT_TRUE(is_blank(" \t\u3000"));
  EXPECT_FALSE(is_blank(" ."));
}

}  // namespace
}  // namespace sluice::search
