#include "config/validator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config_test_support.hpp"

namespace sluice {
namespace {

using test::check;
using test::problems;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Json schema(const std::string& text) {
  return Json::parse(text);
}

/// An object with one option `v` of this schema.
Json option(const std::string& text) {
  return Json{{"type", "object"}, {"properties", {{"v", Json::parse(text)}}}};
}

struct Value {
  std::string schema;
  std::string yaml;
  std::string expected;  // JSON
};

class Normalises : public testing::TestWithParam<Value> {};

TEST_P(Normalises, TheValue) {
  const Validated result = check("v: " + GetParam().yaml, option(GetParam().schema), {{"N", "5"}});
  EXPECT_THAT(test::render_each(result.problems), IsEmpty());
  EXPECT_EQ(result.value.at("v").dump(), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Scalars, Normalises,
    testing::Values(
        Value{R"({"type":"integer"})", "010", "10"}, Value{R"({"type":"integer"})", "0x10", "16"},
        Value{R"({"type":"integer"})", "${N}", "5"}, Value{R"({"type":"integer"})", "'${N}'", "5"},
        Value{R"({"type":"integer"})", "1${N}", "15"}, Value{R"({"type":"number"})", "3", "3.0"},
        Value{R"({"type":"number"})", "-1.5e3", "-1500.0"},
        Value{R"({"type":"boolean"})", "True", "true"},
        Value{R"({"type":"boolean"})", "${X:-false}", "false"},
        Value{R"({"type":"string"})", "1.10", R"("1.10")"},
        Value{R"({"type":"string"})", "no", R"("no")"},
        Value{R"({"type":"string"})", "''", R"("")"},
        Value{R"({"type":"string"})", "${N}", R"("5")"},
        Value{R"({"type":["integer","string"]})", "5", "5"},
        Value{R"({"type":["integer","string"]})", "'5'", R"("5")"},
        Value{R"({"type":["integer","string"]})", "auto", R"("auto")"},
        Value{R"({"type":["string","null"]})", "~", "null"},
        Value{R"({"enum":[1,2,"auto"]})", "2", "2"},
        Value{R"({"enum":["1","2"],"type":"string"})", "2", R"("2")"},
        Value{R"({"const":true})", "true", "true"},
        Value{R"({})", "{a: [1, x, 1.5, true, ~, '7']}", R"({"a":[1,"x",1.5,true,null,"7"]})"},
        Value{R"(true)", "x", R"("x")"}));

INSTANTIATE_TEST_SUITE_P(
    Formats, Normalises,
    testing::Values(Value{R"({"type":"string","format":"duration"})", "2s", "2000"},
                    Value{R"({"type":"string","format":"duration"})", "'1h'", "3600000"},
                    Value{R"({"type":"string","format":"duration"})", "0", "0"},
                    Value{R"({"type":"string","format":"duration"})", "${N}d", "432000000"},
                    Value{R"({"type":"string","format":"size"})", "8mb", "8388608"},
                    Value{R"({"type":"string","format":"size"})", "100", "100"},
                    Value{R"({"type":"string","format":"path"})", "../x/y.json",
                          R"("/etc/x/y.json")"},
                    Value{R"({"type":"string","format":"path"})", "./a", R"("/etc/sluice/a")"},
                    Value{R"({"type":"string","format":"path"})", "/a/../b", R"("/b")"},
                    Value{R"({"type":"string","format":"path"})", "''", R"("")"},
                    Value{R"({"type":"string","format":"secret"})", "007", R"("007")"}));

INSTANTIATE_TEST_SUITE_P(
    Containers, Normalises,
    testing::Values(
        Value{R"({"type":"array","items":{"type":"string"}})", "[1, a]", R"(["1","a"])"},
        Value{R"({"type":"array"})", "", "[]"}, Value{R"({"type":"object"})", "", "{}"},
        Value{R"({"type":"object"})", "{b: 1, a: 2}", R"({"b":1,"a":2})"},
        Value{R"({"type":"object","additionalProperties":{"type":"string"}})", "{b: 1}",
              R"({"b":"1"})"},
        Value{
            R"({"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":true})",
            "{a: 1, x: 2}", R"({"a":1,"x":2})"},
        Value{
            R"({"type":"object","properties":{"a":{"type":"integer","default":7},"b":{"type":"string"}}})",
            "{}", R"({"a":7})"},
        Value{
            R"({"type":"object","properties":{"d":{"type":"string","format":"duration","default":"2s"},
                 "p":{"type":"string","format":"path","default":"x"},
                 "o":{"type":"object","default":{},"properties":{"n":{"type":"number","default":1}}},
                 "l":{"type":"array","items":{"type":"integer"},"default":[1,2]}}})",
            "{l: []}", R"({"l":[],"d":2000,"p":"/etc/sluice/x","o":{"n":1.0}})"}));

