#include "config/yaml_loader.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config_test_support.hpp"

namespace sluice {
namespace {

using test::environment;
using test::render_each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ConfigDocument load(const std::string& yaml, test::Variables variables = {}) {
  return load_yaml(yaml, "f.yaml", environment(std::move(variables)));
}

std::vector<std::string> problems_of(const std::string& yaml, test::Variables variables = {}) {
  return render_each(load(yaml, std::move(variables)).problems);
}

const ConfigNode& at(const ConfigDocument& document, const std::string& key) {
  const ConfigNode* node = document.root.find(key);
  if (node == nullptr) throw std::out_of_range(key);
  return *node;
}

TEST(YamlLoader, KeepsTextAndPositionOfEveryValue) {
  const ConfigDocument document = load("# comment\na: 010\nb: 'x'\nc:\n  - p\n  - {q: \"r\"}\n");
  ASSERT_THAT(render_each(document.problems), IsEmpty());
  EXPECT_EQ(at(document, "a").text, "010");
  EXPECT_FALSE(at(document, "a").is_quoted);
  EXPECT_EQ(at(document, "a").position, (Position{2, 4}));
  EXPECT_TRUE(at(document, "b").is_quoted);
  EXPECT_EQ(at(document, "c").items[0].position, (Position{5, 5}));
  EXPECT_EQ(at(document, "c").items[1].find("q")->position, (Position{6, 9}));
}

TEST(YamlLoader, CountsColumnsInCharacters) {
  const ConfigDocument document = load("größe: {é: x}\n");
  EXPECT_EQ(at(document, "größe").find("é")->position, (Position{1, 12}));
}

TEST(YamlLoader, PutsAnEmptyValueAtItsKey) {
  const ConfigDocument document = load("a: 1\nb:\n\n# end\nc: ~\n");
  EXPECT_EQ(at(document, "b").kind, ConfigNode::Kind::kNull);
  EXPECT_EQ(at(document, "b").position, (Position{2, 1}));
  EXPECT_EQ(at(document, "c").position, (Position{5, 4}));
}

TEST(YamlLoader, ReplacesVariablesInValuesOnly) {
  const ConfigDocument document = load("${A}: ${A}\nb: [\"<${A}>\", '${A}', $$]\n", {{"A", "v"}});
  ASSERT_THAT(render_each(document.problems), IsEmpty());
  EXPECT_EQ(at(document, "${A}").text, "v");
  EXPECT_TRUE(at(document, "${A}").is_interpolated);
  EXPECT_EQ(at(document, "b").items[0].text, "<v>");
  EXPECT_EQ(at(document, "b").items[1].text, "v");
  EXPECT_EQ(at(document, "b").items[2].text, "$");
  EXPECT_FALSE(at(document, "b").items[2].is_interpolated);
}

TEST(YamlLoader, AValueCannotAddStructure) {
  const ConfigDocument document = load("a: ${A}\n", {{"A", "x\nb: {c: 1}\n- d"}});
  ASSERT_EQ(document.root.entries.size(), 1U);
  EXPECT_EQ(at(document, "a").text, "x\nb: {c: 1}\n- d");
}

TEST(YamlLoader, SaysWhereAVariableIsMissing) {
  EXPECT_THAT(problems_of("s:\n  url: http://${HOST}/\n"),
              ElementsAre("f.yaml:2:15: error: s.url: environment variable HOST is not set; set it "
                          "or write ${HOST:-default}"));
  EXPECT_THAT(problems_of("l: [\"é${HOST}\"]\n"),
              ElementsAre(HasSubstr("f.yaml:1:7: error: l[0]:")));
  EXPECT_THAT(problems_of("a: \"\\t${HOST}\"\n"), ElementsAre(HasSubstr("f.yaml:1:4: error: a:")));
  EXPECT_THAT(problems_of("a: |\n  x\n  ${HOST}\n"), ElementsAre(HasSubstr("f.yaml:1:4:")));
}

TEST(YamlLoader, MarksAFailedValueAsBroken) {
  EXPECT_EQ(at(load("a: ${NONE}\n"), "a").kind, ConfigNode::Kind::kBroken);
}

TEST(YamlLoader, ReportsEveryDuplicateKey) {
  EXPECT_THAT(problems_of("a: 1\nb: {c: 1, 'c': 2}\na: 3\n"),
              ElementsAre("f.yaml:2:11: error: b.c: duplicate key \"c\"; the first is in line 2",
                          "f.yaml:3:1: error: a: duplicate key \"a\"; the first is in line 1"));
}

TEST(YamlLoader, FollowsAliases) {
  const ConfigDocument document = load("a: &x {k: [1, 2]}\nb: *x\n");
  ASSERT_THAT(render_each(document.problems), IsEmpty());
  EXPECT_EQ(at(document, "b").find("k")->items[1].text, "2");
}

TEST(YamlLoader, MergesMappingsButKeepsOwnKeys) {
  const ConfigDocument document =
      load("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\nd:\n  <<: *a\n");
  ASSERT_THAT(render_each(document.problems), IsEmpty());
  const ConfigNode& merged = at(document, "c");
  EXPECT_EQ(merged.find("x")->text, "3");
  EXPECT_EQ(merged.find("y")->text, "1");
  EXPECT_EQ(merged.find("z")->text, "2");
  EXPECT_EQ(merged.find("<<"), nullptr);
  EXPECT_EQ(at(document, "d").entries.size(), 2U);
}

TEST(YamlLoader, ReportsAVariableOfAnAnchorOnce) {
  EXPECT_EQ(problems_of("a: &x ${NONE}\nb: *x\nc: *x\n").size(), 1U);
}

struct Malformed {
  std::string yaml;
  std::string problem;
};

class RejectsYaml : public testing::TestWithParam<Malformed> {};

TEST_P(RejectsYaml, WithPosition) {
  EXPECT_THAT(problems_of(GetParam().yaml), ElementsAre(GetParam().problem));
}

std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string laughs() {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    const std::string name = "a" + std::to_string(i);
    yaml += name + ": &" + name + " [" + repeat(alias + ", ", 9) + alias + "]\n";
  }
  return yaml;
}

INSTANTIATE_TEST_SUITE_P(
    YamlLoader, RejectsYaml,
    testing::Values(
        Malformed{"", "f.yaml:1:1: error: the file is empty"},
        Malformed{"# only a comment\n", "f.yaml:1:1: error: the file is empty"},
        Malformed{"a: 1\n---\nb: 2\n", "f.yaml:2:1: error: a second document; a file holds one"},
        Malformed{
            "a: [1,\n",
            "f.yaml:2:1: error: end of sequence flow not found; close the \"[\" with \"]\", or "
            "check the commas in between"},
        Malformed{
            "a: {b: 1\nc: 2\n",
            "f.yaml:2:2: error: end of map flow not found; close the \"{\" with \"}\", or check "
            "the commas in between"},
        Malformed{"a:\n  b: 1\n c:\n  d: 1\n",
                  "f.yaml:3:2: error: end of map not found; check the indentation: the keys of one "
                  "mapping begin in the same column; and let nothing follow a quoted value"},
        Malformed{
            "a: * b\n",
            "f.yaml:1:5: error: alias not found after *; quote a value that begins with \"*\""},
        Malformed{"a: @b\n",
                  "f.yaml:1:4: error: unknown token; quote a value that begins with a special "
                  "character"},
        Malformed{
            "a: b: c\n",
            "f.yaml:1:5: error: not valid YAML here; check the indentation, and quote a value "
            "that holds \": \""},
        Malformed{"a: \"C:\\\xc3\xa9\"\n",
                  "f.yaml:1:9: error: no such escape in a double-quoted value; write \\\\ for a "
                  "backslash, or quote with '"},
        Malformed{"a:\n\tb: 1\n", "f.yaml:2:3: error: a tab in the indentation; use spaces"},
        Malformed{"a: *nope\n",
                  "f.yaml:1:4: error: the referenced anchor is not defined; quote a value that "
                  "begins with \"*\""},
        Malformed{"a: &s [*s]\n",
                  "f.yaml:1:8: error: an alias inside the value that it stands for"},
        Malformed{"a: {<<: 5}\n",
                  "f.yaml:1:9: error: a: \"<<\" takes a mapping or a list of mappings"},
        Malformed{"a: !!int 5\n",
                  "f.yaml:1:4: error: a: the tag \"tag:yaml.org,2002:int\" is not "
                  "supported; remove it"},
        Malformed{"a: !mine {b: 1}\n",
                  "f.yaml:1:4: error: a: the tag \"!mine\" is not supported; remove it"},
        Malformed{"? [a]\n: 1\n", "f.yaml:1:3: error: a key must be plain text"},
        Malformed{"a: caf\xE9\n", "f.yaml:1:7: error: not UTF-8 text"},
        Malformed{std::string("a: 1\nb\0: 2", 9),
                  "f.yaml:2:2: error: a control character that YAML does not allow"},
        Malformed{"a: 1\x04\nb: 2",
                  "f.yaml:1:5: error: a control character that YAML does not allow"},
        Malformed{"a: " + repeat("[", 100) + repeat("]", 100),
                  "f.yaml:1:67: error: nested deeper than 64 levels"},
        Malformed{repeat("[", 100000), "f.yaml:1:33: error: nested deeper than 64 levels"},
        Malformed{laughs(), "f.yaml:5:25: error: more than 50000 values, aliases spelled out"},
        Malformed{"größe: {é: ☺, é: *x}\n",
                  "f.yaml:1:18: error: the referenced anchor is not defined; quote a value that "
                  "begins with \"*\""},
        Malformed{"a: \"\\u263",
                  "f.yaml:1:10: error: bad character found while scanning hex number"},
        Malformed{"a: &a " + std::string(1 << 20, 'x') + "\nb: [*a, *a, *a, *a]\n",
                  "f.yaml:2:13: error: more than 4 MiB of text, aliases and variables spelled out"},
        Malformed{std::string((4 << 20) + 1, '#'), "f.yaml: error: larger than 4 MiB"}));

TEST(YamlLoader, BoundsTheTextThatVariablesBringIn) {
  const test::Variables variables = {{"LARGE", std::string(1 << 20, 'x')}};
  EXPECT_THAT(problems_of("a: ${LARGE}\nb: ['${LARGE}', '${LARGE}']\n", variables), IsEmpty());
  EXPECT_THAT(
      problems_of("a: ${LARGE}\nb: ['${LARGE}', '${LARGE}', '${LARGE}']\n", variables),
      ElementsAre(
          "f.yaml:2:29: error: more than 4 MiB of text, aliases and variables spelled out"));
  EXPECT_THAT(problems_of("a: '${LARGE}${LARGE}${LARGE}${LARGE}${LARGE}'\n", variables),
              ElementsAre(HasSubstr("the text is larger than 4 MiB")));
}

TEST(YamlLoader, ReportsOnOneLineWhateverTheFileHolds) {
  EXPECT_THAT(problems_of("a: \"${file:/x\\ny\\x01}\"\n"),
              ElementsAre("f.yaml:1:4: error: a: cannot read the file \"/x\\ny\\u0001\""));
}

TEST(YamlLoader, CountsColumnsAfterAByteOrderMark) {
  EXPECT_THAT(problems_of("\xEF\xBB\xBFé: [ü, *é]\n"),
              ElementsAre(HasSubstr("f.yaml:1:8: error: the referenced anchor")));
}

TEST(YamlLoader, TakesStringTagAsQuotes) {
  const ConfigDocument document = load("a: !!str 5\n");
  EXPECT_THAT(render_each(document.problems), IsEmpty());
  EXPECT_TRUE(at(document, "a").is_quoted);
}

TEST(YamlLoader, TakesWindowsLineEndsAndByteOrderMark) {
  const ConfigDocument document = load(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: 2\r\n");
  EXPECT_THAT(render_each(document.problems), IsEmpty());
  EXPECT_EQ(at(document, "b").text, "2");
}

TEST(YamlLoader, SaysThatAFileIsMissingOrNoFile) {
  EXPECT_THAT(render_each(load_yaml_file("/none/such.yaml", environment()).problems),
              ElementsAre("/none/such.yaml: error: no such file"));
  EXPECT_THAT(render_each(load_yaml_file("/tmp", environment()).problems),
              ElementsAre("/tmp: error: cannot be read"));
}

TEST(YamlLoader, ReadsAFileWithItsFolderAsBase) {
  std::string name = testing::TempDir() + "sluice-yaml-XXXXXX";
  const std::filesystem::path directory = mkdtemp(name.data());
  std::ofstream(directory / "p.yaml") << "a: 1\n";
  const ConfigDocument document = load_yaml_file(directory / "p.yaml", environment());
  std::filesystem::remove_all(directory);
  EXPECT_EQ(at(document, "a").text, "1");
  EXPECT_EQ(document.base_dir, directory);
}

}  // namespace
}  // namespace sluice
