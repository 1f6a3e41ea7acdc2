#pragma once

#include <string>
#include <vector>

namespace sluice {

/// A place in a text file, counted from 1 (columns in characters). 0 means unknown.
struct Position {
  int line = 0;
  int column = 0;

  bool operator==(const Position&) const = default;
};

enum class Severity { kError, kWarning };

/// One thing that is wrong with a configuration file, and where.
struct Problem {
  Severity severity = Severity::kError;
  std::string file;     ///< as the user named it
  Position position;    ///< unknown for a problem of the file as a whole
  std::string path;     ///< the option, e.g. `sink.config.url` or `source.topics[0]`; may be empty
  std::string message;  ///< what was found and what is allowed
};

using Problems = std::vector<Problem>;

/// `pipelines/projects.yaml:12:5: error: source.broker: unknown key ...`
std::string render(const Problem& problem);

/// All problems in the order of the file, one a line, each line ended.
std::string render(Problems problems);

/// True if at least one problem is an error rather than a warning.
bool has_errors(const Problems& problems);

/// `parent.key`, or `parent["odd key"]` where the key would be ambiguous in dotted form.
std::string child_path(const std::string& parent, const std::string& key);

/// `parent[index]`
std::string item_path(const std::string& parent, std::size_t index);

/// The text in double quotes with control characters escaped, cut after 60 bytes.
std::string in_quotes(const std::string& text);

}  // namespace sluice
