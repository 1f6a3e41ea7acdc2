#include "admin/admin_token.hpp"

#include <algorithm>
#include <stdexcept>
#include <strings.h>

#include "config/text_file.hpp"

namespace sluice {
namespace {

constexpr const char* kVariable = "SLUICE_ADMIN_TOKEN";
constexpr const char* kFileVariable = "SLUICE_ADMIN_TOKEN_FILE";
constexpr std::string_view kScheme = "Bearer ";

std::string read_file(const std::string& path) {
  constexpr std::size_t kLineBreak = 2;
  const auto text = read_text_file(path, AdminToken::kLongest + kLineBreak);
  if (!text)
    throw std::runtime_error(std::string(kFileVariable) + ": cannot read the file " + path);
  return without_line_break(*text);
}

const std::string& checked(const std::string& token, const std::string& origin) {
  const auto refuse = [&](const std::string& problem) {
    throw std::runtime_error(origin + ": the admin token " + problem +
                             "; make one with: openssl rand -hex 32");
  };
  if (token.empty()) refuse("is empty");
  if (token.size() < AdminToken::kShortest) {
    refuse("is too short: at least " + std::to_string(AdminToken::kShortest) +
           " characters are needed");
  }
  if (token.size() > AdminToken::kLongest) {
    refuse("is too long: more than " + std::to_string(AdminToken::kLongest) + " characters");
  }
  if (!std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    refuse("holds other characters than visible ASCII (blanks or line breaks?)");
  }
  return token;
}

}  // namespace

std::optional<AdminToken> AdminToken::from(const Environment& environment) {
  const auto token = environment(kVariable);
  const auto file = environment(kFileVariable);
  if (token && file) {
    throw std::runtime_error(std::string(kVariable) + " and " + kFileVariable +
                             " are both set; set one of them");
  }
  if (token) return AdminToken(checked(*token, kVariable));
  if (file) return AdminToken(checked(read_file(*file), std::string(kFileVariable) + ": " + *file));
  return std::nullopt;
}

bool AdminToken::is_in(std::string_view authorization) const {
  if (authorization.size() < kScheme.size() ||
      strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
    return false;
  }
  const auto given = authorization.substr(kScheme.size());
  volatile unsigned differences = given.size() == text_.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto expected = static_cast<unsigned char>(text_[i % text_.size()]);
    differences = differences | (static_cast<unsigned char>(given[i]) ^ expected);
  }
  return differences == 0;
}

}  // namespace sluice
