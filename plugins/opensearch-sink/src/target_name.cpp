#include "target_name.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace sluice::opensearch {
namespace {

constexpr std::size_t kDateSize = 10;

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string target_name(std::string_view alias, std::string_view date, int number) {
  std::string name = std::string(alias) + "-" + std::string(date);
  if (number > 1) name += "-" + std::to_string(number);
  return name;
}

bool is_target_name(std::string_view alias, std::string_view name) {
  if (!name.starts_with(alias)) return false;
  name.remove_prefix(alias.size());
  if (name.size() <= kDateSize || name.front() != '-') return false;
  if (!is_date(name.substr(1, kDateSize))) return false;
  name.remove_prefix(1 + kDateSize);
  if (name.empty()) return true;
  const auto number = name.substr(1);
  return name.front() == '-' && is_digits(number) && number.front() != '0' && number != "1";
}

bool is_date(std::string_view text) {
  return text.size() == kDateSize && text[4] == '-' && text[7] == '-' &&
         is_digits(text.substr(0, 4)) && is_digits(text.substr(5, 2)) &&
         is_digits(text.substr(8, 2));
}

std::string today() {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const std::chrono::year_month_day date(days);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

}  // namespace sluice::opensearch
