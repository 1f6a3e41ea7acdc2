#include "config/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace sluice {

namespace {

struct TypeName {
  TypeSet type;
  std::string_view name;
  std::string_view phrase;
};

constexpr std::array<TypeName, 7> kTypeNames{{{kStringType, "string", "a string"},
                                              {kIntegerType, "integer", "an integer"},
                                              {kNumberType, "number", "a number"},
                                              {kBooleanType, "boolean", "true or false"},
                                              {kObjectType, "object", "a mapping"},
                                              {kArrayType, "array", "a list"},
                                              {kNullType, "null", "null"}}};

template <typename Number>
std::optional<Number> parse_whole(std::string_view text, int base) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const bool is_prefixed =
      text.starts_with("0x") || text.starts_with("0o") || text.starts_with('+');
  int base = 10;
  if (text.starts_with("0x")) base = 16;
  if (text.starts_with("0o")) base = 8;
  if (is_prefixed) text.remove_prefix(base == 10 ? 1 : 2);
  if (is_prefixed && text.starts_with('-')) return std::nullopt;
  return parse_whole<std::int64_t>(text, base);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  // from_chars would also take "inf", "nan" and "infinity".
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || !(is_digit(digits[0]) || digits[0] == '.')) return std::nullopt;
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

Json natural_plain(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (const auto integer = parse_integer(text)) return *integer;
  const bool all_digits = text.find_first_not_of("+-0123456789") == std::string::npos;
  if (!all_digits) {
    if (const auto number = parse_number(text)) return *number;
  }
  return text;
}

TypeSet type_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean:
      return kBooleanType;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return kIntegerType;
    case Json::value_t::number_float:
      return kNumberType;
    default:
      return kStringType;
  }
}

std::optional<Json> as_one_of(const Json& value, const std::string& text, unsigned types) {
  if ((type_of(value) & types) != 0) return value;
  if (value.is_number_integer() && (types & kNumberType) != 0) return value.get<double>();
  if (value.is_number_float() && (types & kIntegerType) != 0) {
    constexpr double kExact = 9007199254740992.0;  // 2^53
    const double number = value.get<double>();
    if (std::trunc(number) == number && std::abs(number) <= kExact) {
      return static_cast<std::int64_t>(number);
    }
  }
  if ((types & kNumberType) != 0) {  // an integer beyond 64 bits
    if (const auto number = parse_number(text)) return *number;
  }
  return std::nullopt;
}

/// Multiplies and adds, nullopt on overflow.
std::optional<std::int64_t> scaled_sum(std::int64_t sum, std::int64_t count, std::int64_t unit) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(count, unit, &product)) return std::nullopt;
  if (__builtin_add_overflow(sum, product, &sum)) return std::nullopt;
  return sum;
}

std::string_view take_while(std::string_view& text, bool (*accept)(char)) {
  const auto end = std::find_if_not(text.begin(), text.end(), accept);
  const auto taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

using Unit = std::pair<std::string_view, std::int64_t>;

template <std::size_t N>
std::optional<std::int64_t> find_unit(const std::array<Unit, N>& units, std::string_view name) {
  const auto found = std::find_if(units.begin(), units.end(),
                                  [name](const Unit& unit) { return unit.first == name; });
  return found == units.end() ? std::nullopt : std::optional(found->second);
}

constexpr std::array<Unit, 5> kDurationUnits{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

constexpr std::array<Unit, 6> kSizeUnits{{{"", 1},
                                          {"b", 1},
                                          {"kb", 1LL << 10U},
                                          {"mb", 1LL << 20U},
                                          {"gb", 1LL << 30U},
                                          {"tb", 1LL << 40U}}};

}  // namespace

TypeSet type_by_name(std::string_view name) {
  for (const TypeName& known : kTypeNames) {
    if (known.name == name) return known.type;
  }
  return kNoType;
}

TypeSet types_of(const Json& type) {
  if (type.is_string()) return type_by_name(type.get_ref<const std::string&>());
  if (!type.is_array()) return kAnyType;
  unsigned types = kNoType;
  for (const Json& name : type) types |= types_of(name);
  return static_cast<TypeSet>(types);
}

std::string describe_types(unsigned types) {
  std::vector<std::string_view> phrases;
  for (const TypeName& known : kTypeNames) {
    if ((known.type & types) != 0) phrases.push_back(known.phrase);
  }
  std::string text;
  for (std::size_t i = 0; i < phrases.size(); ++i) {
    if (i > 0) text += i + 1 == phrases.size() ? " or " : ", ";
    text += phrases[i];
  }
  return text;
}

Json natural_value(const ConfigNode& scalar) {
  return scalar.is_quoted ? Json(scalar.text) : natural_plain(scalar.text);
}

std::optional<Json> coerce_scalar(const ConfigNode& scalar, unsigned types) {
  if (auto value = as_one_of(natural_value(scalar), scalar.text, types)) return value;
  if ((types & kStringType) != 0) return scalar.text;
  if (!scalar.is_interpolated) return std::nullopt;
  return as_one_of(natural_plain(scalar.text), scalar.text, types);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text == "0") return 0;
  std::optional<std::int64_t> sum = 0;
  if (text.empty()) return std::nullopt;
  while (sum && !text.empty()) {
    const auto count = parse_whole<std::int64_t>(take_while(text, is_digit), 10);
    const auto unit =
        find_unit(kDurationUnits, take_while(text, [](char c) { return !is_digit(c); }));
    if (!count || !unit) return std::nullopt;
    sum = scaled_sum(*sum, *count, *unit);
  }
  return sum;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  const auto count = parse_whole<std::int64_t>(take_while(text, is_digit), 10);
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto unit = find_unit(kSizeUnits, name);
  if (!count || !unit) return std::nullopt;
  return scaled_sum(0, *count, *unit);
}

}  // namespace sluice