struct Wrong {
  std::string schema;
  std::string yaml;
  std::string problem;  // what comes after "f.yaml:1:4: error: v: "
};

class Refuses : public testing::TestWithParam<Wrong> {};

TEST_P(Refuses, TheValueAtItsPosition) {
  EXPECT_THAT(problems("v: " + GetParam().yaml, option(GetParam().schema), {{"N", "x"}, {"E", ""}}),
              ElementsAre("f.yaml:1:4: error: v: " + GetParam().problem));
}

const std::string kDuration = "expected a duration such as 250ms, 2s, 5m, 1h or 7d, found ";
const std::string kSize = "expected a size such as 512b, 64kb, 8mb or 1gb, found ";

INSTANTIATE_TEST_SUITE_P(
    Scalars, Refuses,
    testing::Values(
        Wrong{R"({"type":"integer"})", "abc", "expected an integer, found the string \"abc\""},
        Wrong{R"({"type":"integer"})", "'5'",
              "expected an integer, found the string \"5\"; remove the quotes"},
        Wrong{R"({"type":"integer"})", "1.5", "expected an integer, found 1.5"},
        Wrong{R"({"type":"integer"})", "true", "expected an integer, found true"},
        Wrong{R"({"type":"integer"})", "[1]", "expected an integer, found a list"},
        Wrong{R"({"type":"integer"})", "{a: 1}", "expected an integer, found a mapping"},
        Wrong{R"({"type":"integer"})", "~", "expected an integer, found nothing"},
        Wrong{R"({"type":"integer"})", "${N}", "expected an integer, found the string \"x\""},
        Wrong{R"({"type":"integer"})", "${E}", "expected an integer, found the string \"\""},
        Wrong{R"({"type":"integer"})", "9223372036854775808",
              "expected an integer, found 9223372036854775808, which does not fit 64 bits"},
        Wrong{R"({"type":"number"})", ".inf", "expected a number, found the string \".inf\""},
        Wrong{R"({"type":"boolean"})", "yes", "expected true or false, found the string \"yes\""},
        Wrong{R"({"type":"string"})", "~", "expected a string, found nothing"},
        Wrong{R"({"type":"string"})", "[a]", "expected a string, found a list"},
        Wrong{R"({"type":"array"})", "a", "expected a list, found the string \"a\""},
        Wrong{R"({"type":"object"})", "5", "expected a mapping, found 5"},
        Wrong{R"({"type":["integer","string"]})", "[]",
              "expected a string or an integer, found a list"},
        Wrong{R"({"type":"string"})", "[\"" + std::string(99, 'x') + "\"]",
              "expected a string, found a list"},
        Wrong{R"({"type":"integer"})", std::string(99, 'x'),
              "expected an integer, found the string \"" + std::string(60, 'x') + "...\""}));

