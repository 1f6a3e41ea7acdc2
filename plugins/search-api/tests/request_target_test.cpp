#include "request_target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "utf8.hpp"

namespace sluice::search {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MATCHER_P2(Is, name, value, "") {
  return arg.name == name && arg.value == value;
}

MalformedTarget fault_of(std::string_view target) {
  try {
    parse_target(target);
  } catch (const MalformedTarget& error) {
    return error;
  }
  ADD_FAILURE() << target << " was accepted";
  return {"", "", ""};
}

TEST(ParseTarget, SplitsThePathIntoSegments) {
  EXPECT_THAT(parse_target("/api/v1").segments, ElementsAre("api", "v1"));
  EXPECT_THAT(parse_target("/").segments, ElementsAre(""));
  EXPECT_THAT(parse_target("/a/").segments, ElementsAre("a", ""));
  EXPECT_THAT(parse_target("//a").segments, ElementsAre("", "a"));
  EXPECT_THAT(parse_target("/a").parameters, IsEmpty());
}

TEST(ParseTarget, DecodesSegmentsAfterSplitting) {
  EXPECT_THAT(parse_target("/a%2Fb/%C3%A9+").segments, ElementsAre("a/b", "\xC3\xA9+"));
}

TEST(ParseTarget, KeepsRepeatedParametersInOrder) {
  EXPECT_THAT(parse_target("/?a=1&b=2&a=3").parameters,
              ElementsAre(Is("a", "1"), Is("b", "2"), Is("a", "3")));
}

TEST(ParseTarget, DecodesPercentEscapesAndPlus) {
  EXPECT_THAT(parse_target("/?q=a+b%20c%2Bd%26e%3Df%25").parameters,
              ElementsAre(Is("q", "a b c+d&e=f%")));
  EXPECT_THAT(parse_target("/?%71=%e6%97%a5%E6%9C%AC").parameters, ElementsAre(Is("q", "日本")));
  EXPECT_THAT(parse_target("/?q=日本").parameters, ElementsAre(Is("q", "日本")));
}

TEST(ParseTarget, TakesValuesWithEqualsSignsAndWithoutAny) {
  EXPECT_THAT(parse_target("/?a=b=c&d&=e&&f=").parameters,
              ElementsAre(Is("a", "b=c"), Is("d", ""), Is("", "e"), Is("f", "")));
}

TEST(ParseTarget, TakesAbsoluteFormAndDropsAFragment) {
  const auto target = parse_target("http://host:8080/a/b?c=d#e?f");
  EXPECT_THAT(target.segments, ElementsAre("a", "b"));
  EXPECT_THAT(target.parameters, ElementsAre(Is("c", "d")));
  EXPECT_THAT(parse_target("http://host").segments, ElementsAre(""));
}

TEST(ParseTarget, NamesTheParameterThatCannotBeDecoded) {
  for (const char* value : {"%", "%4", "%zz", "a%", "%%41", "%+1"}) {
    const auto fault = fault_of(std::string("/?limit=1&q=") + value);
    EXPECT_EQ(fault.parameter(), "q");
    EXPECT_EQ(fault.raw_value(), value);
    EXPECT_THAT(fault.what(), HasSubstr("hexadecimal"));
  }
}

TEST(ParseTarget, RefusesWhatIsNotUtf8) {
  for (const char* value : {"%FF", "%C3", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "%80", "\xFF"}) {
    EXPECT_THAT(fault_of(std::string("/?q=") + value).what(), HasSubstr("UTF-8")) << value;
  }
}

TEST(ParseTarget, RefusesNul) {
  EXPECT_THAT(fault_of("/?q=a%00b").what(), HasSubstr("NUL"));
  EXPECT_THAT(fault_of("/a%00b").what(), HasSubstr("path"));
  EXPECT_THAT(fault_of("/?%00=b").what(), HasSubstr("name of a query parameter"));
}

TEST(ParseTarget, SurvivesRandomBytes) {
  std::mt19937 random(7);
  const std::string_view alphabet = "/?&=%+#:aF0\xC3\xA9\xE6\xF0\x80\xFF";
  for (int round = 0; round < 50'000; ++round) {
    std::string target = "/";
    for (auto size = random() % 24; size > 0; --size)
      target += alphabet[random() % alphabet.size()];
    try {
      for (const auto& parameter : parse_target(target).parameters) {
        ASSERT_TRUE(is_utf8(parameter.name) && is_utf8(parameter.value)) << target;
      }
    } catch (const MalformedTarget&) {
    }
  }
}

TEST(Utf8, CountsCodePointsAndCutsBetweenThem) {
  EXPECT_EQ(code_point_count("aé日😀"), 4U);
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("日本", 4), "日...");
}

}  // namespace
}  // namespace sluice::search
