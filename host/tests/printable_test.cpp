#include "dlq/printable.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::string_literals;

TEST(Printable, TextIsUtf8ThatATerminalOnlyShows) {
  EXPECT_TRUE(is_text(""));
  EXPECT_TRUE(is_text("Grüße\n\t\xE2\x82\xAC"));
  EXPECT_FALSE(is_text("\xff"));
  EXPECT_FALSE(is_text("a\x1b[2Jb")) << "it would clear the screen";
  EXPECT_FALSE(is_text("a\0b"s));
  EXPECT_FALSE(is_text("\x7f"));
  EXPECT_FALSE(
      is_text("\xC2\x9B"
              "2J"))
      << "so would this, in one character";
}

TEST(Printable, OneLineEscapesWhatIsNotShown) {
  EXPECT_EQ(one_line("a\nb\t\x1b\xff\xff\xC3\xBC\xC2\x9B"), "a\\nb\\t\\x1b\\xff\\xffü\\xc2\x9B");
  EXPECT_EQ(one_line("plain"), "plain");
}

TEST(Printable, HexDumpShowsOffsetBytesAndAscii) {
  EXPECT_EQ(hex_dump(""), "");
  EXPECT_EQ(hex_dump("0123456789abcdef\xff\n"s),
            "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
            "00000010  ff 0a                                             |..|\n");
}

}  // namespace
}  // namespace sluice