INSTANTIATE_TEST_SUITE_P(
    Limits, Refuses,
    testing::Values(
        Wrong{R"({"type":"integer","minimum":1})", "0", "expected at least 1, found 0"},
        Wrong{R"({"type":"integer","maximum":10})", "11", "expected at most 10, found 11"},
        Wrong{R"({"type":"number","minimum":0.5})", "0.25", "expected at least 0.5, found 0.25"},
        Wrong{R"({"type":"string","format":"duration","minimum":100})", "99ms",
              "expected at least 100ms, found 99ms"},
        Wrong{R"({"type":"string","format":"size","maximum":1024})", "2kb",
              "expected at most 1024b, found 2kb"},
        Wrong{R"({"type":"string","minLength":1})", "''",
              "expected at least 1 character, found the string \"\""},
        Wrong{R"({"type":"string","minLength":3})", "\xC3\xA4\xC3\xB6",
              "expected at least 3 characters, found the string \"\xC3\xA4\xC3\xB6\""},
        Wrong{R"({"type":"string","pattern":"^[a-z]+$"})", "A1",
              "expected text that matches ^[a-z]+$, found the string \"A1\""},
        Wrong{R"({"type":"string","pattern":"^(a|aa)+$"})", std::string(2000, 'a'),
              "longer than 1000 bytes"},
        Wrong{R"({"type":"array","minItems":2})", "[1]", "expected at least 2 items, found 1"},
        Wrong{R"({"type":"array","minItems":1})", "[]", "expected at least 1 item, found 0"}));

INSTANTIATE_TEST_SUITE_P(
    Choices, Refuses,
    testing::Values(
        Wrong{
            R"({"enum":["earliest","latest"]})", "earlest",
            "expected one of \"earliest\", \"latest\", found the string \"earlest\"; did you mean "
            "\"earliest\"?"},
        Wrong{R"({"enum":["a","b"]})", "zzz",
              "expected one of \"a\", \"b\", found the string \"zzz\""},
        Wrong{R"({"enum":[1,2]})", "3", "expected one of 1, 2, found 3"},
        Wrong{R"({"const":1})", "2", "expected 1, found 2"}));

INSTANTIATE_TEST_SUITE_P(
    Formats, Refuses,
    testing::Values(
        Wrong{R"({"type":"string","format":"duration"})", "2", kDuration + "2; add a unit"},
        Wrong{R"({"type":"string","format":"duration"})", "-2s", kDuration + "the string \"-2s\""},
        Wrong{R"({"type":"string","format":"duration"})", "2 s", kDuration + "the string \"2 s\""},
        Wrong{R"({"type":"string","format":"duration"})", "~", kDuration + "nothing"},
        Wrong{R"({"type":"string","format":"duration"})", "[2s]", kDuration + "a list"},
        Wrong{R"({"type":"string","format":"size"})", "1.5mb", kSize + "the string \"1.5mb\""},
        Wrong{R"({"type":"string","format":"size"})", "many", kSize + "the string \"many\""}));

TEST(Validator, NeverShowsASecret) {
  const Json secret = option(R"({"type":"string","format":"secret","pattern":"^x"})");
  EXPECT_THAT(
      problems("v: hunter2", secret),
      ElementsAre("f.yaml:1:4: error: v: expected text that matches ^x, found another value"));
}

const char* const kServer = R"({
  "type": "object", "required": ["url", "port"],
  "properties": {
    "url": {"type": "string"}, "port": {"type": "integer"},
    "tls": {"type": "object", "properties": {"verify": {"type": "boolean", "default": true}}}
  }})";

TEST(Validator, NamesTheNearestKeyAndAllValidOnes) {
  EXPECT_THAT(problems("url: a\nport: 1\ntls:\n  verfiy: true\n", schema(kServer)),
              ElementsAre("f.yaml:4:3: error: tls.verfiy: unknown key \"verfiy\"; did you mean "
                          "\"verify\"? (valid: verify)"));
  EXPECT_THAT(problems("url: a\nport: 1\nzzzz: 1\n", schema(kServer)),
              ElementsAre("f.yaml:3:1: error: zzzz: unknown key \"zzzz\" (valid: url, port, tls)"));
}

