// The target of an HTTP request, "/a/b?x=1&x=2", taken apart and percent-decoded.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::search {

/// One `name=value` of a query string, decoded.
struct QueryParameter {
  std::string name;
  std::string value;
};

struct RequestTarget {
  std::vector<std::string> segments;       ///< of the path, decoded; "/a/b" gives {"a", "b"}
  std::vector<QueryParameter> parameters;  ///< in the order sent, repeats included
};

/// Text that cannot be decoded; `raw_value` is as it was sent. `parameter` is empty where the fault
/// is in the path or in a name.
class MalformedTarget : public std::runtime_error {
 public:
  MalformedTarget(const std::string& what, std::string parameter, std::string raw_value)
      : std::runtime_error(what),
        parameter_(std::move(parameter)),
        raw_value_(std::move(raw_value)) {}

  const std::string& parameter() const { return parameter_; }
  const std::string& raw_value() const { return raw_value_; }

 private:
  std::string parameter_;
  std::string raw_value_;
};

/// Takes origin form ("/path?query") and absolute form ("http://host/path?query").
/// In the query `+` is a space. A trailing slash is a last, empty segment. A fragment is dropped.
/// Throws MalformedTarget on a broken percent escape, invalid UTF-8 or a NUL character.
RequestTarget parse_target(std::string_view target);

}  // namespace sluice::search
