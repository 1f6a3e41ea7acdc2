// What PostgreSQL's types become in a document.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "plugin_driver.hpp"

namespace sluice::denorm {
namespace {

using nlohmann::json;

class TypesTest : public PostgresTest {
 protected:
  // The JSON text of a column of this type with this value (an SQL expression).
  std::string text_of(const std::string& type, const std::string& value) {
    sql("DROP TABLE IF EXISTS samples");
    sql("CREATE TABLE samples (id int PRIMARY KEY, v " + type + ")");
    sql("INSERT INTO samples VALUES (1, " + value + ")");
    Plugin plugin(json::parse(R"({"table":"samples","columns":["v"]})"));
    EXPECT_EQ(plugin.materialize({"1"}), SLUICE_OK) << plugin.error();
    if (plugin.out().documents.empty()) return "";
    const std::string body(Value{plugin.out().documents.at(0).body}.as_json());
    EXPECT_TRUE(json::accept(body)) << body;
    const std::string head = "{\"v\":";
    return body.substr(head.size(), body.size() - head.size() - 1);
  }
};

TEST_F(TypesTest, NumbersKeepAllTheirDigits) {
  EXPECT_EQ(text_of("numeric", "'1234567890123456789012345678901234567890.0123456789'"),
            "1234567890123456789012345678901234567890.0123456789");
  EXPECT_EQ(text_of("numeric(12,4)", "'1.5'"), "1.5000");
  EXPECT_EQ(text_of("bigint", "'-9223372036854775808'"), "-9223372036854775808");
  EXPECT_EQ(text_of("smallint", "7"), "7");
  EXPECT_EQ(text_of("real", "'0.1'"), "0.1");
  EXPECT_EQ(text_of("double precision", "'1e-300'"), "1e-300");
  EXPECT_EQ(text_of("money", "'1234.50'::numeric"), "1234.50");
  EXPECT_EQ(text_of("money[]", "ARRAY[1234.50::money, NULL]"), "[1234.50,null]");
  EXPECT_EQ(text_of("boolean", "true"), "true");
}

TEST_F(TypesTest, WhatIsNoNumberInJsonIsNull) {
  for (const char* type : {"numeric", "real", "double precision"}) {
    EXPECT_EQ(text_of(type, "'NaN'"), "null") << type;
    EXPECT_EQ(text_of(type, "'-Infinity'"), "null") << type;
    EXPECT_EQ(text_of(std::string(type) + "[]", "'{{1.5,NaN},{Infinity,NULL}}'"),
              "[[1.5,null],[null,null]]")
        << type;
  }
}

TEST_F(TypesTest, TimesAreIso8601InUtc) {
  EXPECT_EQ(text_of("timestamptz", "'2026-01-24 05:06:07.089+03'"),
            R"("2026-01-24T02:06:07.089+00:00")");
  EXPECT_EQ(text_of("timestamptz(0)", "'2026-01-24 05:06:07.089+03'"),
            R"("2026-01-24T02:06:07+00:00")");
  EXPECT_EQ(text_of("timestamp", "'2026-01-24 05:06:07'"), R"("2026-01-24T05:06:07")");
  EXPECT_EQ(text_of("date", "'2026-01-24'"), R"("2026-01-24")");
  EXPECT_EQ(text_of("time", "'05:06:07.5'"), R"("05:06:07.5")");
  EXPECT_EQ(text_of("timetz", "'05:06:07+03'"), R"("05:06:07+03")");
  EXPECT_EQ(text_of("interval", "'1 year 2 days 03:04:05'"), R"("P1Y2DT3H4M5S")");
  EXPECT_EQ(text_of("timestamptz[]", "ARRAY['2026-01-24 00:00+01'::timestamptz, 'infinity']"),
            R"(["2026-01-23T23:00:00+00:00",null])");
}

TEST_F(TypesTest, TimesFarAwayAreIso8601Too) {
  EXPECT_EQ(text_of("date", "'infinity'"), "null");
  EXPECT_EQ(text_of("timestamptz", "'-infinity'"), "null");
  EXPECT_EQ(text_of("date", "'0001-01-01'"), R"("0001-01-01")");
  EXPECT_EQ(text_of("date", "'0001-12-31 BC'"), R"("0000-12-31")");
  EXPECT_EQ(text_of("date", "'0044-03-15 BC'"), R"("-0043-03-15")");
  EXPECT_EQ(text_of("timestamp", "'0044-03-15 12:00 BC'"), R"("-0043-03-15T12:00:00")");
  EXPECT_EQ(text_of("timestamptz", "'4713-01-01 12:00+00 BC'"), R"("-4712-01-01T12:00:00+00:00")");
  EXPECT_EQ(text_of("date", "'12026-01-24'"), R"("+12026-01-24")");
  EXPECT_EQ(text_of("timestamptz", "'99999-12-31 12:00+00'"), R"("+99999-12-31T12:00:00+00:00")");
  EXPECT_EQ(text_of("date[]", "'{{0044-03-15 BC,2026-01-24},{12026-01-24,NULL}}'"),
            R"([["-0043-03-15","2026-01-24"],["+12026-01-24",null]])");
  EXPECT_EQ(text_of("timestamptz[]", "'{4713-01-01 12:00+00 BC,-infinity,99999-12-31 12:00+00}'"),
            R"(["-4712-01-01T12:00:00+00:00",null,"+99999-12-31T12:00:00+00:00"])");
  EXPECT_EQ(text_of("date[]", "'{}'"), "[]");
  EXPECT_EQ(text_of("date[]", "NULL"), "null");
}

TEST_F(TypesTest, JsonIsPassedOn) {
  EXPECT_EQ(text_of("json", R"('{"b": 1, "b": 2.50}')"), R"({"b": 1, "b": 2.50})");
  EXPECT_EQ(text_of("jsonb", "'[1.0, null, 12345678901234567890]'"),
            "[1.0, null, 12345678901234567890]");
  EXPECT_EQ(text_of("jsonb", "'null'"), "null");
  EXPECT_EQ(text_of("jsonb[]", R"(ARRAY['{"a":1}'::jsonb, NULL])"), R"([{"a": 1},null])");
}

TEST_F(TypesTest, ArraysAreArrays) {
  EXPECT_EQ(text_of("int[]", "'{{1,2},{3,NULL}}'"), "[[1,2],[3,null]]");
  EXPECT_EQ(text_of("text[]", R"(ARRAY['a"b', 'c\d', 'e,f', '{}', NULL, 'NULL', ''])"),
            R"(["a\"b","c\\d","e,f","{}",null,"NULL",""])");
  EXPECT_EQ(text_of("int[]", "'{}'"), "[]");
  EXPECT_EQ(text_of("int[]", "NULL"), "null");
}

TEST_F(TypesTest, BytesAreBase64) {
  EXPECT_EQ(text_of("bytea", R"('\x00ff')"), R"("AP8=")");
  EXPECT_EQ(text_of("bytea", "''"), R"("")");
  EXPECT_EQ(text_of("bytea", "decode(repeat('ab', 300), 'hex')").size(), 402U) << "on one line";
  EXPECT_EQ(text_of("bytea[]", R"(ARRAY[['\x00ff'::bytea, NULL], [''::bytea, '\x01']])"),
            R"([["AP8=",null],["","AQ=="]])");
  EXPECT_EQ(text_of("bytea[]", "'{}'"), "[]");
  EXPECT_EQ(text_of("bytea[]", "NULL"), "null");
}

TEST_F(TypesTest, EnumsAndOtherTypesAreText) {
  sql("CREATE TYPE mood AS ENUM ('calm', 'very \"wild\"')");
  EXPECT_EQ(text_of("mood", "'calm'"), R"("calm")");
  EXPECT_EQ(text_of("mood[]", R"(ARRAY['calm', 'very "wild"']::mood[])"),
            R"(["calm","very \"wild\""])");
  EXPECT_EQ(text_of("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"),
            R"("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")");
  EXPECT_EQ(text_of("inet", "'192.168.0.1/24'"), R"("192.168.0.1/24")");
  EXPECT_EQ(text_of("cidr", "'10.0.0.0/8'"), R"("10.0.0.0/8")");
  EXPECT_EQ(text_of("macaddr", "'08:00:2b:01:02:03'"), R"("08:00:2b:01:02:03")");
  EXPECT_EQ(text_of("bit(4)", "B'1010'"), R"("1010")");
  EXPECT_EQ(text_of("varbit", "B'1'"), R"("1")");
  EXPECT_EQ(text_of("xml", "'<a b=\"c\"/>'"), R"("<a b=\"c\"/>")");
  EXPECT_EQ(text_of("tsvector", "to_tsvector('simple', 'b a')"), R"("'a':2 'b':1")");
  EXPECT_EQ(text_of("point", "point(1.5, 2)"), R"x("(1.5,2)")x");
  EXPECT_EQ(text_of("char(5)", "'ab'"), R"("ab")") << "without its padding";
  EXPECT_EQ(text_of("char(5)[]", "ARRAY['ab', NULL]"), R"(["ab",null])");
  EXPECT_EQ(text_of("varchar(5)", "'ab '"), R"("ab ")");
  EXPECT_EQ(text_of("text", "E'\\t\"\\\\'"), R"("\t\"\\")");
}

TEST_F(TypesTest, RangesAreText) {
  EXPECT_EQ(text_of("int4range", "'(1,5]'"), R"x("[2,6)")x");
  EXPECT_EQ(text_of("int4range", "'empty'"), R"("empty")");
  EXPECT_EQ(text_of("tstzrange", "'[2026-01-24 01:00+01,)'"),
            R"x("[\"2026-01-24 00:00:00+00\",)")x");
  EXPECT_EQ(text_of("int4multirange", "'{[1,2),[4,6)}'"), R"("{[1,2),[4,6)}")");
}

TEST_F(TypesTest, CompositeTypesAreObjects) {
  sql("CREATE TYPE place AS (name text, at timestamptz, tags text[])");
  EXPECT_EQ(text_of("place", "ROW('a', '2026-01-24 00:00+00', '{x}')"),
            R"({"name":"a","at":"2026-01-24T00:00:00+00:00","tags":["x"]})");
  EXPECT_EQ(text_of("place[]", "ARRAY[ROW('a', NULL, NULL)::place]"),
            R"([{"name":"a","at":null,"tags":null}])");
}

TEST_F(TypesTest, DomainsAreWhatTheyAreOf) {
  sql("CREATE DOMAIN secret AS bytea; CREATE DOMAIN top_secret AS secret;"
      "CREATE DOMAIN amount AS numeric CHECK (value >= 0); CREATE DOMAIN day AS date;"
      "CREATE DOMAIN amounts AS amount[]; CREATE DOMAIN settings AS jsonb;"
      "CREATE DOMAIN code AS char(4)");
  EXPECT_EQ(text_of("top_secret", R"('\x00ff')"), R"("AP8=")");
  EXPECT_EQ(text_of("secret[]", R"(ARRAY['\x00ff'::secret])"), R"(["AP8="])");
  EXPECT_EQ(text_of("amount", "'NaN'"), "null");
  EXPECT_EQ(text_of("amount", "'1.50'"), "1.50");
  EXPECT_EQ(text_of("amounts", "'{1.50,NaN}'"), "[1.50,null]");
  EXPECT_EQ(text_of("day", "'infinity'"), "null");
  EXPECT_EQ(text_of("day", "'0044-03-15 BC'"), R"("-0043-03-15")");
  EXPECT_EQ(text_of("settings", R"('{"a": 1}')"), R"({"a": 1})");
  EXPECT_EQ(text_of("code", "'ab'"), R"("ab")");
}

TEST_F(TypesTest, AGeoPointComesByExpression) {
  sql("CREATE TABLE shops (id int PRIMARY KEY, lat float8, lon float8)");
  sql("INSERT INTO shops VALUES (1, 52.52, 13.405)");
  Plugin plugin(json::parse(R"json({"table":"shops","columns":["id",
      {"sql":"json_build_object('lat', lat, 'lon', lon)","as":"location"}]})json"));
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.document("1"), json::parse(R"({"id":1,"location":{"lat":52.52,"lon":13.405}})"));
}

TEST_F(TypesTest, ADomainMayBeAKey) {
  sql("CREATE DOMAIN number AS bigint; CREATE DOMAIN code AS text");
  sql("CREATE TABLE goods (shop code, number number, PRIMARY KEY (shop, number))");
  sql("INSERT INTO goods VALUES ('a', 1)");
  Plugin plugin(json{{"table", "goods"}});
  ASSERT_EQ(plugin.materialize({"a|1"}), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.document("a|1"), json::parse(R"({"shop":"a","number":1})"));
}

}  // namespace
}  // namespace sluice::denorm
