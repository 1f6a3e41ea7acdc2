// What each kind of message gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decoding.hpp"

namespace sluice::debezium {
namespace {

using nlohmann::json;
using testing::IsEmpty;
using testing::SizeIs;

// Every captured message, with and without a schema around it.
class Samples : public testing::TestWithParam<std::string> {
 protected:
  // The only change that the sample gives; lives until the next call.
  sluice_change change(const std::string& kind) {
    sample_ = load_sample(GetParam(), kind);
    output_ = decoding_.decode(sample_.record());
    EXPECT_THAT(output_.outcomes, IsEmpty()) << to_string_view(output_.outcomes.at(0).message);
    EXPECT_THAT(output_.changes, SizeIs(1));
    return output_.changes.at(0);
  }
  bool gives_nothing(const std::string& kind) {
    sample_ = load_sample(GetParam(), kind);
    output_ = decoding_.decode(sample_.record());
    return output_.changes.empty() && output_.outcomes.empty();
  }

  Decoding decoding_;
  Sample sample_;
  sluice_output output_;
};

INSTANTIATE_TEST_SUITE_P(Forms, Samples, testing::Values("plain", "schemas"),
                         [](const auto& form) { return form.param; });

TEST_P(Samples, ACreateHasTheNewRowAndItsOrigin) {
  const auto create = change("create");
  EXPECT_EQ(create.op, std::uint32_t{SLUICE_OP_CREATE});
  EXPECT_EQ(to_string_view(create.schema), "public");
  EXPECT_EQ(to_string_view(create.table), "projects");
  EXPECT_EQ(json_of(create.key), (json{{"id", 3}}));
  EXPECT_EQ(create.before, nullptr);
  EXPECT_EQ(json_of(create.after), (json{{"id", 3},
                                         {"name", "Gamma"},
                                         {"slug", "gamma"},
                                         {"description", "third"},
                                         {"created_at", "2026-11-23T11:01:35.005762Z"},
                                         {"updated_at", "2026-11-23T11:01:35.005762Z"}}));
  EXPECT_EQ(create.tx_id, 754);
  EXPECT_EQ(create.lsn, 26622184);
  EXPECT_EQ(create.source_ts_ms, 1795431695007);
  EXPECT_EQ(create.snapshot, 0U);
}

TEST_P(Samples, AJunctionRowHasAKeyOfTwoColumns) {
  EXPECT_EQ(json_of(change("create-junction").key), (json{{"project_id", 3}, {"hashtag_id", 2}}));
}

TEST_P(Samples, AnUpdateUnderFullIdentityHasBothRows) {
  const auto update = change("update");
  EXPECT_EQ(update.op, std::uint32_t{SLUICE_OP_UPDATE});
  EXPECT_EQ(json_of(update.before), (json{{"id", 2}, {"name", "kafka"}}));
  EXPECT_EQ(json_of(update.after), (json{{"id", 2}, {"name", "apache-kafka"}}));
}

TEST_P(Samples, AnUpdateUnderDefaultIdentityHasTheNewRowOnly) {
  const auto update = change("update-identity-default");
  EXPECT_EQ(update.before, nullptr);
  EXPECT_EQ(json_of(update.after)["name"], "Gamma 2");
}

TEST_P(Samples, AnUnchangedToastedColumnIsLeftOut) {
  const auto update = change("update-toast");
  EXPECT_EQ(json_of(update.after), (json{{"id", 4},
                                         {"name", "Big 2"},
                                         {"slug", "big"},
                                         {"created_at", "2026-11-23T11:01:35.007834Z"},
                                         {"updated_at", "2026-11-23T11:01:35.010359Z"}}));
  EXPECT_EQ(decoding_.counter("unavailable_values_total"), 1);
}

TEST_P(Samples, ADeleteHasTheOldRow) {
  const auto remove = change("delete");
  EXPECT_EQ(remove.op, std::uint32_t{SLUICE_OP_DELETE});
  EXPECT_EQ(json_of(remove.key), (json{{"id", 1}}));
  EXPECT_EQ(json_of(remove.before), (json{{"id", 1}, {"name", "rust"}}));
  EXPECT_EQ(remove.after, nullptr);
}

TEST_P(Samples, ASnapshotRowIsMarkedSo) {
  const auto read = change("snapshot");
  EXPECT_EQ(read.op, std::uint32_t{SLUICE_OP_READ});
  EXPECT_EQ(read.snapshot, 1U);
}

TEST_P(Samples, ATruncateHasNoRowsAndNoKey) {
  const auto truncate = change("truncate");
  EXPECT_EQ(truncate.op, std::uint32_t{SLUICE_OP_TRUNCATE});
  EXPECT_EQ(to_string_view(truncate.table), "project_hashtags");
  EXPECT_EQ(truncate.key, nullptr);
  EXPECT_EQ(truncate.before, nullptr);
  EXPECT_EQ(truncate.after, nullptr);
}

TEST_P(Samples, AKeyChangeIsADeleteOfTheOldKeyAndACreateOfTheNew) {
  const auto remove = change("key-change-delete");
  EXPECT_EQ(remove.op, std::uint32_t{SLUICE_OP_DELETE});
  EXPECT_EQ(json_of(remove.key), (json{{"id", 50}}));
  const auto create = change("key-change-create");
  EXPECT_EQ(create.op, std::uint32_t{SLUICE_OP_CREATE});
  EXPECT_EQ(json_of(create.key), (json{{"id", 51}}));
}

TEST_P(Samples, WhatIsNotAboutRowsGivesNothing) {
  for (const auto* kind : {"tombstone", "heartbeat", "begin", "end"}) {
    EXPECT_TRUE(gives_nothing(kind)) << kind;
  }
}

// ---- Messages made up for the purpose

constexpr const char* kSource = R"("source":{"schema":"s","table":"t","txId":7,"lsn":8,"ts_ms":9})";

std::string create_of(const std::string& row) {
  return R"({"before":null,"after":)" + row + "," + kSource + R"(,"op":"c"})";
}

json decode_row(const std::string& row) {
  Decoding decoding;
  const std::string value = create_of(row);
  const auto output = decoding.decode(make_record(value));
  if (!output.outcomes.empty()) return std::string(to_string_view(output.outcomes[0].message));
  return json_of(output.changes.at(0).after);
}

TEST(Decoder, KeepsEveryTypeOfValue) {
  const std::string row =
      R"({"i":-5,"f":1.25,"s":"a\"\u00e9\n","z":"","n":null,"t":true,"u":false,)"
      R"("a":[1,"x",null,[]],"o":{"p":{}}})";
  EXPECT_EQ(decode_row(row), json::parse(row));
}

TEST(Decoder, KeepsNumbersThatNoTypeHoldsAsTheirOwnText) {
  Decoding decoding;
  const std::string value =
      create_of(R"({"big":92233720368547758080, "pi":3.14159265358979323846})");
  const auto output = decoding.decode(make_record(value));
  const Value row(output.changes.at(0).after);
  EXPECT_EQ(row["big"].as_json(), "92233720368547758080");
  EXPECT_EQ(row["pi"].as_json(), "3.14159265358979323846");
}

TEST(Decoder, ReadsFieldsInAnyOrderAndWithWhiteSpace) {
  Decoding decoding;
  const std::string value =
      "\n{ \"op\" : \"u\" ,\t\"source\" : { \"table\" : \"t\" , \"schema\" : "
      "\"s\" } , \"after\" : { \"id\" : 1 , \"name\" : \"x\" } } \r\n";
  const auto output = decoding.decode(make_record(value));
  ASSERT_THAT(output.changes, SizeIs(1));
  EXPECT_EQ(json_of(output.changes[0].after), (json{{"id", 1}, {"name", "x"}}));
  EXPECT_EQ(output.changes[0].tx_id, 0);
}

TEST(Decoder, ReadsEscapedColumnNames) {
  EXPECT_EQ(decode_row(R"({"a\"b\u0041":1})"), (json{{"a\"bA", 1}}));
}

