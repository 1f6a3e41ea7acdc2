#include "bulk_body.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

#include <sluice/value.hpp>

namespace sluice::opensearch {
namespace {

const sluice_value kBody = make_json(R"({"id":1})");
const sluice_value kString = make_string("no object");

sluice_document document(std::size_t index, std::string_view id, std::int64_t version,
                         const sluice_value* body) {
  return {index, to_view(id), version, body};
}

TEST(BulkBody, HasAnActionAndASourceLineForEachWrite) {
  BulkBody body;
  body.add(document(0, "a\"\n", 7, &kBody));
  EXPECT_EQ(body.text(0, 1),
            R"({"index":{"_id":"a\"\u000a","version":7,"version_type":"external_gte"}})"
            "\n"
            R"({"id":1})"
            "\n");
}

TEST(BulkBody, HasAnActionLineForEachDeletion) {
  BulkBody body;
  body.add(document(0, "a", 0, nullptr));
  EXPECT_EQ(body.text(0, 1), R"({"delete":{"_id":"a","version":0,"version_type":"external_gte"}})"
                             "\n");
}

TEST(BulkBody, GivesTheTextOfAnyRun) {
  BulkBody body;
  for (std::size_t i = 0; i < 4; ++i) body.add(document(i, std::string(1, 'a'), 1, &kBody));
  EXPECT_EQ(body.text(0, 4), std::string(body.text(0, 2)) + std::string(body.text(2, 2)));
  EXPECT_EQ(body.text(0, 4).size(), body.bytes());
  EXPECT_EQ(body.text(1, 1), body.text(3, 1));
}

TEST(BulkBody, DropsItemsFromTheFront) {
  BulkBody body;
  body.add(document(5, "a", 1, &kBody));
  body.add(document(6, "b", 1, nullptr));
  body.add(document(7, "c", 1, &kBody));
  const std::string rest(body.text(2, 1));
  body.drop_front(2);
  ASSERT_EQ(body.items().size(), 1U);
  EXPECT_EQ(body.items()[0].index, 7U);
  EXPECT_EQ(body.text(0, 1), rest);
  EXPECT_EQ(body.bytes(), rest.size());
}

TEST(BulkBody, RefusesWhatWouldFailTheWholeRequestAndStaysAsItWas) {
  BulkBody body;
  body.add(document(0, std::string(512, 'x'), 1, &kBody));
  const auto bytes = body.bytes();
  const std::string long_id(513, 'x');
  EXPECT_THROW(body.add(document(1, long_id, 1, &kBody)), std::invalid_argument);
  EXPECT_THROW(body.add(document(1, "", 1, &kBody)), std::invalid_argument);
  EXPECT_THROW(body.add(document(1, "a", -1, &kBody)), std::invalid_argument);
  EXPECT_THROW(body.add(document(1, "a", 1, &kString)), std::invalid_argument);
  const sluice_field field = make_field("a", make_double(1.0 / 0.0));
  const sluice_value infinite = make_object({&field, 1});
  EXPECT_THROW(body.add(document(1, "a", 1, &infinite)), std::invalid_argument);
  EXPECT_EQ(body.bytes(), bytes);
  EXPECT_EQ(body.items().size(), 1U);
}

}  // namespace
}  // namespace sluice::opensearch
