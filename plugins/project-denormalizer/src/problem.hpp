#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sluice::denorm {

/// Something wrong in the configuration.
struct Problem {
  std::string pointer;  // JSON pointer into the plugin's configuration, such as /document/key
  std::string message;
};

/// All that is wrong, found in one pass. what() has a line for each problem: "/pointer: message".
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<Problem> problems)
      : std::runtime_error(join(problems)), problems_(std::move(problems)) {}

  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  static std::string join(const std::vector<Problem>& problems) {
    std::string text;
    for (const Problem& problem : problems) {
      if (!text.empty()) text += '\n';
      text += problem.pointer + ": " + problem.message;
    }
    return text;
  }

  std::vector<Problem> problems_;
};

}  // namespace sluice::denorm
