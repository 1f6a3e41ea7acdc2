#include "config/pipeline_config.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

#include "config/pipeline_schema.hpp"
#include "config/schema.hpp"
#include "config_test_support.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::environment;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kFull = R"(name: orders
source:
  brokers: ${KAFKA_BROKER:-localhost:9092}
  group_id: my-group
  topics: [cdc.public.orders, "^cdc[.]shop[.].*"]
  start: latest
  properties: {queued.min.messages: 1000, sasl.password: hush}
decode: {plugin: debezium-source-decoder, config: {}}
transforms:
  - {plugin: mask, config: {columns: [email]}}
  - plugin: drop
denormalize:
  plugin: orders-denormalizer
  config:
    connection: {host: "${POSTGRES_HOST:-localhost}"}
sink: {plugin: opensearch-sink, config: {url: http://localhost:9200}}
tasks: 3
coalesce:
  max_keys: "${BATCH_SIZE:-50}"
  max_delay: "${BATCH_INTERVAL:-2s}"
  hot_pause: 3s
  bulk_max_keys: 500
  max_pending_keys: 600
  max_pending_bytes: 1mb
  writers: 4
errors:
  tolerance: none
  dead_letter_topic: ""
  retry: {initial: 10ms, max: 1m}
  visibility_timeout: 3s
fanout: {page: 10, share: 2}
jobs:
  reconcile:
    plugin: reconcile-job
    schedule: "0 3 * * *"
    time_zone: Europe/Berlin
    retry: {initial: 1s, max: 10s, max_attempts: 2}
  a-second: {plugin: reconcile-job}
services:
  search: {plugin: search-api, config: {port: "${PORT:-8080}"}}
shutdown_timeout: 5s
)";

const std::string kLeast = R"(name: orders
source: {brokers: "b:9092", topics: [t]}
decode: {plugin: d}
denormalize: {plugin: n}
sink: {plugin: s}
)";

ParsedPipeline parse(const std::string& yaml, test::Variables variables = {}) {
  return parse_pipeline(yaml, "p.yaml", environment(std::move(variables)));
}

PipelineConfig parse_valid(const std::string& yaml, test::Variables variables = {}) {
  ParsedPipeline parsed = parse(yaml, std::move(variables));
  EXPECT_EQ(render(parsed.problems), "");
  return parsed.config.value_or(PipelineConfig{});
}

