#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/await.hpp"
#include "support/program.hpp"
#include "support/tricklers.hpp"

namespace sluice {
namespace {

using test::await;
using test::Program;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kPipeline = R"(name: orders
source:
  brokers: 127.0.0.1:1
  topics: [in]
decode: {plugin: scripted}
denormalize: {plugin: scripted}
sink:
  plugin: scripted
  config: {password: hush}
jobs:
  rebuild: {plugin: scripted, schedule: never}
)";
const std::string kService = R"(name: web
services:
  search: {plugin: scripted}
)";

struct Result {
  int code;
  std::string out;
  std::string err;
};

Result sluice(const std::vector<std::string>& arguments,
              const std::vector<std::string>& variables = {}) {
  Program program(arguments, variables);
  const int code = program.wait();
  return {code, program.out(), program.err()};
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

class CliTest : public testing::Test {
 protected:
  std::string file(const std::string& text, const std::string& name = "pipeline.yaml") const {
    return folder_.write(name, text).string();
  }

  test::TempFolder folder_;
};

TEST_F(CliTest, ValidateAcceptsASoundPipeline) {
  const auto path = file(kPipeline);
  const auto result = sluice({"validate", path});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, path + ": valid\n");
}

TEST_F(CliTest, ValidateTellsLineColumnAndTheRightNameOfAMisspelledKey) {
  const auto path = file(replaced(kPipeline, "brokers:", "broker:"));
  const auto result = sluice({"validate", path});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr(path + ":3:3: error: "), HasSubstr("unknown key \"broker\""),
                    HasSubstr("did you mean \"brokers\"?")));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(CliTest, ValidateTellsTheNearestPluginAndWhereItIsNamed) {
  const auto path =
      file(replaced(kPipeline, "decode: {plugin: scripted}", "decode: {plugin: scriptd}"));
  const auto result = sluice({"validate", path});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr(path + ":5:"), HasSubstr("did you mean \"scripted\"?")));
}

TEST_F(CliTest, ValidateChecksThePluginsOwnOptions) {
  auto result = sluice({"validate", file(replaced(kPipeline, "password:", "pasword:"))});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr(":9:12: error: sink.config.pasword"),
                                HasSubstr("did you mean \"password\"?"), Not(HasSubstr("hush"))));
  result = sluice({"validate", file(replaced(kPipeline, "password: hush", "refuse: true"))});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("refused, as asked"));
}

TEST_F(CliTest, ValidateTellsWhereThePluginsOwnComplaintsBelong) {
  const auto path = file(
      replaced(kPipeline, "{password: hush}",
               "{password: hush, complaint: \"/password: too short\\n/nowhere: what is that\"}"));
  const auto result = sluice({"validate", path});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr(path + ":9:22: error: sink.config.password: too short\n"
                                           "/nowhere: what is that\n"));
}

TEST_F(CliTest, ValidateTellsWhereAScheduleOrATimeZoneIsWrong) {
  const auto with = [this](const std::string& options) {
    return sluice({"validate", file(replaced(kPipeline, ", schedule: never}",
                                             ",\n            " + options + "}"))});
  };
  auto result = with("schedule: \"0 25 * * *\"");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr(":12:23: error: jobs.rebuild.schedule: "));
  EXPECT_THAT(with("schedule: \"0 3 30 2 *\"").err,
              HasSubstr(":12:23: error: jobs.rebuild.schedule: the schedule matches no day"));
  result = with("time_zone: Europe/Berln, schedule: \"0 3 * * *\"");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err,
              HasSubstr(":12:24: error: jobs.rebuild.time_zone: \"Europe/Berln\" is no"));
}

const std::string kExplained = R"({"tables": [{"table": "public.b", "replica_identity": "default",
  "needed_replica_identity": "full", "places": ["a.b", "a.c"]}, {"table": "public.a"}],
  "routes": [{"table": "public.b", "place": "a.b", "way": "lookup by id"}],
  "statements": [{"name": "materialize", "sql": "SELECT 1\nFROM a", "cost": 12.5},
                 {"name": "scan", "sql": "SELECT 2", "cost": null}],
  "mapping": {"mappings": {"z": 1, "a": 2}},
  "warnings": ["no index on b\nCREATE INDEX ON b (id);"]})";

