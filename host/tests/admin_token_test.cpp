#include "admin/admin_token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "support/temp_folder.hpp"

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

std::optional<AdminToken> from(const std::map<std::string, std::string>& variables) {
  return AdminToken::from([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(AdminToken, ThereIsNoneUnlessAVariableIsSet) {
  EXPECT_FALSE(from({}));
}

TEST(AdminToken, ComesFromTheVariable) {
  const auto token = from({{"SLUICE_ADMIN_TOKEN", "0123456789abcdef"}});
  ASSERT_TRUE(token);
  EXPECT_EQ(token->authorization(), "Bearer 0123456789abcdef");
  EXPECT_TRUE(token->is_in("Bearer 0123456789abcdef"));
  EXPECT_FALSE(token->is_in("Bearer 0123456789abcdeg"));
}

TEST(AdminToken, ComesFromAFileWithoutTheLineBreakAtItsEnd) {
  const test::TempFolder folder;
  for (const char* const end : {"", "\n", "\r\n"}) {
    const auto file = folder.write("token", std::string("0123456789abcdef") + end);
    const auto token = from({{"SLUICE_ADMIN_TOKEN_FILE", file.string()}});
    ASSERT_TRUE(token);
    EXPECT_TRUE(token->is_in("Bearer 0123456789abcdef"));
  }
}

TEST(AdminToken, OneThatIsNoneIsRefusedWithoutShowingIt) {
  const test::TempFolder folder;
  const auto refused = [](const std::map<std::string, std::string>& variables,
                          const std::string& reason) {
    EXPECT_THAT([&] { from(variables); },
                ThrowsMessage<std::runtime_error>(AllOf(
                    HasSubstr(reason), HasSubstr("SLUICE_ADMIN_TOKEN"), Not(HasSubstr("hush")))));
  };
  refused({{"SLUICE_ADMIN_TOKEN", ""}}, "is empty");
  refused({{"SLUICE_ADMIN_TOKEN", "hush-0123456789"}}, "at least 16 characters");
  refused({{"SLUICE_ADMIN_TOKEN", std::string(1025, 'x')}}, "more than 1024 characters");
  refused({{"SLUICE_ADMIN_TOKEN", "hush hush hush hush"}}, "visible ASCII");
  refused({{"SLUICE_ADMIN_TOKEN", "hush-0123456789\r\nX: y"}}, "visible ASCII");
  refused({{"SLUICE_ADMIN_TOKEN", "hush-0123456789-\xc3\xa9"}}, "visible ASCII");
  refused({{"SLUICE_ADMIN_TOKEN", "hush-0123456789abcdef"}, {"SLUICE_ADMIN_TOKEN_FILE", "x"}},
          "are both set");
  refused({{"SLUICE_ADMIN_TOKEN_FILE", ""}}, "cannot read the file");
  refused({{"SLUICE_ADMIN_TOKEN_FILE", (folder.path() / "none").string()}}, "none");
  refused({{"SLUICE_ADMIN_TOKEN_FILE", folder.path().string()}}, "cannot read the file");
  refused({{"SLUICE_ADMIN_TOKEN_FILE", folder.write("empty", "\n").string()}}, "is empty");
  refused({{"SLUICE_ADMIN_TOKEN_FILE", folder.write("huge", std::string(5000, 'x')).string()}},
          "more than 1024 characters");
  refused({{"SLUICE_ADMIN_TOKEN_FILE",
            folder.write("two", "hush-0123456789abcdef\nhush-0123456789abcdef\n").string()}},
          "visible ASCII");
}

}  // namespace
}  // namespace sluice