TEST(Decoder, LeavesOutUnavailableValuesOfTheConfiguredText) {
  Decoding decoding("N/A");
  const std::string value = create_of(R"({"a":"N/A","b":"__debezium_unavailable_value"})");
  const auto output = decoding.decode(make_record(value));
  EXPECT_EQ(json_of(output.changes.at(0).after), (json{{"b", kPlaceholder}}));
}

TEST(Decoder, MasksTheEpochOfASnapshotsTransactionId) {
  Decoding decoding;
  const std::string value =
      R"({"after":{"id":1},"source":{"table":"t","txId":8589934597,"snapshot":"true"},"op":"r"})";
  const auto output = decoding.decode(make_record(value));
  EXPECT_EQ(output.changes.at(0).tx_id, 5);
}

TEST(Decoder, TakesAnySnapshotMarkButFalseForASnapshot) {
  const std::vector<std::pair<std::string, std::uint32_t>> cases = {
      {R"("true")", 1}, {R"("first")", 1}, {R"("last_in_data_collection")", 1},
      {"true", 1},      {R"("false")", 0}, {R"("incremental")", 1},
      {"false", 0},     {"null", 0}};
  Decoding decoding;
  for (const auto& [mark, snapshot] : cases) {
    const std::string value =
        R"({"after":{},"source":{"table":"t","snapshot":)" + mark + R"(},"op":"r"})";
    const auto output = decoding.decode(make_record(value));
    EXPECT_EQ(output.changes.at(0).snapshot, snapshot) << mark;
  }
}

