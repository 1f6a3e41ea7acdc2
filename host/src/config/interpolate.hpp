#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Looks up an environment variable; nullopt if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
Environment process_environment();

struct InterpolationError {
  std::size_t offset = 0;  ///< of the `$` in the text
  std::string message;
};

struct Interpolation {
  std::string text;
  bool substituted = false;  ///< a `${...}` was replaced
  std::vector<InterpolationError> errors;
};

/// Replaces, in one scalar value:
///   `${NAME}`           the variable; an error if it is not set
///   `${NAME:-default}`  the default if the variable is not set or empty; may hold `${...}` itself
///   `${file:PATH}`      what the file holds, without one trailing newline; at most 1 MiB of UTF-8
///   `$$`                one `$`
/// Any other `$` stays. What is put in is not looked at again. `base_dir` is where relative file
/// paths start. Never throws on bad input: the errors are in the result, the first 20. A result
/// larger than 4 MiB is an error.
Interpolation interpolate(std::string_view text, const Environment& environment,
                          const std::filesystem::path& base_dir);

}  // namespace sluice
