#include "document_key.hpp"

#include <gmock/gmock.h>

namespace sluice::denorm {
namespace {

using Form = KeyType::Form;
using ::testing::ElementsAre;

const KeyType kInteger{Form::kInteger, 32, "integer"};
const KeyType kText{Form::kText, 0, "text"};
const KeyType kUuid{Form::kUuid, 0, "uuid"};

TEST(DocumentKeyTest, ASingleColumnIsItsTextWithoutEscapes) {
  EXPECT_EQ(encode_key({"a|b\\c"}), "a|b\\c");
  EXPECT_THAT(*decode_key("a|b\\c", {kText}), ElementsAre("a|b\\c"));
}

TEST(DocumentKeyTest, SeveralColumnsComeBackAsTheyWere) {
  EXPECT_EQ(encode_key({"eu", "7"}), "eu|7");
  EXPECT_EQ(encode_key({"a|b", "c\\", ""}), "a\\|b|c\\\\|");
  EXPECT_THAT(*decode_key("a\\|b|c\\\\|", {kText, kText, kText}), ElementsAre("a|b", "c\\", ""));
}

TEST(DocumentKeyTest, DifferentValuesHaveDifferentKeys) {
  EXPECT_NE(encode_key({"a|", "b"}), encode_key({"a", "|b"}));
  EXPECT_NE(encode_key({"a\\", "b"}), encode_key({"a", "\\b"}));
}

TEST(DocumentKeyTest, AKeyOfTheWrongShapeBelongsToNoRow) {
  EXPECT_FALSE(decode_key("eu", {kText, kInteger}));
  EXPECT_FALSE(decode_key("eu|7|8", {kText, kInteger}));
  EXPECT_FALSE(decode_key("eu|x", {kText, kInteger}));
  EXPECT_FALSE(decode_key("\\e|7", {kText, kInteger})) << "an escape that encode_key does not make";
}

TEST(DocumentKeyTest, OnlyTheTextThatPostgresPrintsIsAKey) {
  EXPECT_TRUE(kInteger.accepts("-2147483648"));
  EXPECT_FALSE(kInteger.accepts("2147483648"));
  EXPECT_FALSE(kInteger.accepts("007"));
  EXPECT_FALSE(kInteger.accepts("-0"));
  EXPECT_FALSE(kInteger.accepts("+1"));
  EXPECT_FALSE(kInteger.accepts(" 1"));
  EXPECT_FALSE(kInteger.accepts(""));
  EXPECT_TRUE(kUuid.accepts("6a2f41a3-c54c-fce8-32d2-0324e1c32e22"));
  EXPECT_FALSE(kUuid.accepts("6A2F41A3-C54C-FCE8-32D2-0324E1C32E22"));
  EXPECT_FALSE(kUuid.accepts("6a2f41a3c54cfce832d20324e1c32e22"));
  EXPECT_FALSE(kText.accepts(std::string_view("a\0b", 3)));
}

TEST(DocumentKeyTest, TypesWithSeveralTextsForOneValueAreNoKeys) {
  EXPECT_TRUE(key_type_of({"c", "bigint", false}));
  EXPECT_TRUE(key_type_of({"c", "mood", true})) << "an enum";
  EXPECT_FALSE(key_type_of({"c", "numeric", false}));
  EXPECT_FALSE(key_type_of({"c", "timestamp with time zone", false}));
  EXPECT_FALSE(key_type_of({"c", "citext", false}));
}

}  // namespace
}  // namespace sluice::denorm
