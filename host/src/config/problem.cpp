#include "config/problem.hpp"

#include <algorithm>
#include <tuple>

#include "config/json.hpp"

namespace sluice {

namespace {

bool is_plain_key(const std::string& key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '$' || c >= 0x80;
  });
}

}  // namespace

std::string render(const Problem& problem) {
  std::string line = problem.file;
  if (problem.position.line > 0) {
    line +=
        ':' + std::to_string(problem.position.line) + ':' + std::to_string(problem.position.column);
  }
  line += problem.severity == Severity::kError ? ": error: " : ": warning: ";
  if (!problem.path.empty()) line += problem.path + ": ";
  return line + problem.message;
}

std::string render(Problems problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.position.line, a.position.column) <
           std::tie(b.file, b.position.line, b.position.column);
  });
  std::string text;
  for (const Problem& problem : problems) text += render(problem) + '\n';
  return text;
}

bool has_errors(const Problems& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& p) { return p.severity == Severity::kError; });
}

std::string child_path(const std::string& parent, const std::string& key) {
  if (!is_plain_key(key)) return parent + '[' + in_quotes(key) + ']';
  return parent.empty() ? key : parent + '.' + key;
}

std::string item_path(const std::string& parent, std::size_t index) {
  return parent + '[' + std::to_string(index) + ']';
}

std::string in_quotes(const std::string& text) {
  constexpr std::size_t kMaxShown = 60;
  constexpr auto kReplace = Json::error_handler_t::replace;
  if (text.size() <= kMaxShown) return Json(text).dump(-1, ' ', false, kReplace);
  std::size_t end = kMaxShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return Json(text.substr(0, end) + "...").dump(-1, ' ', false, kReplace);
}

}  // namespace sluice