TEST(Decoder, GivesALogicalDecodingMessage) {
  Decoding decoding;
  const std::string value = R"({"op":"m","ts_ms":1,"source":{"schema":"","table":"","txId":3},)"
                            R"("message":{"prefix":"audit","content":"aGk="}})";
  const auto output = decoding.decode(make_record(value, R"({"prefix":"audit"})"));
  ASSERT_THAT(output.changes, SizeIs(1));
  EXPECT_EQ(output.changes[0].op, std::uint32_t{SLUICE_OP_MESSAGE});
  EXPECT_EQ(json_of(output.changes[0].after), (json{{"prefix", "audit"}, {"content", "aGk="}}));
  EXPECT_EQ(json_of(output.changes[0].key), (json{{"prefix", "audit"}}));
}

TEST(Decoder, IgnoresMessagesThatAreNotAboutRows) {
  Decoding decoding;
  for (const std::string value :
       {"null", R"({"schema":null,"payload":null})", R"({"ts_ms":1})",
        R"({"ts_ms":1,"ts_us":1,"ts_ns":1})", R"({"status":"END","id":"1:2","event_count":0})",
        R"({"source":{"table":"t"},"databaseName":"d","ddl":"DROP TABLE t"})",
        R"({"databaseName":"d","schemaName":"s","tableChanges":[{"type":"ALTER"}]})"}) {
    const auto output = decoding.decode(make_record(value));
    EXPECT_THAT(output.changes, IsEmpty()) << value;
    EXPECT_THAT(output.outcomes, IsEmpty()) << value;
  }
}

TEST(Decoder, TakesKeyColumnsNamedLikeTheWrapperForColumns) {
  Decoding decoding;
  const std::string value = create_of("{}");
  const auto output = decoding.decode(make_record(value, R"({"schema":"public","payload":7})"));
  EXPECT_EQ(json_of(output.changes.at(0).key), (json{{"schema", "public"}, {"payload", 7}}));
}

TEST(Decoder, GivesChangesInTheOrderOfTheRecordsAndFailsOnlyTheBadOne) {
  Decoding decoding;
  const std::string good = create_of(R"({"id":1})");
  const std::string bad = good.substr(0, good.size() / 2);
  const sluice_record first = make_record(good);
  const sluice_record second = make_record(bad);
  const sluice_record* const records[] = {&first, &second, &first};
  const auto output = decoding.decode(records);
  ASSERT_THAT(output.changes, SizeIs(2));
  EXPECT_EQ(output.changes[0].record, 0U);
  EXPECT_EQ(output.changes[1].record, 2U);
  ASSERT_THAT(output.outcomes, SizeIs(1));
  EXPECT_EQ(output.outcomes[0].index, 1U);
  EXPECT_EQ(output.outcomes[0].outcome, SLUICE_ITEM_ERROR);
}

TEST(Decoder, ManyRecordsInOneBatchDoNotDisturbEachOther) {
  Decoding decoding;
  std::vector<std::string> values;
  for (int i = 0; i < 500; ++i) {
    const std::string number = std::to_string(i);
    values.push_back(create_of("{\"id\":" + number + ",\"name\":\"tab\\t" + number + "\"}"));
  }
  std::vector<sluice_record> records;
  for (const auto& value : values) records.push_back(make_record(value));
  std::vector<const sluice_record*> pointers;
  for (const auto& record : records) pointers.push_back(&record);
  const auto output = decoding.decode(pointers);
  ASSERT_THAT(output.changes, SizeIs(500));
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(json_of(output.changes[static_cast<std::size_t>(i)].after),
              (json{{"id", i}, {"name", "tab\t" + std::to_string(i)}}));
  }
}

}  // namespace
}  // namespace sluice::debezium
