#include "job/exact_json.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice {
namespace {

using nlohmann::json;

// Keeps a number apart from a string of the same characters; no text in PostgreSQL has a NUL.
constexpr char kNumberMark = '\0';

// A JSON number as digits without zeros at either end, times a power of ten.
struct Decimal {
  bool negative = false;
  std::string digits;  ///< empty: zero
  std::int64_t exponent = 0;
};

// One beyond all numbers that a database holds is as good as any other; this one can be added to.
std::int64_t parse_power(std::string_view text) {
  constexpr std::int64_t kBeyond = std::int64_t{1} << 60;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return text.front() == '-' ? -kBeyond : kBeyond;
  return std::clamp(value, -kBeyond, kBeyond);
}

Decimal parse_decimal(std::string_view written) {
  Decimal number;
  number.negative = written.front() == '-';
  const auto mantissa_end = std::min(written.find_first_of("eE"), written.size());
  bool after_point = false;
  for (const char c : written.substr(0, mantissa_end)) {
    if (c == '.') after_point = true;
    if (c < '0' || c > '9') continue;
    if (after_point) --number.exponent;
    if (c != '0' || !number.digits.empty()) number.digits += c;
  }
  while (!number.digits.empty() && number.digits.back() == '0') {
    number.digits.pop_back();
    ++number.exponent;
  }
  if (mantissa_end < written.size()) {
    auto power = written.substr(mantissa_end + 1);
    if (power.front() == '+') power.remove_prefix(1);
    number.exponent += parse_power(power);
  }
  return number;
}

json exact_number(std::string_view written) {
  Decimal number = parse_decimal(written);
  if (number.digits.empty()) return 0;
  constexpr std::int64_t kMostDigitsOfInt64 = 19;
  const auto size = static_cast<std::int64_t>(number.digits.size());
  const std::string sign = number.negative ? "-" : "";
  if (number.exponent >= 0 && size + number.exponent <= kMostDigitsOfInt64) {
    const std::string whole =
        sign + number.digits + std::string(static_cast<std::size_t>(number.exponent), '0');
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
    if (error == std::errc{}) return value;
  }
  return kNumberMark + sign + number.digits + "e" + std::to_string(number.exponent);
}

class ExactBuilder : public nlohmann::json_sax<json> {
 public:
  json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override {
    constexpr number_unsigned_t kMost = std::numeric_limits<std::int64_t>::max();
    return add(value > kMost ? exact_number(std::to_string(value)) : json(value));
  }
  bool number_float(number_float_t /*value*/, const string_t& written) override {
    return add(exact_number(written));
  }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& value) override { return add(std::move(value)); }

  bool start_object(std::size_t /*size*/) override { return open(json::object()); }
  bool key(string_t& name) override {
    name_ = std::move(name);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*size*/) override { return open(json::array()); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const json::exception& error) override {
    throw std::runtime_error(error.what());
  }

 private:
  json* place(json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    json& parent = *open_.back();
    if (parent.is_object()) return &(parent[name_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }
  bool add(json value) {
    place(std::move(value));
    return true;
  }
  // Nothing is added beside an open value, so its address stays.
  bool open(json value) {
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  json root_;
  std::vector<json*> open_;
  std::string name_;
};

}  // namespace

json parse_exactly(std::string_view text) {
  ExactBuilder builder;
  json::sax_parse(text, &builder);
  return builder.take();
}

}  // namespace sluice