std::string explaining(const std::string& more = "") {
  return replaced(kPipeline, "denormalize: {plugin: scripted}",
                  "denormalize:\n  plugin: scripted\n  config:\n    explanation: '" + kExplained +
                      "'\n" + more);
}

TEST_F(CliTest, ExplainShowsWhatAPipelineComesTo) {
  const auto result = sluice({"explain", file(explaining())});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("  public.b  default           full    a.b, a.c\n"),
                    HasSubstr("  public.a  ?                 ?       \n"),
                    HasSubstr("\"table.include.list\": \"public.b,public.a\"\n"),
                    HasSubstr("    CAPTURED_TABLES=public.b,public.a\n"),
                    HasSubstr("  public.b  a.b    lookup by id\n"),
                    HasSubstr("  -- materialize, cost 12.50\n  SELECT 1\n  FROM a\n"),
                    HasSubstr("  -- scan\n  SELECT 2\n"), HasSubstr("\"z\": 1,\n    \"a\": 2"),
                    HasSubstr("  - no index on b\n    CREATE INDEX ON b (id);\n")));
}

TEST_F(CliTest, ExplainQuotesTheTablesForAShellWhereItMust) {
  const auto result = sluice(
      {"explain", file(replaced(kPipeline, "denormalize: {plugin: scripted}",
                                "denormalize:\n  plugin: scripted\n  config:\n    explanation: "
                                "'{\"tables\": [{\"table\": \"public.order lines\"}]}'\n"))});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("    CAPTURED_TABLES='public.order lines'\n"));
}

TEST_F(CliTest, ExplainAsJsonIsWhatThePluginSays) {
  const auto result = sluice({"explain", "--json", file(explaining())});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out), nlohmann::json::parse(kExplained));
}

TEST_F(CliTest, ExplainOfAMisfitTellsEachProblemAtItsOption) {
  const auto path =
      file(explaining("    misfit: \"/password: no\\n/explanation: no such table\"\n"
                      "    password: x\n"));
  const auto result = sluice({"explain", path});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err,
              AllOf(ContainsRegex(":[0-9]+:15: error: denormalize.config.password: no\n"),
                    ContainsRegex(":9:18: error: denormalize.config.explanation: no such table")));
}

TEST_F(CliTest, ExplainWithoutTheSourceSaysSoAndTellsWhatIsKnown) {
  const auto result = sluice({"explain", file(explaining("    away: no answer\n"))});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("error: scripted: no answer"));
  EXPECT_THAT(result.out, HasSubstr("table.include.list"));
}

TEST_F(CliTest, ExplainNeedsADenormalizer) {
  const auto result = sluice({"explain", file(kService)});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("this file has no pipeline"));
}

TEST_F(CliTest, ValidateAsksTheSourceOnlyIfItIsTold) {
  const auto path = file(explaining("    misfit: \"/explanation: no such table\"\n"));
  EXPECT_EQ(sluice({"validate", path}).code, 0);
  const auto result = sluice({"validate", "--connect", path});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr(path + ":9:18: error: "));
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(sluice({"validate", "--connect", file(explaining(), "good.yaml")}).code, 0);
}

TEST_F(CliTest, ValidateChecksSchedules) {
  auto result = sluice({"validate", file(replaced(kPipeline, "never", "\"0 25 * * *\""))});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("\"25\" is no hour"));
  result = sluice({"validate", file(replaced(kPipeline, "never", "\"0 0 30 2 *\""))});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("matches no day"));
}

TEST_F(CliTest, ValidateTellsAllFilesOfAFolderAndFailsIfOneIsWrong) {
  const auto good = file(kService, "a.yaml");
  const auto bad = file("name: [", "b.yml");
  const auto result = sluice({"validate", folder_.path().string()});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr(good + ": valid"));
  EXPECT_THAT(result.err, HasSubstr(bad + ":1:"));
}

TEST_F(CliTest, AFileOrFolderThatIsNotThereIsAnError) {
  auto result = sluice({"validate", "/nowhere/p.yaml"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("/nowhere/p.yaml"));
  result = sluice({"validate", folder_.path().string()});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("no *.yaml or *.yml file"));
}

