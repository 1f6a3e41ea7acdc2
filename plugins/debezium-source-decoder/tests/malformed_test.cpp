// Bad input: an error for that record alone, with a message that says what is wrong where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "decoding.hpp"

namespace sluice::debezium {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// The reason why the record fails; empty if it doesn't.
std::string failure(Decoding& decoding, const sluice_record& record) {
  const auto output = decoding.decode(record);
  EXPECT_LE(output.changes.size() + output.outcomes.size(), 1U);
  if (output.outcomes.empty()) return "";
  EXPECT_EQ(output.outcomes[0].outcome, SLUICE_ITEM_ERROR);
  return std::string(to_string_view(output.outcomes[0].message));
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

struct Case {
  std::string value;
  std::string reason;
  std::string key = R"({"id":1})";
};

TEST(Malformed, ValuesAreRefusedWithTheReason) {
  const std::string source = R"("source":{"table":"t"})";
  const std::vector<Case> cases = {
      {"", "value: not JSON: Empty"},
      {"   ", "value: not JSON: Empty"},
      {"hello", "value: not JSON"},
      {"nothing", "value: not JSON"},
      {"42", "value: expected a JSON object, found a number"},
      {"\"text\"", "value: expected a JSON object, found a string"},
      {"[]", "value: expected a JSON object, found an array"},
      {"{}", "value: no field 'op'"},
      {R"({"id":1,"name":"flat"})", "value: no field 'op'"},
      {R"({"ts_ms":1,"more":2})", "value: no field 'op'"},
      {R"({"id":"1","status":"active"})", "value: no field 'op'"},
      {R"({"payload":5})", "value: payload: expected an object, found an integer"},
      {R"({"op":"x",)" + source + "}", R"(value: op: expected one of c, u, d, r, t, m, found "x")"},
      {R"({"op":"",)" + source + "}", R"(found "")"},
      {R"({"op":"create",)" + source + "}", R"(found "create")"},
      {R"({"op":1,)" + source + "}", "value: op: expected a string, found an integer"},
      {R"({"op":"c","after":{}})", "value: source.table: missing or empty"},
      {R"({"op":"c","after":{},"source":null})", "value: source: expected an object, found null"},
      {R"({"op":"c","after":{},"source":[]})", "value: source: expected an object, found an array"},
      {R"({"op":"c","after":{},"source":{"table":""}})", "value: source.table: missing or empty"},
      {R"({"op":"c","after":{},"source":{"table":9}})",
       "value: source.table: expected a string, found an integer"},
      {R"({"op":"c","after":{},"source":{"table":"t","schema":[]}})",
       "value: source.schema: expected a string, found an array"},
      {R"({"op":"c","after":{},"source":{"table":"t","txId":"7"}})",
       "value: source.txId: expected an integer from 0 to 2^63 - 1, found a string"},
      {R"({"op":"c","after":{},"source":{"table":"t","txId":-7}})", "value: source.txId: expected"},
      {R"({"op":"c","after":{},"source":{"table":"t","lsn":1.5}})", "value: source.lsn: expected"},
      {R"({"op":"c","after":{},"source":{"table":"t","ts_ms":99999999999999999999}})",
       "value: source.ts_ms: expected"},
      {R"({"op":"c","after":{},"source":{"table":"t","snapshot":3}})",
       "value: source.snapshot: expected a string, found an integer"},
      {R"({"op":"c",)" + source + "}", "value: after: expected an object, found null"},
      {R"({"op":"u","after":null,)" + source + "}", "value: after: expected an object, found null"},
      {R"({"op":"u","after":"row",)" + source + "}",
       "value: after: expected an object, found a string"},
      {R"({"op":"u","after":{},"before":[],)" + source + "}",
       "value: before: expected an object, found an array"},
      {R"({"op":"u","after":{"id":1,"id":2},)" + source + "}",
       "value: after: field 'id' occurs twice"},
      {R"({"op":"u","after":{"id":tru},)" + source + "}", "value: not JSON"},
      {R"({"op":"u","after":{"id":truex},)" + source + "}", "value: "},
      {R"({"op":"u","after":{"id":01},)" + source + "}", "value: "},
      {R"({"op":"u","after":{"id":1.},)" + source + "}", "value: "},
      {R"({"op":"u","after":{"id":-},)" + source + "}", "value: "},
      {R"({"op":"u","after":{"id":NaN},)" + source + "}", "value: not JSON"},
      {R"({"op":"u","after":{"s":"\x"},)" + source + "}", "value: not JSON"},
      {R"({"op":"u","after":{"s":"\ud800"},)" + source + "}", "value: not JSON"},
      {R"({"op":"u","after":{"a" 1},)" + source + "}", "value: not JSON"},
      {R"({"op":"u","after":{"a":1 2},)" + source + "}", "value: not JSON"},
      {R"({"op":"u","after":{"a":1,},)" + source + "}", "value: not JSON"},
      {R"({"op":"u","after":{"a":[1,]},)" + source + "}", "value: "},
      {R"({"op":"u","after":{},)" + source + "} x", "value: not JSON"},
      {R"({"op":"u","after":{},)" + source + "}{}", "value: not JSON"},
      {"{\"op\":\"u\",\"after\":{\"s\":\"\xff\xfe\"}," + source + "}", "value: not JSON: "},
      {"{\"op\":\"u\",\"after\":{\"s\":\"\xc3(\"}," + source + "}", "UTF-8"},
      {"{\"op\":\"u\",\"after\":{\"s\":\"a\nb\"}," + source + "}", "value: not JSON"},
      {R"({"op":"u","after":{"deep":)" + nested(70) + "}," + source + "}",
       "value: after: nested deeper than 64 levels"},
      {R"({"op":"u","after":{"deep":)" + nested(100000) + "}," + source + "}",
       "nested deeper than 64 levels"},
      {R"({"op":"d","before":null,)" + source + "}", "key: expected a JSON object", "17"},
      {R"({"op":"c","after":{},)" + source + "}", "key: not JSON", "{\"id\":"},
      {R"({"op":"c","after":{},)" + source + "}", "key: not JSON", "Struct{id=3}"},
      {R"({"op":"c","after":{},)" + source + "}", "key: not JSON", ""},
      {R"({"op":"d","before":null,)" + source + "}", "key: field 'id' occurs twice",
       R"({"id":1,"id":2})"},
  };
  Decoding decoding;
  for (const auto& each : cases) {
    EXPECT_THAT(failure(decoding, make_record(each.value, each.key)), HasSubstr(each.reason))
        << each.value.substr(0, 200);
  }
}

TEST(Malformed, ADeleteWithoutKeyAndRowIsRefused) {
  Decoding decoding;
  sluice_record record = make_record(R"({"op":"d","before":null,"source":{"table":"t"}})");
  record.key = {};
  EXPECT_THAT(failure(decoding, record), HasSubstr("neither a key nor `before`"));
}

TEST(Malformed, DuplicatesAreFoundInWideRowsToo) {
  std::string row = R"({"c7":0)";
  for (int i = 0; i < 1000; ++i) row += ",\"c" + std::to_string(i) + "\":1";
  Decoding decoding;
  const std::string value = R"({"op":"c","source":{"table":"t"},"after":)" + row + "}}";
  EXPECT_THAT(failure(decoding, make_record(value)), HasSubstr("field 'c7' occurs twice"));
}

TEST(Malformed, DeepNestingInPartsThatAreSkippedDoesNoHarm) {
  Decoding decoding;
  const std::string value = R"({"schema":)" + nested(200000) +
                            R"(,"payload":{"op":"c","after":{"id":1},"source":{"table":"t"}}})";
  const auto record = make_record(value);
  EXPECT_THAT(decoding.decode(record).changes, SizeIs(1));
}

TEST(Malformed, ALargeMessageIsDecoded) {
  Decoding decoding;
  const std::string text(5'000'000, 'x');
  const std::string value = R"({"op":"c","after":{"s":")" + text + R"("},"source":{"table":"t"}})";
  const auto record = make_record(value);
  const auto output = decoding.decode(record);
  ASSERT_THAT(output.changes, SizeIs(1));
  EXPECT_EQ(Value(output.changes[0].after)["s"].as_string(), text);
}

class EverySample : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Forms, EverySample, testing::Values("plain", "schemas"),
                         [](const auto& form) { return form.param; });

TEST_P(EverySample, CutOffAnywhereIsAnError) {
  Decoding decoding;
  for (const auto& kind : sample_kinds()) {
    const Sample sample = load_sample(GetParam(), kind);
    if (!sample.value) continue;
    for (std::size_t size = 0; size < sample.value->size(); ++size) {
      // An exact copy on the heap: reading past its end is an error that ASan sees.
      const std::vector<char> cut(sample.value->begin(),
                                  sample.value->begin() + static_cast<std::ptrdiff_t>(size));
      sluice_record record = sample.record();
      record.value = {cut.empty() ? "" : cut.data(), size};
      EXPECT_NE(failure(decoding, record), "") << kind << " cut to " << size << " bytes";
    }
  }
}

TEST_P(EverySample, WithBytesChangedNeitherCrashesNorGivesInvalidText) {
  Decoding decoding;
  std::mt19937 random(20261123);
  for (const auto& kind : sample_kinds()) {
    const Sample sample = load_sample(GetParam(), kind);
    if (!sample.value) continue;
    for (int round = 0; round < 2000; ++round) {
      Sample changed = sample;
      const int count = 1 + static_cast<int>(random() % 4);
      for (int i = 0; i < count; ++i) {
        std::string& text = random() % 8 == 0 && changed.key ? *changed.key : *changed.value;
        text[random() % text.size()] =
            random() % 2 == 0 ? static_cast<char>(random()) : "{}[]\",:\\0"[random() % 9];
      }
      const auto output = decoding.decode(changed.record());
      for (const auto& change : output.changes) {
        // Walks the whole tree; dump throws on text that is not UTF-8.
        EXPECT_NO_THROW((json_of(change.after).dump(), json_of(change.before).dump(),
                         json_of(change.key).dump()));
      }
    }
  }
}

TEST(Malformed, GarbageNeitherCrashesNorPasses) {
  Decoding decoding;
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string garbage(1 + random() % 200, ' ');
    for (auto& c : garbage) {
      c = random() % 2 == 0 ? static_cast<char>(random()) : "{}[]\",:\\1enr"[random() % 12];
    }
    garbage.insert(0, "{");
    EXPECT_THAT(decoding.decode(make_record(garbage)).changes, IsEmpty());
  }
}

}  // namespace
}  // namespace sluice::debezium