std::vector<std::string> problems_of(const std::string& yaml) {
  return test::render_each(parse(yaml).problems);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(PipelineConfig, ReadsEveryOption) {
  const PipelineConfig config = parse_valid(kFull);
  EXPECT_EQ(config.name, "orders");
  ASSERT_TRUE(config.flow.has_value());
  const FlowConfig& flow = *config.flow;
  EXPECT_EQ(flow.source.brokers, "localhost:9092");
  EXPECT_EQ(flow.source.group_id, "my-group");
  EXPECT_THAT(flow.source.topics, ElementsAre("cdc.public.orders", "^cdc[.]shop[.].*"));
  EXPECT_EQ(flow.source.start, "latest");
  EXPECT_EQ(flow.source.properties.at("queued.min.messages"), "1000");
  EXPECT_EQ(flow.decode.plugin, "debezium-source-decoder");
  ASSERT_EQ(flow.transforms.size(), 2U);
  EXPECT_EQ(flow.transforms[1].plugin, "drop");
  EXPECT_EQ(flow.transforms[1].origin.path, "transforms[1].config");
  EXPECT_EQ(flow.denormalize.plugin, "orders-denormalizer");
  EXPECT_EQ(flow.sink.origin.path, "sink.config");
  EXPECT_EQ(flow.tasks, 3U);
  EXPECT_EQ(flow.coalesce.max_keys, 50U);
  EXPECT_EQ(flow.coalesce.max_delay, 2s);
  EXPECT_EQ(flow.coalesce.hot_pause, 3s);
  EXPECT_EQ(flow.coalesce.bulk_max_keys, 500U);
  EXPECT_EQ(flow.coalesce.max_pending_keys, 600U);
  EXPECT_EQ(flow.coalesce.max_pending_bytes, 1048576U);
  EXPECT_EQ(flow.coalesce.writers, 4U);
  EXPECT_EQ(flow.errors.tolerance, ErrorTolerance::kNone);
  EXPECT_EQ(flow.errors.dead_letter_topic, "");
  EXPECT_EQ(flow.errors.retry.initial, 10ms);
  EXPECT_EQ(flow.errors.retry.max, 1min);
  EXPECT_EQ(flow.errors.visibility_timeout, 3s);
  EXPECT_EQ(flow.fanout.page, 10U);
  EXPECT_EQ(flow.fanout.share, 2U);
  EXPECT_EQ(config.shutdown_timeout, 5s);
  ASSERT_EQ(config.jobs.size(), 2U);
  EXPECT_EQ(config.jobs[0].name, "reconcile");
  EXPECT_EQ(config.jobs[0].plugin.origin.path, "jobs.reconcile.config");
  EXPECT_EQ(config.jobs[0].schedule, "0 3 * * *");
  EXPECT_EQ(config.jobs[0].time_zone, "Europe/Berlin");
  EXPECT_EQ(config.jobs[0].schedule_position, (Position{35, 15}));
  EXPECT_EQ(config.jobs[0].time_zone_position, (Position{36, 16}));
  EXPECT_EQ(config.jobs[0].retry.initial, 1s);
  EXPECT_EQ(config.jobs[0].max_attempts, 2U);
  EXPECT_EQ(config.jobs[1].name, "a-second");
  EXPECT_EQ(config.jobs[1].schedule, std::nullopt);
  EXPECT_EQ(config.jobs[1].time_zone, "UTC");
  EXPECT_EQ(config.jobs[1].schedule_position, config.jobs[1].plugin.position);
  EXPECT_EQ(config.jobs[1].time_zone_position, config.jobs[1].plugin.position);
  EXPECT_EQ(config.jobs[1].retry.max, 10min);
  EXPECT_EQ(config.jobs[1].max_attempts, 8U);
  EXPECT_EQ(config.services[0].second.plugin, "search-api");
}

TEST(PipelineConfig, FillsInDefaults) {
  const PipelineConfig config = parse_valid(kLeast);
  const FlowConfig& flow = *config.flow;
  EXPECT_EQ(flow.source.group_id, "sluice-orders");
  EXPECT_EQ(flow.source.start, "earliest");
  EXPECT_TRUE(flow.source.properties.empty());
  EXPECT_EQ(flow.tasks, 1U);
  EXPECT_EQ(flow.coalesce.max_keys, 50U);
  EXPECT_EQ(flow.coalesce.max_delay, 2s);
  EXPECT_EQ(flow.coalesce.hot_pause, 8s);
  EXPECT_EQ(flow.coalesce.bulk_max_keys, 1000U);
  EXPECT_EQ(flow.coalesce.max_pending_keys, 20000U);
  EXPECT_EQ(flow.coalesce.max_pending_bytes, 64U << 20U);
  EXPECT_EQ(flow.coalesce.writers, 2U);
  EXPECT_EQ(flow.errors.tolerance, ErrorTolerance::kAll);
  EXPECT_EQ(flow.errors.dead_letter_topic, "sluice.orders.dlq");
  EXPECT_EQ(flow.errors.retry.initial, 200ms);
  EXPECT_EQ(flow.errors.retry.max, 5s);
  EXPECT_EQ(flow.errors.visibility_timeout, 10s);
  EXPECT_EQ(flow.fanout.page, 1000U);
  EXPECT_EQ(flow.fanout.share, 4U);
  EXPECT_EQ(config.shutdown_timeout, 5s);
  EXPECT_EQ(config.options["source"]["group_id"], "sluice-orders");
  EXPECT_EQ(config.options["errors"]["dead_letter_topic"], "sluice.orders.dlq");
}

TEST(PipelineConfig, TakesValuesFromTheEnvironment) {
  const PipelineConfig config = parse_valid(
      kFull, {{"KAFKA_BROKER", "k:1"}, {"BATCH_SIZE", "7"}, {"BATCH_INTERVAL", "250ms"}});
  EXPECT_EQ(config.flow->source.brokers, "k:1");
  EXPECT_EQ(config.flow->coalesce.max_keys, 7U);
  EXPECT_EQ(config.flow->coalesce.max_delay, 250ms);
}

TEST(PipelineConfig, MayHoldOnlyServices) {
  const PipelineConfig config =
      parse_valid("name: api\nservices: {search: {plugin: search-api}}\n");
  EXPECT_FALSE(config.flow.has_value());
  EXPECT_EQ(config.services.size(), 1U);
  EXPECT_EQ(config.plugins().size(), 1U);
}

TEST(PipelineConfig, ListsItsPlugins) {
  std::vector<std::string> names;
  const PipelineConfig config = parse_valid(kFull);
  for (const PluginConfig* plugin : config.plugins()) names.push_back(plugin->plugin);
  EXPECT_THAT(names,
              ElementsAre("debezium-source-decoder", "mask", "drop", "orders-denormalizer",
                          "opensearch-sink", "reconcile-job", "reconcile-job", "search-api"));
}

TEST(PipelineConfig, PutsAProblemOfAPluginAtItsName) {
  const PipelineConfig config = parse_valid(kFull);
  EXPECT_EQ(render(config.flow->sink.problem("no such plugin")),
            "p.yaml:16:16: error: sink.plugin: no such plugin");
  EXPECT_EQ(config.flow->transforms[1].problem("x").path, "transforms[1].plugin");
}

TEST(PipelineConfig, ChecksThePluginsOptionsWithThePluginsSchema) {
  const Json schema = Json::parse(R"({"type":"object","required":["port"],"properties":{
    "port":{"type":"integer"},"data":{"type":"string","format":"path","default":"x"}}})");
  const PipelineConfig config = parse_valid(kFull);
  const Validated valid = validate_plugin_config(config.services[0].second, schema);
  EXPECT_TRUE(valid.ok());
  EXPECT_EQ(valid.value["port"], 8080);
  EXPECT_EQ(valid.value["data"], (std::filesystem::current_path() / "x").string());
  const Validated missing = validate_plugin_config(config.jobs[1].plugin, schema);
  EXPECT_THAT(
      test::render_each(missing.problems),
      ElementsAre("p.yaml:38:13: error: jobs.a-second.config: missing required key \"port\""));
  const Validated unknown = validate_plugin_config(config.flow->sink, schema);
  EXPECT_THAT(test::render_each(unknown.problems),
              ElementsAre(HasSubstr("p.yaml:16:42: error: sink.config.url: unknown key \"url\""),
                          HasSubstr("p.yaml:16:41: error: sink.config: missing required key")));
}

