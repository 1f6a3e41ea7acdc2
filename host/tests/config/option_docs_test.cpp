#include "config/option_docs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "config/pipeline_schema.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;

const char* const kSchema = R"({
  "type": "object", "required": ["url"],
  "properties": {
    "url": {"type": "string", "description": "Where | to.", "examples": ["http://a"]},
    "delay": {"type": "string", "format": "duration", "default": "2s", "description": "Wait."},
    "mode": {"enum": ["fast", "safe"], "default": "safe"},
    "retries": {"type": "integer", "minimum": 0, "default": 3},
    "names": {"type": "array", "items": {"type": "string"}, "default": []},
    "prefix": {"type": "string", "default": ""},
    "old": {"type": "boolean", "deprecated": true, "description": "Use mode."},
    "tree": {"$ref": "#/$defs/node"},
    "parts": {"type": "array", "items": {"oneOf": [
      {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}},
      {"type": "object", "properties": {"kind": {"const": "b"}, "y": {"type": "number"}}}]}}
  },
  "$defs": {"node": {"type": "object", "description": "A node.", "required": ["table"],
    "properties": {
      "table": {"type": "string", "description": "Its table."},
      "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
      "parent": {"$ref": "#/$defs/node"}}}}})";

TEST(OptionTable, HasOneRowAnOption) {
  EXPECT_EQ(render_option_table(Json::parse(kSchema)),
            R"(| Option | Type | Default | Description |
|---|---|---|---|
| `url` | string | required | Where \| to. Example: `http://a`. |
| `delay` | duration | `2s` | Wait. |
| `mode` | fast \| safe | `safe` |  |
| `retries` | integer >= 0 | `3` |  |
| `names` | array of string | `[]` |  |
| `prefix` | string | `""` |  |
| `old` | boolean |  | Deprecated. Use mode. |
| `tree` | object |  | A node. |
| `tree.table` | string | required | Its table. |
| `tree.children` | array of object |  | Like `tree`. |
| `tree.parent` | object |  | A node. Like `tree`. |
| `parts` | array of object |  |  |
| `parts[].kind` | "a" \| "b" |  |  |
| `parts[].x` | integer |  |  |
| `parts[].y` | number |  |  |
)");
}

TEST(OptionTable, SaysThatThereAreNone) {
  EXPECT_EQ(render_option_table(Json::object()), "No options.\n");
  EXPECT_EQ(render_option_help(Json::object()), "No options.\n");
}

TEST(OptionHelp, ShowsTypeDefaultAndDescription) {
  const std::string help = render_option_help(Json::parse(kSchema));
  EXPECT_THAT(help, HasSubstr("url  (string)  required\n    Where | to. Example: `http://a`.\n"));
  EXPECT_THAT(help, HasSubstr("delay  (duration)  default: 2s\n    Wait.\n"));
}

TEST(OptionHelp, FitsTheTerminal) {
  std::istringstream lines(render_option_help(pipeline_schema()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(OptionTable, ShowsThePipelinesOptions) {
  const std::string table = render_option_table(pipeline_schema());
  EXPECT_THAT(table, HasSubstr("| `coalesce.max_keys` | integer 1..1000000 | `50` |"));
  EXPECT_THAT(table, HasSubstr("| `errors.retry.max` | duration | `5s` |"));
  EXPECT_THAT(table, HasSubstr("| `transforms[].plugin` | string | required |"));
  EXPECT_THAT(table, HasSubstr("| `jobs.<name>.config` | object |"));
}

}  // namespace
}  // namespace sluice
