#pragma once

#include <deque>
#include <string>
#include <vector>

#include <sluice/value.hpp>

namespace sluice::reconcile {

// A deep copy of a value, for what the host lends only until the next call.
class OwnedValue {
 public:
  OwnedValue() = default;  // null
  explicit OwnedValue(Value value) : root_(copy(value)) {}
  OwnedValue(OwnedValue&&) = default;
  OwnedValue& operator=(OwnedValue&&) = default;
  OwnedValue(const OwnedValue&) = delete;
  OwnedValue& operator=(const OwnedValue&) = delete;

  // Valid until this is assigned to, moved from or destroyed.
  Value get() const { return Value(root_); }

 private:
  sluice_value copy(Value value);
  std::string_view copy_text(sluice_view text);

  // Deques: what they hold stays where it is.
  std::deque<std::string> texts_;
  std::deque<std::vector<sluice_value>> arrays_;
  std::deque<std::vector<sluice_field>> objects_;
  sluice_value root_{};
};

}  // namespace sluice::reconcile
