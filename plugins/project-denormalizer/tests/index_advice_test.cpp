#include "index_advice.hpp"

#include <gmock/gmock.h>

#include "sample_catalog.hpp"

namespace sluice::denorm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// With the indexes of the primary keys, as PostgreSQL makes them.
Catalog indexed_catalog() {
  Catalog catalog = sample_catalog();
  for (auto& [name, table] : catalog.tables) {
    if (!table.primary_key.empty()) table.indexes.push_back(table.primary_key);
  }
  return catalog;
}

constexpr const char* kTagged =
    R"({"table":"articles","columns":["title"],"children":[{"table":"tags","columns":["label"],
        "through":"article_tags"}]})";

TEST(IndexAdviceTest, TheOtherDirectionOfAJunctionNeedsAnIndex) {
  EXPECT_THAT(index_advice(sample_tree(kTagged), indexed_catalog()),
              ElementsAre("no index on public.article_tags (tag_id): each change of public.tags "
                          "reads the whole table\n"
                          "CREATE INDEX CONCURRENTLY ON \"public\".\"article_tags\" (\"tag_id\", "
                          "\"article_id\");"));
}

TEST(IndexAdviceTest, AnIndexThatBeginsWithTheColumnIsEnough) {
  Catalog catalog = indexed_catalog();
  catalog.tables.at({"public", "article_tags"}).indexes.push_back({"tag_id"});
  EXPECT_THAT(index_advice(sample_tree(kTagged), catalog), IsEmpty());
}

TEST(IndexAdviceTest, DirectRelationsNeedThemInBothDirections) {
  // Each article read looks for its comments; each change of a comment for its article, by key.
  EXPECT_THAT(index_advice(sample_tree(R"({"table":"articles","columns":["title"],
                 "children":[{"table":"talk.comments","columns":["body"]}]})"),
                           indexed_catalog()),
              ElementsAre(HasSubstr("no index on talk.comments (article_id): each document read")));
  // Each change of an author looks for the articles.
  EXPECT_THAT(index_advice(sample_tree(R"({"table":"articles","columns":["title"],
          "children":[{"name":"author","table":"authors","columns":["name"],"on":{"id":"author_id"}}]})"),
                           indexed_catalog()),
              ElementsAre(HasSubstr("no index on public.articles (author_id): each change of "
                                    "public.authors")));
}

std::vector<std::string> advice_on_lines(std::vector<std::vector<std::string>> indexes) {
  Catalog catalog = indexed_catalog();
  catalog.tables.at({"public", "order_lines"}).indexes = std::move(indexes);
  return index_advice(sample_tree(R"({"table":"orders","columns":["note"],
                 "children":[{"table":"order_lines","columns":["item"]}]})"),
                      catalog);
}

TEST(IndexAdviceTest, AnIndexThatBeginsWithAllColumnsInAnyOrderIsEnough) {
  EXPECT_THAT(advice_on_lines({{"region", "number", "line"}}), IsEmpty());
  EXPECT_THAT(advice_on_lines({{"line"}, {"number", "region"}}), IsEmpty());
}

TEST(IndexAdviceTest, OneIndexedColumnOfSeveralMayBeEnough) {
  for (const auto& indexes : std::vector<std::vector<std::vector<std::string>>>{
           {{"region"}, {}}, {{"line", "number"}, {"region", "line", "number"}}}) {
    EXPECT_THAT(advice_on_lines(indexes),
                ElementsAre("no index on public.order_lines (region, number), only one that begins "
                            "with region: each document read reads all rows with the same region, "
                            "which may do if they are few\nCREATE INDEX CONCURRENTLY ON "
                            "\"public\".\"order_lines\" (\"region\", \"number\");"));
  }
  EXPECT_THAT(advice_on_lines({{"line", "region", "number"}}),
              ElementsAre(HasSubstr("each document read reads the whole table")))
      << "an index that begins with another column";
}

TEST(IndexAdviceTest, AUniqueKeyAmongTheColumnsIsEnough) {
  EXPECT_THAT(index_advice(sample_tree(R"({"table":"talk.comments","columns":["body"],"children":[
          {"name":"article","table":"articles","columns":["title"],
           "on":{"id":"article_id","author_id":"parent_id"}}]})"),
                           indexed_catalog()),
              ElementsAre(HasSubstr("no index on talk.comments (parent_id, article_id)")));
}

TEST(IndexAdviceTest, NamesAreQuotedAndPartitionedTablesIndexedPlainly) {
  Catalog catalog = indexed_catalog();
  catalog.tables.at({"public", "article_tags"}).is_partitioned = true;
  EXPECT_THAT(index_advice(sample_tree(kTagged), catalog),
              ElementsAre(HasSubstr("CREATE INDEX ON \"public\".\"article_tags\" (\"tag_id\"")));
}

TEST(IndexAdviceTest, ViewsAreNotAdvisedOn) {
  Catalog catalog = indexed_catalog();
  catalog.tables.at({"public", "article_tags"}).can_be_indexed = false;
  EXPECT_THAT(index_advice(sample_tree(kTagged), catalog), IsEmpty());
}

}  // namespace
}  // namespace sluice::denorm
