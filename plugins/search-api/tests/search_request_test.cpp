#include "search_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

#include "sample_config.hpp"

namespace sluice::search {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SearchRequest read(const RouteOptions& route, const std::string& query,
                   const std::string& key = "") {
  return read_search_request(route, key, parse_target("/?" + query).parameters);
}

std::optional<ParameterError> error_of(const RouteOptions& route, const std::string& query,
                                       const std::string& key = "") {
  try {
    read(route, query, key);
    return std::nullopt;
  } catch (const ParameterError& error) {
    return error;
  }
}

TextCondition text_of(const std::string& query) {
  return std::get<TextCondition>(read(text_route(), query).condition);
}

TEST(TextParameters, HaveDefaults) {
  const auto request = read(text_route(), "q=a");
  const auto& text = std::get<TextCondition>(request.condition);
  EXPECT_THAT(text.words, ElementsAre("a"));
  EXPECT_THAT(text.fields, ElementsAre("slug^2", "name^3", "name.parts", "description"));
  EXPECT_FALSE(text.fuzzy);
  EXPECT_EQ(text.op, Operator::kOr);
  EXPECT_EQ(request.limit, 20U);
  EXPECT_EQ(request.offset, 0U);
  EXPECT_EQ(request.sort.field, "_score");
  EXPECT_TRUE(request.sort.descending);
  EXPECT_FALSE(request.date_from);
  EXPECT_FALSE(request.date_to);
}

TEST(TextParameters, AreRead) {
  const auto request = read(text_route(),
                            "q=big+fish&fuzzy=true&operator=and&fields=readme&limit=100&"
                            "offset=10000&sort_by=name&sort_order=asc&date_from=2026-01-01&"
                            "date_to=2026-01-01");
  const auto& text = std::get<TextCondition>(request.condition);
  EXPECT_THAT(text.words, ElementsAre("big", "fish"));
  EXPECT_THAT(text.fields, ElementsAre("readme"));
  EXPECT_TRUE(text.fuzzy);
  EXPECT_EQ(text.op, Operator::kAnd);
  EXPECT_EQ(request.limit, 100U);
  EXPECT_EQ(request.offset, 10000U);
  EXPECT_EQ(request.sort.field, "name.keyword");
  EXPECT_FALSE(request.sort.descending);
  EXPECT_EQ(format_iso8601(*request.date_from), "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_iso8601(*request.date_to), "2026-01-01T23:59:59.999999Z");
}

TEST(TextParameters, TakeFieldsAsListsAndAsRepeats) {
  EXPECT_THAT(text_of("q=a&fields=slug,readme").fields, ElementsAre("slug^2", "readme"));
  EXPECT_THAT(text_of("q=a&fields=slug&fields=readme,slug").fields,
              ElementsAre("slug^2", "readme"));
}

TEST(TextParameters, CountCharactersNotBytes) {
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += "%C3%A9";
  EXPECT_FALSE(error_of(text_route(), "q=" + thousand));
  EXPECT_TRUE(error_of(text_route(), "q=a" + thousand));
}

TEST(TextParameters, SortByEachField) {
  for (const auto& [by, field] : text_route().sort.fields) {
    EXPECT_EQ(read(text_route(), "q=a&sort_by=" + by).sort.field, field);
  }
  EXPECT_EQ(read(text_route(), "q=a&sort_by=_score").sort.field, "_score");
}

TEST(KeyParameters, TakeTheKeyFromThePath) {
  const auto request = read(key_route(), "limit=5&offset=7", "42");
  EXPECT_EQ(std::get<std::int64_t>(std::get<KeyCondition>(request.condition).key), 42);
  EXPECT_EQ(request.limit, 5U);
  EXPECT_EQ(request.offset, 7U);
  EXPECT_EQ(request.sort.field, "created_at");
}

TEST(KeyParameters, MayBeText) {
  auto route = key_route();
  route.integer_key = false;
  const auto request = read(route, "", "a b");
  EXPECT_EQ(std::get<std::string>(std::get<KeyCondition>(request.condition).key), "a b");
}

TEST(TermsParameters, TakeListsAndRepeatsAlike) {
  for (const char* query :
       {"hashtags=a,b", "hashtags=a&hashtags=b", "hashtags=a%2Cb", "hashtags=a,+b&hashtags=a"}) {
    const auto request = read(terms_route(), query);
    const auto& terms = std::get<TermsCondition>(request.condition);
    EXPECT_THAT(terms.terms, ElementsAre("a", "b")) << query;
    EXPECT_EQ(terms.match, Match::kAny);
    EXPECT_EQ(request.limit, 100U);
  }
}

TEST(TermsParameters, MatchAllOnRequest) {
  const auto request = read(terms_route(), "hashtags=a&match=all");
  EXPECT_EQ(std::get<TermsCondition>(request.condition).match, Match::kAll);
}

struct Refusal {
  const char* query;
  const char* parameter;
  const char* value;
  const char* message;
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << refusal.query;
}

class TextRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(TextRefusal, NamesParameterAndValue) {
  const auto error = error_of(text_route(), GetParam().query);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->parameter(), GetParam().parameter);
  EXPECT_EQ(error->value(), GetParam().value);
  EXPECT_THAT(error->what(), HasSubstr(GetParam().message));
  EXPECT_FALSE(error->allowed().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Parameters, TextRefusal,
    ::testing::Values(
        Refusal{"", "q", "", "'q' is required"}, Refusal{"q=", "q", "", "must not be blank"},
        Refusal{"q=+%20%09", "q", "  \t", "must not be blank"},
        Refusal{"q=a&q=b", "q", "b", "given 2 times"},
        Refusal{"q=a&fuzzy=1", "fuzzy", "1", "must be one of: false, true"},
        Refusal{"q=a&fuzzy=TRUE", "fuzzy", "TRUE", "Did you mean 'true'?"},
        Refusal{"q=a&fuzzy=", "fuzzy", "", "must be one of"},
        Refusal{"q=a&operator=xor", "operator", "xor", "must be one of: or, and"},
        Refusal{"q=a&operator=or&operator=or", "operator", "or", "give it once"},
        Refusal{"q=a&fields=nme", "fields", "nme", "Did you mean 'name'?"},
        Refusal{"q=a&fields=", "fields", "", "empty item"},
        Refusal{"q=a&fields=name,", "fields", "name,", "empty item"},
        Refusal{"q=a&fields=name.keyword", "fields", "name.keyword", "must be one of"},
        Refusal{"q=a&limit=0", "limit", "0", "from 1 to 100"},
        Refusal{"q=a&limit=101", "limit", "101", "from 1 to 100"},
        Refusal{"q=a&limit=", "limit", "", "from 1 to 100"},
        Refusal{"q=a&limit=1x", "limit", "1x", "integer"},
        Refusal{"q=a&limit=%2B5", "limit", "+5", "integer"},
        Refusal{"q=a&limit=+5", "limit", " 5", "integer"},
        Refusal{"q=a&limit=-1", "limit", "-1", "integer"},
        Refusal{"q=a&limit=1.5", "limit", "1.5", "integer"},
        Refusal{"q=a&limit=0x10", "limit", "0x10", "integer"},
        Refusal{"q=a&limit=99999999999999999999", "limit", "99999999999999999999", "integer"},
        Refusal{"q=a&limit=5&limit=6", "limit", "6", "given 2 times"},
        Refusal{"q=a&offset=10001", "offset", "10001", "from 0 to 10000"},
        Refusal{"q=a&offset=-1", "offset", "-1", "from 0 to 10000"},
        Refusal{"q=a&sort_by=id", "sort_by", "id", "must be one of"},
        Refusal{"q=a&sort_by=created", "sort_by", "created", "Did you mean 'created_at'?"},
        Refusal{"q=a&sort_order=down", "sort_order", "down", "must be one of: asc, desc"},
        Refusal{"q=a&date_from=yesterday", "date_from", "yesterday", "ISO 8601"},
        Refusal{"q=a&date_to=2026-02-30", "date_to", "2026-02-30", "ISO 8601"},
        Refusal{"q=a&date_to=2026-01-01T00:00:00+02:00", "date_to", "2026-01-01T00:00:00 02:00",
                "%2B"},
        Refusal{"q=a&date_from=2026-01-02&date_to=2026-01-01", "date_from", "2026-01-02",
                "later than 'date_to'"},
        Refusal{"q=a&lmit=5", "lmit", "5", "Did you mean 'limit'?"},
        Refusal{"q=a&Q=b", "Q", "b", "Did you mean 'q'?"},
        Refusal{"q=a&callback=x", "callback", "x", "There is no parameter 'callback' here."},
        Refusal{"q=a&hashtags=x", "hashtags", "x", "There is no parameter"}));

TEST(TextRefusal, OfTooManyWords) {
  std::string words = "a";
  for (int i = 0; i < 31; ++i) words += "+b";
  EXPECT_FALSE(error_of(text_route(), "q=" + words));
  EXPECT_THAT(error_of(text_route(), "q=c+" + words)->what(), HasSubstr("more than 32 words"));
}

TEST(TextRefusal, ListsTheAllowedValues) {
  EXPECT_EQ(error_of(text_route(), "q=a&operator=no")->allowed(), (nlohmann::json{"or", "and"}));
  EXPECT_EQ(error_of(text_route(), "q=a&limit=no")->allowed(), "an integer from 1 to 100");
}

TEST(TextRefusal, EchoesNoMoreThanAPartOfALongValue) {
  const auto error = error_of(text_route(), "q=a&limit=" + std::string(5000, '9'));
  EXPECT_LT(error->value().size(), 300U);
}

TEST(KeyRefusal, OfWhatIsNoKey) {
  for (const char* key : {"", "abc", "1x", "-1", "+1", " 1", "1.0", "9223372036854775808"}) {
    const auto error = error_of(key_route(), "", key);
    ASSERT_TRUE(error) << key;
    EXPECT_EQ(error->parameter(), "userId");
    EXPECT_EQ(error->value(), key);
  }
}

TEST(KeyRefusal, OfParametersThatTheRouteDoesNotHave) {
  for (const char* name : {"q", "sort_by", "date_from", "userId", "match"}) {
    EXPECT_EQ(error_of(key_route(), std::string(name) + "=a", "1")->parameter(), name);
  }
}

TEST(TermsRefusal, OfMissingEmptyAndTooManyTerms) {
  EXPECT_THAT(error_of(terms_route(), "")->what(), HasSubstr("'hashtags' is required"));
  EXPECT_THAT(error_of(terms_route(), "hashtags=")->what(), HasSubstr("empty item"));
  EXPECT_THAT(error_of(terms_route(), "hashtags=a,,b")->what(), HasSubstr("empty item"));
  EXPECT_THAT(error_of(terms_route(), "hashtags=a,b,c&hashtags=d")->what(), HasSubstr("4 terms"));
  EXPECT_EQ(error_of(terms_route(), "hashtags=a&match=none")->parameter(), "match");
}

}  // namespace
}  // namespace sluice::search
