// The C++ SDK seen from the host's side of the C ABI.
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

#include <sluice/sdk.hpp>
#include <sluice/testkit.hpp>

namespace {

using nlohmann::json;

class Thrower : public sluice::Transform {
 public:
  Thrower(sluice::Value config, sluice::Context) : what_(config["what"].as_string()) {}
  void transform(std::span<const sluice_change* const>, sluice::ChangeOutput&) override {
    if (what_ == "retry") throw sluice::RetryError("try later");
    if (what_ == "record") throw sluice::RecordError("bad input");
    if (what_ == "fatal") throw sluice::FatalError("can't go on");
    if (what_ == "other") throw std::runtime_error("surprise");
    throw 42;
  }

 private:
  std::string what_;
};

using Registration = sluice::detail::Registration<Thrower>;

const sluice_plugin* thrower_entry(const sluice_host* host) {
  static const sluice_plugin plugin =
      Registration::descriptor("thrower", "1", "throws", "{}", nullptr);
  return sluice::detail::accept(host) ? &plugin : nullptr;
}

sluice_change change_of(std::string_view table) {
  sluice_change change{};
  change.op = SLUICE_OP_CREATE;
  change.table = sluice::to_view(table);
  return change;
}

TEST(Boundary, TurnsExceptionsIntoAStatusAndAMessage) {
  const sluice::TestHost host;
  const std::vector<std::tuple<std::string, sluice_status, std::string>> cases = {
      {"retry", SLUICE_RETRY, "try later"},
      {"record", SLUICE_RECORD_ERROR, "bad input"},
      {"fatal", SLUICE_FATAL, "can't go on"},
      {"other", SLUICE_FATAL, "surprise"},
      {"int", SLUICE_FATAL, "the plugin threw something that is no std::exception"}};
  for (const auto& [what, status, message] : cases) {
    auto instance = host.create(thrower_entry, SLUICE_KIND_TRANSFORM, json{{"what", what}});
    sluice_output out;
    EXPECT_EQ(instance.plugin().transform->transform(instance.self(), nullptr, 0, &out,
                                                     &instance.error()),
              status);
    EXPECT_EQ(instance.error().message, message);
  }
}

TEST(Boundary, ReportsAConstructorThatThrows) {
  const sluice::TestHost host;
  EXPECT_THROW(host.create(thrower_entry, SLUICE_KIND_TRANSFORM, json::object()),
               std::runtime_error);
}

TEST(Boundary, RefusesAKindThatThePluginHasNot) {
  const sluice::TestHost host;
  EXPECT_THROW(host.create(thrower_entry, SLUICE_KIND_SINK, json{{"what", "x"}}),
               std::runtime_error);
  EXPECT_EQ(host.load(thrower_entry)->sink, nullptr);
}

TEST(Boundary, APluginRefusesAHostOfAnotherMajor) {
  sluice_host host = *sluice::TestHost().table();
  host.abi_major = SLUICE_ABI_MAJOR + 1;
  EXPECT_EQ(thrower_entry(&host), nullptr);
}

TEST(Boundary, TheHostNamesWhatDoesNotFit) {
  const sluice::TestHost host;
  sluice_plugin plugin = *host.load(thrower_entry);
  EXPECT_EQ(sluice::incompatibility(&plugin), "");
  plugin.abi_minor = SLUICE_ABI_MINOR + 1;
  EXPECT_EQ(sluice::incompatibility(&plugin), "ABI 1.3, expected 1.0 to 1.2");
  plugin.abi_major = 2;
  EXPECT_EQ(sluice::incompatibility(&plugin), "ABI 2.3, expected 1.0 to 1.2");
  plugin.magic = 0;
  EXPECT_EQ(sluice::incompatibility(&plugin),
            "its descriptor is not a Sluice plugin's (magic number)");
  EXPECT_EQ(sluice::incompatibility(nullptr), "it refused this host");
}

TEST(Boundary, ARowThatFailsInAScanIsToldByItsId) {
  const sluice::TestHost host;
  sluice::detail::host = host.table();
  sluice_output out;
  sluice::DocumentOutput output(&out);
  output.document(0, "6", 1, "{}");
  output.fail(1, std::string("7"), "division by zero");
  ASSERT_EQ(out.outcomes.size(), 1U);
  EXPECT_EQ(out.outcomes[0].index, 1U);
  EXPECT_EQ(out.outcomes[0].outcome, SLUICE_ITEM_ERROR);
  EXPECT_EQ(sluice::to_string_view(out.outcomes[0].message), "division by zero");
  ASSERT_EQ(out.keys.size(), 1U);
  EXPECT_EQ(out.keys[0].index, 1U);
  EXPECT_EQ(sluice::to_string_view(out.keys[0].id), "7");
}

TEST(ExamplePlugin, KeepsOnlyTheNamedTables) {
  const sluice::TestHost host;
  auto instance =
      host.create(sluice_plugin_entry, SLUICE_KIND_TRANSFORM, json{{"tables", {"a", "c"}}});
  const sluice_change a = change_of("a");
  const sluice_change b = change_of("b");
  const sluice_change c = change_of("c");
  const sluice_change* const changes[] = {&a, &b, &c};
  sluice_output out;
  ASSERT_EQ(
      instance.plugin().transform->transform(instance.self(), changes, 3, &out, &instance.error()),
      SLUICE_OK);
  ASSERT_EQ(out.changes.size(), 2U);
  EXPECT_EQ(sluice::to_string_view(out.changes[0].table), "a");
  EXPECT_EQ(sluice::to_string_view(out.changes[1].table), "c");
  EXPECT_EQ(instance.context().counters.at("dropped_total"), 1);
}

}  // namespace