TEST(Validator, SaysThatNoKeysAreAllowed) {
  EXPECT_THAT(problems("a: 1", schema(R"({"type":"object","properties":{}})")),
              ElementsAre("f.yaml:1:1: error: a: unknown key \"a\" (no keys are allowed here)"));
}

TEST(Validator, QuotesOddKeysInPaths) {
  EXPECT_THAT(problems("\"a.b\": 1", schema(kServer)),
              testing::Contains(HasSubstr("f.yaml:1:1: error: [\"a.b\"]: unknown key \"a.b\"")));
}

TEST(Validator, PutsAMissingKeyAtItsParent) {
  const Json outer = schema(std::string(R"({"type":"object","properties":{"s":)") + kServer + "}}");
  EXPECT_THAT(problems("s:\n  url: a\n", outer),
              ElementsAre("f.yaml:2:3: error: s: missing required key \"port\""));
  EXPECT_THAT(problems("s:\n", outer),
              ElementsAre("f.yaml:1:1: error: s: missing required key \"url\"",
                          "f.yaml:1:1: error: s: missing required key \"port\""));
  EXPECT_THAT(problems("url: a\n", schema(kServer)),
              ElementsAre("f.yaml:1:1: error: missing required key \"port\""));
}

TEST(Validator, DoesNotAlsoMissAKeyThatWasMisspelt) {
  EXPECT_EQ(problems("ulr: a\nport: 1\n", schema(kServer)).size(), 1U);
}

TEST(Validator, CollectsAllProblems) {
  EXPECT_THAT(problems("port: x\ntls: {verify: 1, a: 2}\nb: 3\n", schema(kServer)),
              ElementsAre(HasSubstr("1:7: error: port"), HasSubstr("2:15: error: tls.verify"),
                          HasSubstr("2:18: error: tls.a"), HasSubstr("3:1: error: b"),
                          HasSubstr("1:1: error: missing required key \"url\"")));
}

TEST(Validator, NamesItemsByIndex) {
  const Json list =
      option(R"({"type":"array","items":{"type":"object","properties":{"a":{"type":"integer"}}}})");
  EXPECT_THAT(problems("v:\n  - a: 1\n  - a: x\n", list),
              ElementsAre(HasSubstr("f.yaml:3:8: error: v[1].a: expected an integer")));
}

TEST(Validator, StartsPathsAtItsOrigin) {
  const ConfigDocument document = load_yaml("a: 1\n", "f.yaml", test::environment());
  const Validated result = validate(document.root, schema(kServer), {"f.yaml", "/", "sink.config"});
  EXPECT_EQ(result.problems[0].path, "sink.config.a");
  EXPECT_EQ(result.problems[1].path, "sink.config");
}

TEST(Validator, RefusesARootThatIsNoMapping) {
  EXPECT_THAT(problems("[a]", schema(kServer)),
              ElementsAre("f.yaml:1:1: error: expected a mapping, found a list"));
  EXPECT_THAT(problems("text", schema(kServer)),
              ElementsAre("f.yaml:1:1: error: expected a mapping, found the string \"text\""));
}

TEST(Validator, SaysNothingMoreAboutABrokenValue) {
  EXPECT_EQ(problems("url: a\nport: ${NONE}\n", schema(kServer)).size(), 1U);
}

TEST(Validator, WarnsOfDeprecatedKeys) {
  const Json old = option(R"({"type":"string","deprecated":true,"description":"use w"})");
  const Validated result = check("v: x", old);
  EXPECT_TRUE(result.ok());
  EXPECT_THAT(test::render_each(result.problems),
              ElementsAre("f.yaml:1:1: warning: v: deprecated: use w"));
}

TEST(Validator, ChecksTheNamesOfKeys) {
  const Json jobs = option(R"({"type":"object","propertyNames":{"pattern":"^[a-z]+$"}})");
  EXPECT_THAT(
      problems("v: {Night Run: 1, day: 2}", jobs),
      ElementsAre("f.yaml:1:5: error: v[\"Night Run\"]: expected text that matches ^[a-z]+$, "
                  "found the string \"Night Run\""));
}