TEST_F(CliTest, EveryCommandHasHelp) {
  const std::vector<std::vector<std::string>> commands{{},
                                                       {"run"},
                                                       {"validate"},
                                                       {"explain"},
                                                       {"plugins"},
                                                       {"plugins", "list"},
                                                       {"plugins", "describe"},
                                                       {"options"},
                                                       {"mapping"},
                                                       {"index"},
                                                       {"index", "init"},
                                                       {"job"},
                                                       {"job", "run"},
                                                       {"dlq"},
                                                       {"dlq", "list"},
                                                       {"dlq", "show"},
                                                       {"dlq", "replay"},
                                                       {"health"}};
  for (auto command : commands) {
    command.emplace_back("--help");
    const auto result = sluice(command);
    EXPECT_EQ(result.code, 0) << command.front();
    EXPECT_THAT(result.out, HasSubstr("Usage:")) << command.front();
  }
}

TEST_F(CliTest, TheHelpListsTheCommands) {
  const auto result = sluice({"--help"});
  for (const char* const command :
       {"run", "validate", "plugins", "options", "mapping", "index", "job", "dlq", "health"}) {
    EXPECT_THAT(result.out, ContainsRegex(std::string("\n  ") + command + " "));
  }
}

TEST_F(CliTest, VersionIsPrinted) {
  const auto result = sluice({"--version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, ContainsRegex("^[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST_F(CliTest, WrongUsageEndsWithTwo) {
  EXPECT_EQ(sluice({}).code, 2);
  EXPECT_EQ(sluice({"walidate"}).code, 2);
  EXPECT_EQ(sluice({"validate"}).code, 2);
  EXPECT_EQ(sluice({"validate", "x.yaml", "--no-such-option"}).code, 2);
  EXPECT_THAT(sluice({"validate", "x.yaml", "--conect"}).err,
              HasSubstr("unknown option \"--conect\"; did you mean \"--connect\"?"));
  EXPECT_THAT(sluice({"job", "rnu", "x.yaml", "rebuild"}).err,
              HasSubstr("unknown command \"rnu\"; did you mean \"run\"?"));
  EXPECT_EQ(sluice({"--log-level", "loud", "plugins", "list"}).code, 2);
  const auto result = sluice({"health", "--admin", "localhost:http"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("no HOST:PORT"));
}

TEST_F(CliTest, PluginsListShowsThem) {
  const auto result = sluice({"plugins", "list"});
  EXPECT_THAT(result.out, HasSubstr("scripted\t1.2.3\tdecoder,transform,denormalizer,sink,job,"
                                    "service\tDoes what a test tells it to\n"));
}

TEST_F(CliTest, PluginsListTellsBrokenOnesAndGoesOn) {
  const auto result = sluice(
      {"--plugin-path", SLUICE_TEST_PLUGINS "/broken:" SLUICE_TEST_PLUGINS, "plugins", "list"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("scripted\t"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("no-entry.so"), HasSubstr("missing-symbol.so"),
                                HasSubstr("newer-minor.so")));
}

TEST_F(CliTest, PluginsDescribeShowsOptions) {
  auto result = sluice({"plugins", "describe", "scripted"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("scripted 1.2.3"), HasSubstr("kinds: decoder"),
                                HasSubstr("refuse"), HasSubstr("The constructor throws.")));
  result = sluice({"plugins", "describe", "scripted", "--markdown"});
  EXPECT_THAT(result.out, ContainsRegex("\\| *`?refuse`? *\\|"));
  result = sluice({"plugins", "describe", "scriptet"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("did you mean \"scripted\"?"));
}

TEST_F(CliTest, OptionsPrintTheSchema) {
  const auto result = sluice({"options", "--schema"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(nlohmann::json::parse(result.out)["title"], "Sluice pipeline");
  EXPECT_THAT(sluice({"options"}).out, HasSubstr("max_keys"));
}

TEST_F(CliTest, MappingPrintsWhatTheSinkWouldCreate) {
  auto result = sluice({"mapping", file(kPipeline)});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["mappings"]["dynamic"], false);
  result = sluice({"mapping", file(kService)});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("this file has no pipeline"));
}

TEST_F(CliTest, IndexInitPreparesTheSink) {
  EXPECT_EQ(sluice({"index", "init", file(kPipeline)}).code, 0);
}

TEST_F(CliTest, JobRunRunsItOnceAndTellsUnknownOnes) {
  const auto path = file(kPipeline);
  auto result = sluice({"job", "run", path, "rebuild"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("job rebuild is done"));
  result = sluice({"job", "run", path, "rebuilt"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("no job \"rebuilt\""), HasSubstr("jobs: rebuild")));
}

TEST_F(CliTest, DlqNeedsADeadLetterTopic) {
  const auto path = file(kPipeline + "errors: {dead_letter_topic: \"\"}\n");
  const auto result = sluice({"dlq", "list", path});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("has no dead-letter topic: errors.dead_letter_topic is empty"));
  EXPECT_THAT(sluice({"dlq", "list", file(kService)}).err, HasSubstr("this file has no pipeline"));
}

TEST_F(CliTest, DlqReplayWantsToKnowExactlyOnceWhichLetters) {
  const auto path = file(kPipeline);
  EXPECT_EQ(sluice({"dlq", "replay", path}).code, 2);
  EXPECT_EQ(sluice({"dlq", "replay", path, "0:1", "--all"}).code, 2);
  EXPECT_EQ(sluice({"dlq", "replay", path, "--all", "--stage", "TASK_PUT"}).code, 2);
  EXPECT_THAT(sluice({"dlq", "replay", path, "12"}).err,
              HasSubstr("\"12\" is no PARTITION:OFFSET"));
  EXPECT_THAT(sluice({"dlq", "replay", path, "0:-1"}).err, HasSubstr("is no PARTITION:OFFSET"));
  EXPECT_THAT(sluice({"dlq", "list", path, "--since", "yesterday"}).err,
              HasSubstr("\"yesterday\" is neither a duration"));
  EXPECT_EQ(sluice({"dlq", "list", path, "--stage", "PUT"}).code, 2);
}

TEST_F(CliTest, HealthWithoutAHostTellsWhereItAsked) {
  const auto result = sluice({"health", "--admin", "127.0.0.1:1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("no answer from http://127.0.0.1:1/ready"));
}

TEST_F(CliTest, RunRefusesTwoPipelinesOfOneName) {
  const auto result =
      sluice({"--admin", "127.0.0.1:0", "run", file(kService, "a.yaml"), file(kService, "b.yaml")});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("another pipeline named \"web\""));
}

/// The port that the log names, once it does.
int admin_port(const Program& program, const std::string& host = "127.0.0.1") {
  const std::string mark = "admin API on http://" + host + ":";
  std::string log;
  if (!await([&] { return (log = program.err()).find(mark) != std::string::npos; })) return 0;
  return std::stoi(log.substr(log.find(mark) + mark.size()));
}

TEST_F(CliTest, RunServesTheAdminApiUntilASignalAndLeavesWithZero) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Program program({"--admin", "127.0.0.1:0", "run", file(kService)});
    const auto address = "127.0.0.1:" + std::to_string(admin_port(program));
    EXPECT_TRUE(await([&] { return sluice({"health", "--admin", address}).code == 0; }));
    program.send(signal);
    EXPECT_EQ(program.wait(), 0) << program.err();
  }
}

TEST_F(CliTest, RunLeavesInTimeWhateverClientsOfTheAdminApiDo) {
  Program program({"--admin", "127.0.0.1:0", "run", file(kService)});
  const test::Tricklers tricklers(admin_port(program), 8);
  const auto began = std::chrono::steady_clock::now();
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(), 0) << program.err();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST_F(CliTest, TheAdminTokenComesFromAVariableOrAFileAndIsNeverShown) {
  const std::string token = "hush-0123456789abcdef";
  const auto in_file = "SLUICE_ADMIN_TOKEN_FILE=" + file(token + "\n", "token");
  Program program({"--log-level", "trace", "--admin", "0.0.0.0:0", "run", file(kService)},
                  {in_file});
  const auto address = "127.0.0.1:" + std::to_string(admin_port(program, "0.0.0.0"));
  const auto health = [&](const std::vector<std::string>& variables) {
    return sluice({"health", "--admin", address}, variables);
  };
  EXPECT_TRUE(await([&] { return health({in_file}).code == 0; }));
  EXPECT_THAT(health({"SLUICE_ADMIN_TOKEN=" + token}).out, HasSubstr("problems"));
  const auto bare = health({});
  EXPECT_EQ(bare.code, 0) << "a probe needs no token";
  EXPECT_THAT(bare.out, AllOf(HasSubstr("true"), Not(HasSubstr("problems"))));
  const auto wrong = health({"SLUICE_ADMIN_TOKEN=wrong-0123456789abcdef"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("the token is wrong"), Not(HasSubstr("wrong-0123"))));
  EXPECT_THAT(program.command_line(), AllOf(HasSubstr("run"), Not(HasSubstr("hush"))));
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_THAT(program.err() + program.out(), Not(HasSubstr("hush")));
}

TEST_F(CliTest, WithoutAGoodTokenNothingIsStarted) {
  const std::vector<std::string> run{"--admin", "0.0.0.0:0", "run", file(kService)};
  auto result = sluice(run);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("set SLUICE_ADMIN_TOKEN_FILE"));
  for (const char* const variable : {"SLUICE_ADMIN_TOKEN=", "SLUICE_ADMIN_TOKEN=hush-0123456789",
                                     "SLUICE_ADMIN_TOKEN_FILE=/nowhere"}) {
    result = sluice(run, {variable});
    EXPECT_EQ(result.code, 1) << variable;
    EXPECT_THAT(result.err, AllOf(HasSubstr("error: SLUICE_ADMIN_TOKEN"), Not(HasSubstr("hush"))));
    EXPECT_EQ(sluice({"health"}, {variable}).code, 1);
  }
}

TEST_F(CliTest, AnIpv6AddressStandsInBrackets) {
  std::ifstream addresses("/proc/net/if_inet6");
  if (addresses.peek() == std::ifstream::traits_type::eof()) GTEST_SKIP() << "no IPv6 here";
  Program program({"--admin", "[::1]:0", "run", file(kService)});
  const auto address = "[::1]:" + std::to_string(admin_port(program, "[::1]"));
  EXPECT_TRUE(await([&] { return sluice({"health", "--admin", address}).code == 0; }));
}

TEST_F(CliTest, APluginThatCannotBeUsedFailsItsPipelineAlone) {
  const auto broken =
      file(replaced(replaced(kService, "scripted", "scriptd"), "web", "broken"), "broken.yaml");
  Program program({"--admin", "127.0.0.1:0", "run", broken, file(kService)});
  const auto address = "127.0.0.1:" + std::to_string(admin_port(program));
  EXPECT_TRUE(await([&] {
    const auto health = sluice({"health", "--admin", address});
    return health.code == 1 && health.err.find("broken: ") != std::string::npos &&
           health.err.find("web: ") == std::string::npos;
  })) << "the other one runs";
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(sluice({"--admin", "127.0.0.1:0", "run", broken}).code, 1) << "nothing is left to run";
}

TEST_F(CliTest, TheLogIsOneJsonObjectALine) {
  Program program({"--admin", "127.0.0.1:0", "run", file(kService)});
  ASSERT_NE(admin_port(program), 0);
  program.send(SIGTERM);
  ASSERT_EQ(program.wait(), 0);
  std::istringstream lines(program.err());
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(entry.is_object()) << line;
    for (const char* const field : {"time", "level", "logger", "thread", "message"}) {
      EXPECT_TRUE(entry.contains(field)) << line;
    }
  }
}

TEST_F(CliTest, RunWithTheAdminPortTakenLeavesWithOneAndTheReason) {
  Program first({"--admin", "127.0.0.1:0", "run", file(kService)});
  const auto address = "127.0.0.1:" + std::to_string(admin_port(first));
  const auto result = sluice({"--admin", address, "run", file(kService)});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr(address + ": the port is taken"));
}

}  // namespace
}  // namespace sluice