struct Wrong {
  std::string from;  // in kFull
  std::string to;
  std::string problem;
};

class RefusesPipeline : public testing::TestWithParam<Wrong> {};

TEST_P(RefusesPipeline, WithOneProblem) {
  const std::string yaml = replaced(kFull, GetParam().from, GetParam().to);
  EXPECT_THAT(problems_of(yaml), ElementsAre(HasSubstr(GetParam().problem)));
  EXPECT_FALSE(parse(yaml).config.has_value());
}

INSTANTIATE_TEST_SUITE_P(
    PipelineConfig, RefusesPipeline,
    testing::Values(
        Wrong{"brokers:", "broker:",
              "p.yaml:3:3: error: source.broker: unknown key \"broker\"; did you mean \"brokers\"? "
              "(valid: brokers, group_id, topics, start, properties)"},
        Wrong{"name: orders", "name: My Orders",
              "p.yaml:1:7: error: name: expected text that matches ^[a-z0-9][a-z0-9_-]*$"},
        Wrong{"name: orders", "nmae: orders", "p.yaml:1:1: error: nmae: unknown key"},
        Wrong{"start: latest", "start: newest",
              "p.yaml:6:10: error: source.start: expected one of \"earliest\", \"latest\""},
        Wrong{"tasks: 3", "tasks: 0", "p.yaml:17:8: error: tasks: expected at least 1, found 0"},
        Wrong{"queued.min.messages", "group.id",
              "p.yaml:7:16: error: source.properties[\"group.id\"]: cannot be set here: set "
              "source.group_id"},
        Wrong{"queued.min.messages", "enable.auto.commit", "the host commits what is settled"},
        Wrong{
            "max_pending_keys: 600", "max_pending_keys: 100",
            "p.yaml:22:18: error: coalesce.bulk_max_keys: must not exceed max_pending_keys (500 > "
            "100)"},
        Wrong{"initial: 10ms", "initial: 2m",
              "p.yaml:29:20: error: errors.retry.initial: must not exceed max (120000 > 60000)"},
        Wrong{"max: 10s", "max: 10ms",
              "p.yaml:37:22: error: jobs.reconcile.retry.initial: must not exceed max (1000 > 10)"},
        Wrong{"{plugin: mask,", "{",
              "p.yaml:10:5: error: transforms[0]: missing required key \"plugin\""},
        Wrong{"plugin: mask", "plugin: ../../evil",
              "p.yaml:10:14: error: transforms[0].plugin: expected text that matches"},
        Wrong{"a-second:", "A Second:", "p.yaml:38:3: error: jobs[\"A Second\"]: expected text"},
        Wrong{"topics: [cdc.public.orders, \"^cdc[.]shop[.].*\"]", "topics: []",
              "p.yaml:5:11: error: source.topics: expected at least 1 item, found 0"},
        Wrong{"dead_letter_topic: \"\"", "dead_letter_topic: cdc.shop.dlq",
              "p.yaml:5:11: error: source.topics: \"^cdc[.]shop[.].*\" also reads the pipeline's "
              "own dead letters, in \"cdc.shop.dlq\""},
        Wrong{"${BATCH_SIZE:-50}", "${BATCH_SIZE}",
              "p.yaml:19:14: error: coalesce.max_keys: environment variable BATCH_SIZE is not set"},
        Wrong{"config: {url: http://localhost:9200}", "config: [url]",
              "p.yaml:16:41: error: sink.config: expected a mapping, found a list"}));

