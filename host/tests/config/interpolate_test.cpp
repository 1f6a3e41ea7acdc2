#include "config/interpolate.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

namespace sluice {
namespace {

std::optional<std::string> lookup(const std::string& name) {
  static const std::map<std::string, std::string> kVariables{
      {"HOST", "db"},          {"PORT", "5432"},      {"EMPTY", ""},
      {"TRICKY", "${HOST}$$"}, {"LATIN1", "caf\xE9"}, {"_x9", "under"}};
  const auto found = kVariables.find(name);
  return found == kVariables.end() ? std::nullopt : std::optional(found->second);
}

struct Good {
  std::string text;
  std::string expected;
  bool substituted;
};

class InterpolatesText : public testing::TestWithParam<Good> {};

TEST_P(InterpolatesText, AsExpected) {
  const Interpolation result = interpolate(GetParam().text, lookup, "/");
  EXPECT_EQ(result.text, GetParam().expected);
  EXPECT_EQ(result.substituted, GetParam().substituted);
  EXPECT_TRUE(result.errors.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Interpolate, InterpolatesText,
    testing::Values(Good{"", "", false}, Good{"plain", "plain", false}, Good{"${HOST}", "db", true},
                    Good{"http://${HOST}:${PORT}/x", "http://db:5432/x", true},
                    Good{"${NONE:-localhost}", "localhost", true},
                    Good{"${EMPTY:-fallback}", "fallback", true}, Good{"${EMPTY}", "", true},
                    Good{"${HOST:-unused}", "db", true}, Good{"${NONE:-}", "", true},
                    Good{"${NONE:-http://a:1/?q=:-}", "http://a:1/?q=:-", true},
                    Good{"${NONE:-${HOST}:${PORT}}/x", "db:5432/x", true},
                    Good{"${NONE:-${NEITHER:-deep}}", "deep", true}, Good{"${_x9}", "under", true},
                    Good{"$$", "$", false}, Good{"$${HOST}", "${HOST}", false},
                    Good{"$$${HOST}", "$db", true}, Good{"^a$", "^a$", false},
                    Good{"$HOST 5$ $", "$HOST 5$ $", false},
                    Good{"${HOST:-${UNSET_BUT_UNUSED}}", "db", true},
                    Good{"${TRICKY}", "${HOST}$$", true}, Good{"a}b", "a}b", false}));

struct Bad {
  std::string text;
  std::size_t offset;
  std::string message;
};

class RejectsText : public testing::TestWithParam<Bad> {};

TEST_P(RejectsText, AtItsOffset) {
  const Interpolation result = interpolate(GetParam().text, lookup, "/");
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].offset, GetParam().offset);
  EXPECT_EQ(result.errors[0].message, GetParam().message);
}

const std::string kForms = "write ${NAME}, ${NAME:-default} or ${file:PATH}";

INSTANTIATE_TEST_SUITE_P(
    Interpolate, RejectsText,
    testing::Values(Bad{"${NONE}", 0,
                        "environment variable NONE is not set; set it or write ${NONE:-default}"},
                    Bad{"a ${NONE}", 2,
                        "environment variable NONE is not set; set it or write ${NONE:-default}"},
                    Bad{"${EMPTY:-${NONE}}", 9,
                        "environment variable NONE is not set; set it or write ${NONE:-default}"},
                    Bad{"ab${HOST", 2, "\"${\" without its \"}\"; write $$ for a plain $"},
                    Bad{"${}", 0, "cannot read \"${}\"; " + kForms},
                    Bad{"${1A}", 0, "cannot read \"${1A}\"; " + kForms},
                    Bad{"${A-b}", 0, "cannot read \"${A-b}\"; " + kForms},
                    Bad{"${A B}", 0, "cannot read \"${A B}\"; " + kForms},
                    Bad{"${A\nB}", 0, "cannot read \"${A\\nB}\"; " + kForms},
                    Bad{"${LATIN1}", 0, "the value of LATIN1 is not UTF-8"},
                    Bad{"${file:none/such}", 0, "cannot read the file /none/such"},
                    Bad{"${file:}", 0, "cannot read the file /"}));

TEST(Interpolate, ReportsEveryError) {
  EXPECT_EQ(interpolate("${A} ${B} ${HOST}", lookup, "/").errors.size(), 2U);
}

TEST(Interpolate, ReportsNoMoreErrorsThanHelp) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "${NONE}";
  EXPECT_EQ(interpolate(text, lookup, "/").errors.size(), 20U);
}

TEST(Interpolate, BoundsDefaultsWithinDefaults) {
  std::string text = "x";
  for (int i = 0; i < 1000; ++i) text = "${N:-" + text + "}";
  const Interpolation result = interpolate(text, lookup, "/");
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_THAT(result.errors[0].message, testing::HasSubstr("deeper than 8"));
}

class SecretFile : public testing::Test {
 protected:
  SecretFile() {
    std::string name = testing::TempDir() + "sluice-secret-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~SecretFile() override { std::filesystem::remove_all(directory_); }

  Interpolation read(const std::string& content) {
    std::ofstream(directory_ / "secret", std::ios::binary) << content;
    return interpolate("<${file:secret}>", lookup, directory_);
  }

  std::filesystem::path directory_;
};

TEST_F(SecretFile, IsReadWithoutItsLastNewline) {
  EXPECT_EQ(read("pa$$ ${HOST}\n").text, "<pa$$ ${HOST}>");
  EXPECT_EQ(read("windows\r\n").text, "<windows>");
  EXPECT_EQ(read("two\n\n").text, "<two\n>");
  EXPECT_EQ(read("").text, "<>");
}

TEST_F(SecretFile, MayBeNamedAbsolutely) {
  read("s");
  const std::string text = "${file:" + (directory_ / "secret").string() + "}";
  EXPECT_EQ(interpolate(text, lookup, "/nowhere").text, "s");
}

TEST_F(SecretFile, LargerThanAMebibyteIsRefused) {
  const Interpolation result = read(std::string((1 << 20) + 1, 'x'));
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_THAT(result.errors[0].message, testing::HasSubstr("larger than 1 MiB"));
}

TEST_F(SecretFile, ThatIsNotTextIsRefused) {
  EXPECT_EQ(read("\xFF\xFE").errors.size(), 1U);
}

}  // namespace
}  // namespace sluice
