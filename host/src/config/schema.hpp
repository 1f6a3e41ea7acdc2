#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/json.hpp"

namespace sluice {

/// The keywords of JSON Schema (draft 2020-12) that options are described with. See the README of
/// this folder for what each means here.
inline constexpr std::array<std::string_view, 27> kSchemaKeywords{"$schema",
                                                                  "$id",
                                                                  "$comment",
                                                                  "$defs",
                                                                  "$ref",
                                                                  "title",
                                                                  "type",
                                                                  "enum",
                                                                  "const",
                                                                  "default",
                                                                  "examples",
                                                                  "format",
                                                                  "pattern",
                                                                  "minLength",
                                                                  "minimum",
                                                                  "maximum",
                                                                  "items",
                                                                  "minItems",
                                                                  "required",
                                                                  "properties",
                                                                  "oneOf",
                                                                  "anyOf",
                                                                  "deprecated",
                                                                  "description",
                                                                  "propertyNames",
                                                                  "additionalProperties",
                                                                  "dependentRequired"};

/// The formats that the host turns into what a plugin can use at once.
inline constexpr std::array<std::string_view, 4> kSchemaFormats{"duration", "size", "path",
                                                                "secret"};

/// `base` with the keywords of `overlay` on top: `required` is joined, `properties` merged one by
/// one, any other keyword replaced.
Json merge_schemas(const Json& base, const Json& overlay);

/// The schema with its `$ref`s to `#/$defs/...` of `root` replaced by what they name, its own
/// keywords on top; not what is nested in it. `true`, and a reference that leads nowhere, gives
/// `{}`.
Json resolve_schema(const Json& root, const Json& schema);

/// `oneOf` or `anyOf` (the keyword) if the schema has branches, else empty.
std::string branch_keyword(const Json& schema);

/// What each branch of the schema means: the schema without its branches, with the branch on top.
std::vector<Json> merged_branches(const Json& root, const Json& schema);

/// The schema of `key` in an object; null if an object of this schema may not have it.
const Json* property_schema(const Json& schema, const std::string& key);

/// The schemas directly inside a well-formed schema, with where they stand, e.g. `properties/url`.
std::vector<std::pair<std::string, const Json*>> subschemas(const Json& schema);

/// The names of a schema's `properties`, deprecated ones left out.
std::vector<std::string> property_names(const Json& schema);

}  // namespace sluice
