#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/json.hpp"
#include "config/node.hpp"

namespace sluice {

/// A set of JSON Schema types.
enum TypeSet : unsigned {
  kNoType = 0,
  kNullType = 1U << 0U,
  kBooleanType = 1U << 1U,
  kIntegerType = 1U << 2U,
  kNumberType = 1U << 3U,
  kStringType = 1U << 4U,
  kObjectType = 1U << 5U,
  kArrayType = 1U << 6U,
  kAnyType = (1U << 7U) - 1U,
};

/// The type of that name, kNoType if there is none.
TypeSet type_by_name(std::string_view name);

/// The types that a schema's `type` (a name or a list of names) allows; kAnyType for null.
TypeSet types_of(const Json& type);

/// `an integer or a string`
std::string describe_types(unsigned types);

/// The value of a scalar by YAML 1.2's core schema: true/false, integers (decimal even with leading
/// zeros, 0x, 0o), decimals, else text. Text in quotes is a string. Integers beyond 64 bits, `.inf`
/// and
/// `.nan` have no JSON form and stay text.
Json natural_value(const ConfigNode& scalar);

/// The value of a scalar as one of `types`, or nullopt if it cannot be. Its natural value where
/// that is allowed; an integer where a number is; text in quotes as another type only if it came
/// from `${...}`, for the environment is all text; and what is not in quotes as a string, just as
/// written.
std::optional<Json> coerce_scalar(const ConfigNode& scalar, unsigned types);

/// `250ms`, `2s`, `5m`, `1h`, `7d`, `1m30s` or `0`, in milliseconds.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// `64kb`, `8mb`, `1gb`, `2tb` (1024-based, either case), `512b` or `512`, in bytes.
std::optional<std::int64_t> parse_size(std::string_view text);

}  // namespace sluice