TEST(PipelineConfig, NeedsItsStagesTogether) {
  EXPECT_THAT(
      problems_of("name: a\nsource: {brokers: b, topics: [t]}\n"),
      ElementsAre("p.yaml:1:1: error: missing required key \"decode\", which \"source\" needs",
                  "p.yaml:1:1: error: missing required key \"denormalize\", which \"source\" "
                  "needs",
                  "p.yaml:1:1: error: missing required key \"sink\", which \"source\" needs"));
  EXPECT_THAT(problems_of("name: a\n"),
              ElementsAre("p.yaml:1:1: error: needs \"source\" or \"services\""));
  EXPECT_THAT(problems_of("name: a\nservices: {s: {plugin: p}}\njobs: {j: {plugin: p}}\n").size(),
              4U);
}

TEST(PipelineConfig, CollectsProblemsOfEveryKind) {
  const std::string yaml = replaced(replaced(kFull, "tasks: 3", "tasks: x\ntasks: 1"),
                                    "queued.min.messages", "bootstrap.servers");
  EXPECT_EQ(problems_of(yaml).size(), 3U);
}

TEST(PipelineConfig, OfNoFileSaysSo) {
  EXPECT_EQ(render(parse_pipeline_file("/none/p.yaml", environment()).problems),
            "/none/p.yaml: error: no such file\n");
}

TEST(Render, SortsProblemsByPosition) {
  const std::string text =
      render(parse("tasks: 0\nname: X\nservices: {s: {plugin: p}}\nfoo: ${A}\n").problems);
  std::istringstream lines(text);
  std::vector<std::string> starts;
  for (std::string line; std::getline(lines, line);) starts.push_back(line.substr(0, 10));
  EXPECT_THAT(starts, ElementsAre("p.yaml:1:8", "p.yaml:2:7", "p.yaml:4:1", "p.yaml:4:6"));
}

// Robustness: a damaged file gives problems or a configuration, never a crash.

void expect_sane(const std::string& yaml) {
  const ParsedPipeline parsed = parse(yaml);
  EXPECT_NE(parsed.config.has_value(), has_errors(parsed.problems)) << yaml;
}

TEST(DamagedPipeline, CutAnywhere) {
  for (std::size_t size = 0; size < kFull.size(); size += 3) expect_sane(kFull.substr(0, size));
}

TEST(DamagedPipeline, WithFlippedBits) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::string yaml = kFull;
    for (int flips = 1 + round % 4; flips > 0; --flips) {
      yaml[random() % yaml.size()] ^= static_cast<char>(1U << (random() % 8));
    }
    expect_sane(yaml);
  }
}

TEST(DamagedPipeline, WithYamlSyntaxThrownIn) {
  static constexpr std::string_view kSyntax = "{}[]:,-?&*!|>'\"%@`#\n\t $<=~";
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    std::string yaml = kFull;
    for (int edits = 1 + round % 6; edits > 0; --edits) {
      const std::size_t at = random() % yaml.size();
      yaml.replace(at, random() % 3, 1 + random() % 3, kSyntax[random() % kSyntax.size()]);
    }
    expect_sane(yaml);
  }
}

TEST(DamagedPipeline, WithPartsMoved) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::string yaml = kFull;
    const std::string part = yaml.substr(random() % yaml.size(), random() % 80);
    yaml.insert(random() % yaml.size(), part);
    expect_sane(yaml);
  }
}

// The schema as published

TEST(PipelineSchema, DescribesEveryOption) {
  const auto check = [](const auto& self, const Json& schema, const std::string& place) -> void {
    for (const auto& [at, sub] : subschemas(schema)) {
      const std::string here = place + '/' + at;
      if (at.starts_with("properties/")) {
        EXPECT_TRUE(sub->contains("description")) << here;
      }
      self(self, *sub, here);
    }
  };
  check(check, pipeline_schema(), "");
}

TEST(PipelineSchema, IsPublishedAsItIs) {
  std::ifstream in(SLUICE_SCHEMA_FILE);
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(text.str() == published_pipeline_schema())
      << "out of date: build/release/bin/sluice options --schema > schemas/pipeline.schema.json";
}

TEST(PipelineSchema, LetsOtherToolsSeeVariables) {
  const Json published = Json::parse(published_pipeline_schema());
  const Json& tasks = published["properties"]["tasks"];
  EXPECT_EQ(tasks["anyOf"][0]["type"], "integer");
  EXPECT_EQ(tasks["anyOf"][1]["pattern"], R"(\$\{.+\})");
  EXPECT_EQ(tasks["default"], 1);
  EXPECT_EQ(published["properties"]["source"]["properties"]["brokers"]["type"], "string");
}

}  // namespace
}  // namespace sluice
