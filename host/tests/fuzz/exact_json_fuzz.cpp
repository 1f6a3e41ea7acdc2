// Any text as JSON to compare: a number is the same however it is written, and another one is not.
#include <cstdlib>
#include <iostream>

#include "job/exact_json.hpp"

namespace sluice {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "exact_json_fuzz: " << what << '\n';
  std::abort();
}

/// Nothing for text that is no JSON.
json parse(const std::string& text) {
  try {
    return parse_exactly(text);
  } catch (const std::runtime_error&) {
    return json(json::value_t::discarded);
  }
}

bool is_number(const std::string& text) {
  return text.find_first_not_of("0123456789.eE+-") == std::string::npos && json::accept(text);
}

/// The same number, written with a fraction and an exponent where it has neither.
void check_spellings(const std::string& number) {
  if (number.find_first_of(".eE") != std::string::npos) return;
  const json value = parse(number);
  const std::string zeros(number.size() % 7, '0');
  for (const auto& same : {number + ".0" + zeros, number + "e0", number + "E+00",
                           number + "0" + zeros + "e-" + std::to_string(1 + zeros.size())}) {
    if (parse(same) != value) fail(same + " is not " + number);
  }
  for (const auto& other : {number + ".1", number + "e-1", number + "1"}) {
    const bool zero = number.find_first_not_of("-0") == std::string::npos;
    if (parse(other) == value && !zero) fail(other + " is " + number);
  }
}

void check(const std::string& text) {
  const json value = parse(text);
  if (value.is_discarded() != !json::accept(text)) fail("another opinion of what is JSON");
  if (!value.is_discarded() && parse(text) != value) fail("not the same twice");
  // A longer exponent is of no number that a double can stand for, which `accept` asks for.
  if (is_number(text) && text.size() < 300) check_spellings(text);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
