#include "config/redact.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Redact, HidesSecretsWhereverTheSchemaPutsThem) {
  const Json schema = Json::parse(R"({
    "type": "object",
    "properties": {
      "user": {"type": "string"},
      "password": {"type": "string", "format": "secret"},
      "keys": {"type": "array", "items": {"type": "string", "format": "secret"}},
      "by_name": {"type": "object", "additionalProperties": {"$ref": "#/$defs/secret"}},
      "auth": {"oneOf": [
        {"type": "object", "properties": {"token": {"type": "string", "format": "secret"}}},
        {"type": "object", "properties": {"name": {"type": "string"}}}]}},
    "$defs": {"secret": {"type": "string", "format": "secret"}}})");
  const Json config = Json::parse(R"({"user": "u", "password": "p", "keys": ["a", ""],
    "by_name": {"x": "y"}, "auth": {"token": "t", "name": "n"}, "free": 5})");
  EXPECT_EQ(redact(config, schema).dump(),
            R"({"user":"u","password":"******","keys":["******",""],"by_name":{"x":"******"},)"
            R"("auth":{"token":"******","name":"n"},"free":5})");
}

TEST(Redact, LeavesEmptySecretsEmpty) {
  const Json schema = Json::parse(R"({"properties":{"p":{"type":"string","format":"secret"}}})");
  EXPECT_EQ(redact(Json{{"p", ""}}, schema), (Json{{"p", ""}}));
}

TEST(Redact, HidesUserAndPasswordOfUrlsAnywhere) {
  const Json config = Json::parse(R"({"a": {"b": ["http://u:p@h:1/x"]}})");
  EXPECT_EQ(redact(config, Json::object()).dump(), R"({"a":{"b":["http://******@h:1/x"]}})");
}

TEST(RedactUrls, HidesWhatStandsBeforeTheAt) {
  EXPECT_EQ(redact_urls("http://user:pass@host:9200/x"), "http://******@host:9200/x");
  EXPECT_EQ(redact_urls("postgres://user@host/db"), "postgres://******@host/db");
  EXPECT_EQ(redact_urls("https://u:p@ss@host"), "https://******@host");
  EXPECT_EQ(redact_urls("a http://u:p@b, http://c/d@e http://f:g@h"),
            "a http://******@b, http://c/d@e http://******@h");
}

TEST(RedactUrls, LeavesOtherTextAlone) {
  for (const char* text : {"", "http://host/path@x", "me@example.org", "://", "a://b?c@d"}) {
    EXPECT_EQ(redact_urls(text), text);
  }
}

}  // namespace
}  // namespace sluice