TEST(Validator, KnowsKeysThatNeedEachOther) {
  const Json user = schema(R"({"type":"object",
    "properties":{"user":{"type":"string"},"password":{"type":"string"}},
    "dependentRequired":{"user":["password"],"password":["user"]}})");
  EXPECT_THAT(
      problems("user: a", user),
      ElementsAre("f.yaml:1:1: error: missing required key \"password\", which \"user\" needs"));
  EXPECT_THAT(problems("{}", user), IsEmpty());
}

// oneOf, anyOf

const char* const kSource = R"({
  "oneOf": [
    {"type": "object", "required": ["kind"],
     "properties": {"kind": {"const": "table"}, "table": {"type": "string"}}},
    {"type": "object", "required": ["kind", "on"],
     "properties": {"kind": {"const": "join"}, "on": {"type": "string"}}}
  ]})";

TEST(Branches, AreChosenByTheKeyThatTellsThemApart) {
  EXPECT_THAT(problems("v: {kind: join, on: x}", option(kSource)), IsEmpty());
  EXPECT_THAT(problems("v: {kind: join, onn: x}", option(kSource)),
              ElementsAre("f.yaml:1:17: error: v.onn: unknown key \"onn\"; did you mean \"on\"? "
                          "(valid: kind, on)"));
  EXPECT_THAT(
      problems("v: {kind: tabel}", option(kSource)),
      ElementsAre("f.yaml:1:11: error: v.kind: expected one of \"table\", \"join\", found the "
                  "string \"tabel\"; did you mean \"table\"?"));
  EXPECT_THAT(problems("v: {table: x}", option(kSource)),
              ElementsAre("f.yaml:1:4: error: v: missing required key \"kind\" (one of \"table\", "
                          "\"join\")"));
}

const char* const kColumn = R"({
  "anyOf": [
    {"type": "string", "minLength": 1},
    {"type": "object", "required": ["name"],
     "properties": {"name": {"type": "string"}, "as": {"type": "string", "default": "x"}}}
  ]})";

TEST(Branches, AreChosenByKind) {
  EXPECT_EQ(check("v: id", option(kColumn)).value["v"], "id");
  EXPECT_EQ(check("v: {name: id}", option(kColumn)).value["v"].dump(), R"({"name":"id","as":"x"})");
  EXPECT_THAT(problems("v: {nam: id}", option(kColumn)),
              ElementsAre(HasSubstr("v.nam: unknown key \"nam\"; did you mean \"name\"?")));
  EXPECT_THAT(problems("v: ''", option(kColumn)), ElementsAre(HasSubstr("at least 1 character")));
  EXPECT_THAT(problems("v: [x]", option(kColumn)),
              ElementsAre("f.yaml:1:4: error: v: expected a string or a mapping, found a list"));
}

TEST(Branches, PreferTheValueAsItIsToItsText) {
  const Json either = option(R"({"oneOf":[{"type":"string"},{"type":"integer"}]})");
  EXPECT_EQ(check("v: 5", either).value["v"], 5);
  EXPECT_EQ(check("v: '5'", either).value["v"], "5");
  EXPECT_EQ(check("v: x", either).value["v"], "x");
}

TEST(Branches, GiveTheProblemsOfTheNearest) {
  const Json either = option(R"({"anyOf":[
    {"type":"object","required":["a","b","c"],"properties":{"a":{},"b":{},"c":{}}},
    {"type":"object","required":["d","e"],"properties":{"d":{"type":"integer"},"e":{}}}]})");
  EXPECT_THAT(problems("v: {d: x, e: 1}", either),
              ElementsAre("f.yaml:1:8: error: v.d: expected an integer, found the string \"x\""));
}

