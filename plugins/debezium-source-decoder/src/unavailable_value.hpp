#pragma once

#include <array>
#include <string>
#include <string_view>

#include <sluice/value.hpp>

namespace sluice::debezium {

// What Debezium writes in place of a TOASTed value that an update left alone: the text of its
// option unavailable.value.placeholder, in a form that suits the column's type.
class UnavailableValue {
 public:
  explicit UnavailableValue(std::string_view placeholder);

  bool matches(const sluice_value& value) const;

 private:
  bool matches_text(std::string_view text) const;
  bool matches_bytes(std::span<const sluice_value> items) const;

  std::string placeholder_;
  std::array<std::string, 4> texts_;  // of text, bytea (base64, hex) and hstore columns
};

}  // namespace sluice::debezium
