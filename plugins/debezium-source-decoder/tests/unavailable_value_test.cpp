#include "unavailable_value.hpp"

#include <gtest/gtest.h>

namespace sluice::debezium {
namespace {

const UnavailableValue kUnavailable("__debezium_unavailable_value");

TEST(UnavailableValue, IsKnownInTheFormsOfTextByteaAndHstoreColumns) {
  EXPECT_TRUE(kUnavailable.matches(make_string("__debezium_unavailable_value")));
  EXPECT_TRUE(kUnavailable.matches(make_string("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==")));
  EXPECT_TRUE(kUnavailable.matches(
      make_string("5f5f646562657a69756d5f756e617661696c61626c655f76616c7565")));
  EXPECT_TRUE(kUnavailable.matches(
      make_string(R"({"__debezium_unavailable_value":"__debezium_unavailable_value"})")));
}

TEST(UnavailableValue, IsKnownInTheFormsOfArrays) {
  const sluice_value text = make_string("__debezium_unavailable_value");
  EXPECT_TRUE(kUnavailable.matches(make_array({&text, 1})));
  const UnavailableValue short_one("ab");
  const sluice_value bytes[] = {make_int64('a'), make_int64('b')};
  EXPECT_TRUE(short_one.matches(make_array(bytes)));
}

TEST(UnavailableValue, IsKnownAsAMap) {
  const sluice_field field = make_field("__debezium_unavailable_value", make_null());
  EXPECT_TRUE(kUnavailable.matches(make_object({&field, 1})));
}

TEST(UnavailableValue, OtherValuesAreNot) {
  EXPECT_FALSE(kUnavailable.matches(make_null()));
  EXPECT_FALSE(kUnavailable.matches(make_int64(1)));
  EXPECT_FALSE(kUnavailable.matches(make_string("")));
  EXPECT_FALSE(kUnavailable.matches(make_string("__debezium_unavailable_values")));
  EXPECT_FALSE(kUnavailable.matches(make_array({})));
  EXPECT_FALSE(kUnavailable.matches(make_object({})));
  const sluice_value texts[] = {make_string("__debezium_unavailable_value"), make_string("x")};
  EXPECT_FALSE(kUnavailable.matches(make_array(texts)));
}

}  // namespace
}  // namespace sluice::debezium
