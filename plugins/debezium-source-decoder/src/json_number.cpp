#include "json_number.hpp"

#include <charconv>
#include <cmath>

namespace sluice::debezium {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What the grammar of JSON numbers says about a text.
struct Number {
  bool integer = true;
  int significant_digits = 0;  // without leading zeros
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  std::optional<Number> scan() {
    skip('-');
    const char* const whole = at_;
    if (digits() == 0 || (*whole == '0' && at_ - whole > 1)) return std::nullopt;
    if (skip('.')) {
      number_.integer = false;
      if (digits() == 0) return std::nullopt;
    }
    const int significant = number_.significant_digits;
    if (skip('e') || skip('E')) {
      number_.integer = false;
      if (!skip('+')) skip('-');
      if (digits() == 0) return std::nullopt;
    }
    number_.significant_digits = significant;
    return at_ == end_ ? std::optional(number_) : std::nullopt;
  }

 private:
  bool skip(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  std::ptrdiff_t digits() {
    const char* const start = at_;
    for (; at_ != end_ && is_digit(*at_); ++at_) {
      if (*at_ != '0' || number_.significant_digits > 0) ++number_.significant_digits;
    }
    return at_ - start;
  }

  const char* at_;
  const char* end_;
  Number number_;
};

template <typename T>
std::optional<T> parse_whole(std::string_view text) {
  T result{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return result;
}

// Every decimal of up to 15 digits survives the way through a normal double.
constexpr int kExactDigits = 15;

}  // namespace

std::optional<sluice_value> number_value(std::string_view token) {
  const auto number = Scanner(token).scan();
  if (!number) return std::nullopt;
  if (number->integer) {
    const auto integer = parse_whole<std::int64_t>(token);
    return integer && token != "-0" ? make_int64(*integer) : make_json(token);
  }
  if (number->significant_digits <= kExactDigits) {
    const auto real = parse_whole<double>(token);
    if (real && (std::isnormal(*real) || number->significant_digits == 0)) {
      return make_double(*real);
    }
  }
  return make_json(token);
}

}  // namespace sluice::debezium
