#include "config/schema_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/pipeline_schema.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Unsound {
  std::string schema;
  std::string problem;
};

class FindsUnsoundSchema : public testing::TestWithParam<Unsound> {};

TEST_P(FindsUnsoundSchema, AtItsPlace) {
  EXPECT_THAT(check_schema(Json::parse(GetParam().schema)), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    CheckSchema, FindsUnsoundSchema,
    testing::Values(
        Unsound{R"([])", "/: expected a schema, found []"},
        Unsound{R"({"type":"array"})", "/type: the options of a plugin are an object"},
        Unsound{R"({"properties":{"url":{"type":"string","maxLength":5}}})",
                "/properties/url: unsupported keyword \"maxLength\"; did you mean \"minLength\"?"},
        Unsound{R"({"properties":{"a":{"allOf":[]}}})",
                "/properties/a: unsupported keyword \"allOf\""},
        Unsound{R"({"properties":{"a":{"if":{}}}})", "/properties/a: unsupported keyword \"if\""},
        Unsound{
            R"({"properties":{"a":{"type":"strnig"}}})",
            "/properties/a/type: expected one of the JSON Schema types or a list of them, found "
            "\"strnig\""},
        Unsound{
            R"({"properties":{"a":{"type":[]}}})",
            "/properties/a/type: expected one of the JSON Schema types or a list of them, found "
            "[]"},
        Unsound{
            R"({"properties":{"a":{"type":"string","format":"uri"}}})",
            "/properties/a/format: expected one of duration, size, path, secret, found \"uri\""},
        Unsound{R"({"properties":{"a":{"pattern":"("}}})",
                "/properties/a/pattern: expected a regular expression that compiles, found \"(\""},
        Unsound{R"({"properties":{"a":{"minLength":-1}}})",
                "/properties/a/minLength: expected a count, found -1"},
        Unsound{R"({"properties":{"a":{"minimum":"1"}}})",
                "/properties/a/minimum: expected a number, found \"1\""},
        Unsound{R"({"properties":{"a":{"enum":[]}}})",
                "/properties/a/enum: expected a list of values, found []"},
        Unsound{R"({"properties":[]})", "/properties: expected schemas by name"},
        Unsound{R"({"properties":{"a":5}})", "/properties/a: expected a schema, found 5"},
        Unsound{R"({"properties":{"a":{"items":false}}})",
                "/properties/a/items: expected a schema, found false"},
        Unsound{R"({"properties":{"a":{"oneOf":[]}}})",
                "/properties/a/oneOf: expected a list of schemas"},
        Unsound{R"({"properties":{"a":{"oneOf":[{"tpye":"string"}]}}})",
                "/properties/a/oneOf/0: unsupported keyword \"tpye\"; did you mean \"type\"?"},
        Unsound{R"({"properties":{"a":{"oneOf":[{}],"anyOf":[{}]}}})",
                "/properties/a: \"oneOf\" beside \"anyOf\" is not supported"},
        Unsound{R"({"properties":{"a":{"$ref":"#/$defs/none"}}})",
                "/properties/a/$ref: \"#/$defs/none\" is not in \"$defs\""},
        Unsound{R"({"properties":{"a":{"$ref":"https://example.org/x"}}})",
                "/properties/a/$ref: \"https://example.org/x\" is not in \"$defs\""},
        Unsound{R"({"properties":{"a":{}},"required":["b"]})",
                "/required: \"b\" is not in \"properties\""},
        Unsound{R"({"required":"a"})", "/required: expected a list of names, found \"a\""},
        Unsound{R"({"dependentRequired":{"a":"b"}})",
                "/dependentRequired: expected lists of names by name, found {\"a\":\"b\"}"},
        Unsound{R"({"properties":{"a":{"type":"integer","default":"x"}}})",
                "/properties/a/default: expected an integer, found the string \"x\""},
        Unsound{R"({"properties":{"a":{"type":"string","format":"duration","default":"2"}}})",
                "/properties/a/default: expected a duration such as 250ms, 2s, 5m, 1h or 7d, found "
                "the string \"2\""},
        Unsound{R"({"properties":{"a":{"type":"object","default":{"c":1},"properties":{"b":{}}}}})",
                "/properties/a/default: c: unknown key \"c\"; did you mean \"b\"? (valid: b)"}));

TEST(CheckSchema, FindsReferencesThatGoRound) {
  EXPECT_THAT(check_schema(Json::parse(R"({"properties":{"a":{"$ref":"#/$defs/x"}},
                "$defs":{"x":{"$ref":"#/$defs/y"},"y":{"$ref":"#/$defs/x"}}})")),
              testing::Each(HasSubstr("leads back to itself")));
}

TEST(CheckSchema, FindsDefaultsWithoutEnd) {
  EXPECT_THAT(check_schema(Json::parse(R"({"properties":{"a":{"$ref":"#/$defs/n"}},
                "$defs":{"n":{"type":"object","default":{},"properties":{"n":{"$ref":"#/$defs/n"}}}}})")),
              testing::Contains(HasSubstr("nested too deeply")));
}

TEST(CheckSchema, FindsSeveralProblems) {
  EXPECT_EQ(check_schema(Json::parse(R"({"properties":{"a":{"x":1,"y":2}}})")).size(), 2U);
}

TEST(CheckSchema, AcceptsEveryKeyword) {
  EXPECT_THAT(check_schema(Json::parse(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x", "$comment": "c",
    "title": "t", "description": "d", "type": "object", "required": ["a"],
    "dependentRequired": {"a": ["b"]}, "propertyNames": {"pattern": "^[a-z]+$"},
    "additionalProperties": true,
    "properties": {
      "a": {"type": ["string", "integer"], "enum": ["x", 1], "default": "x", "examples": ["x"]},
      "b": {"const": 5, "deprecated": true},
      "c": {"type": "array", "items": {"$ref": "#/$defs/s"}, "minItems": 1},
      "default": {"type": "number", "minimum": 0, "maximum": 1.5, "default": 1},
      "e": {"oneOf": [{"type": "string", "format": "secret"}, {"type": "object"}]},
      "f": {"anyOf": [{"type": "string", "minLength": 1, "pattern": "^x"}, true]}},
    "$defs": {"s": {"type": "string", "format": "size", "default": "1mb"}}})")),
              IsEmpty());
}

TEST(CheckSchema, AcceptsNoOptions) {
  EXPECT_THAT(check_schema(Json::object()), IsEmpty());
}

TEST(CheckSchema, AcceptsTheSchemaOfPipelines) {
  EXPECT_THAT(check_schema(pipeline_schema()), IsEmpty());
}

}  // namespace
}  // namespace sluice