TEST(Branches, ShareThePropertiesBesideThem) {
  const Json shared = option(R"({"type":"object",
    "properties":{"kind":{"description":"which"},"name":{"type":"string","default":"n"}},
    "required":["kind"],
    "oneOf":[{"properties":{"kind":{"const":"a"},"x":{"type":"integer"}}},
             {"properties":{"kind":{"const":"b"},"y":{"type":"integer"}},"required":["y"]}]})");
  EXPECT_EQ(check("v: {kind: a, x: 1}", shared).value["v"].dump(),
            R"({"kind":"a","x":1,"name":"n"})");
  EXPECT_THAT(problems("v: {kind: b}", shared),
              ElementsAre("f.yaml:1:4: error: v: missing required key \"y\""));
}

TEST(Branches, OfRequiredKeysAreAChoiceOfKeys) {
  const Json one = schema(R"({"type":"object","properties":{"url":{},"hosts":{},"port":{}},
    "oneOf":[{"required":["url"]},{"required":["hosts","port"]}]})");
  EXPECT_THAT(problems("url: x", one), IsEmpty());
  EXPECT_THAT(problems("{}", one),
              ElementsAre("f.yaml:1:1: error: needs \"url\" or \"hosts\" with \"port\""));
  EXPECT_THAT(
      problems("{url: x, hosts: y, port: 1}", one),
      ElementsAre("f.yaml:1:1: error: takes only one of \"url\" and \"hosts\" with \"port\""));
}

// $ref

const char* const kTree = R"({
  "type": "object", "properties": {"document": {"$ref": "#/$defs/node"}},
  "$defs": {"node": {
    "type": "object", "required": ["table"],
    "properties": {
      "table": {"type": "string"},
      "children": {"type": "array", "default": [], "items": {"$ref": "#/$defs/node"}}}}}})";

TEST(References, MayBeRecursive) {
  const std::string yaml =
      "document:\n  table: a\n  children:\n    - table: b\n      children:\n        - tabel: c\n";
  EXPECT_THAT(problems(yaml, schema(kTree)),
              ElementsAre("f.yaml:6:11: error: document.children[0].children[0].tabel: unknown key "
                          "\"tabel\"; did you mean \"table\"? (valid: table, children)"));
  EXPECT_EQ(check("document: {table: a, children: [{table: b}]}", schema(kTree)).value.dump(),
            R"({"document":{"table":"a","children":[{"table":"b","children":[]}]}})");
}

TEST(References, TakeKeywordsBesideThem) {
  const Json beside = schema(R"({"type":"object",
    "properties":{"a":{"$ref":"#/$defs/n","default":5,"maximum":6}},
    "$defs":{"n":{"type":"integer","minimum":1}}})");
  EXPECT_EQ(check("{}", beside).value.dump(), R"({"a":5})");
  EXPECT_THAT(problems("a: 7", beside), ElementsAre(HasSubstr("expected at most 6")));
  EXPECT_THAT(problems("a: 0", beside), ElementsAre(HasSubstr("expected at least 1")));
}

TEST(References, ThatGoRoundEndAsAProblem) {
  const Json endless = schema(R"({"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},
    "$defs":{"n":{"type":"object","default":{},"properties":{"n":{"$ref":"#/$defs/n"}}}}})");
  EXPECT_THAT(problems("a: {}", endless), ElementsAre(HasSubstr("nested too deeply")));
  const Json choices = schema(R"({"$ref":"#/$defs/n",
    "$defs":{"n":{"oneOf":[{"$ref":"#/$defs/n"},{"$ref":"#/$defs/n"}]}}})");
  EXPECT_THAT(problems("a: {}", choices), ElementsAre(HasSubstr("nested too deeply")));
}

TEST(Validator, KeepsTheOrderOfTheFile) {
  const Validated result = check("tls: {}\nport: 1\nurl: x\n", schema(kServer));
  EXPECT_EQ(result.value.dump(), R"({"tls":{"verify":true},"port":1,"url":"x"})");
}

}  // namespace
}  // namespace sluice
