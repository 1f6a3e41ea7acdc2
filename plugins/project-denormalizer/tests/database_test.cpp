// The plugin against a real PostgreSQL, driven through its ABI.
#include <algorithm>
#include <gmock/gmock.h>
#include <map>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <set>

#include "cursors.hpp"
#include "plugin_driver.hpp"

namespace sluice::denorm {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* kTables = R"sql(
  CREATE TYPE mood AS ENUM ('calm', 'wild');
  CREATE TABLE articles (id bigint PRIMARY KEY, title text, price numeric, score float8,
    published timestamptz, extra jsonb, photo bytea, labels text[], feel mood, span int4range);
  CREATE TABLE tags (id int PRIMARY KEY, label text NOT NULL);
  CREATE TABLE article_tags (article_id bigint REFERENCES articles ON DELETE CASCADE,
    tag_id int REFERENCES tags ON DELETE CASCADE, position int, PRIMARY KEY (article_id, tag_id));
  CREATE INDEX ON article_tags (tag_id, article_id);
  CREATE TABLE comments (id int PRIMARY KEY, article_id bigint REFERENCES articles ON DELETE CASCADE,
    body text);
  CREATE INDEX ON comments (article_id);
  CREATE TABLE lines (region text, number int, item text, PRIMARY KEY (region, number));
)sql";

json articles() {
  return json::parse(R"({"table":"articles","columns":["id","title"],"children":[
    {"table":"tags","columns":["id","label"],
     "through":{"table":"article_tags","columns":["position"]}},
    {"table":"comments","columns":["id","body"]}]})");
}

class DatabaseTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    sql(kTables);
  }
};

TEST_F(DatabaseTest, ADocumentHasItsRelatedRows) {
  sql("INSERT INTO articles(id, title) VALUES (1, 'One \"quoted\"'), (2, NULL)");
  sql("INSERT INTO tags VALUES (7, 'seven'), (5, 'five')");
  sql("INSERT INTO article_tags VALUES (1, 7, 1), (1, 5, 2)");
  sql("INSERT INTO comments VALUES (1, 1, 'first')");
  Plugin plugin(articles());
  ASSERT_EQ(plugin.materialize({"2", "1"}), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.document("1"), json::parse(R"({"id":1,"title":"One \"quoted\"",
      "tags":[{"id":5,"label":"five","position":2},{"id":7,"label":"seven","position":1}],
      "comments":[{"id":1,"body":"first"}]})"));
  EXPECT_EQ(plugin.document("2"), json::parse(R"({"id":2,"title":null,"tags":[],"comments":[]})"));
}

TEST_F(DatabaseTest, AKeyWithoutARowIsADelete) {
  sql("INSERT INTO articles(id) VALUES (1)");
  Plugin plugin(articles());
  ASSERT_EQ(plugin.materialize({"1", "2", "no number", "01", "99999999999999999999"}), SLUICE_OK);
  EXPECT_FALSE(plugin.document("1").is_null());
  for (const char* id : {"2", "no number", "01", "99999999999999999999"}) {
    EXPECT_TRUE(plugin.document(id).is_null()) << id;
  }
  EXPECT_THAT(plugin.out().outcomes, IsEmpty());
}

TEST_F(DatabaseTest, EveryTypeHasAJsonForm) {
  sql(R"sql(INSERT INTO articles VALUES (1, 't', 12345678901234567890.123456789, 'NaN',
      '2026-01-24 05:06:07.089+03', '{"b": [1, 2.50]}', '\x00ff', '{a,NULL,"b c"}', 'wild',
      '[1,5)'), (2, 't', 'NaN', '-Infinity', 'infinity', 'null', '', '{}', NULL, 'empty'))sql");
  Plugin plugin(json{{"table", "articles"}});
  ASSERT_EQ(plugin.materialize({"1", "2"}), SLUICE_OK) << plugin.error();
  const sluice_value* body = plugin.out().documents.at(0).body;
  EXPECT_EQ(Value{body}.as_json(),
            R"json({"id":1,"title":"t","price":12345678901234567890.123456789,"score":null,)json"
            R"json("published":"2026-01-24T02:06:07.089+00:00","extra":{"b": [1, 2.50]},)json"
            R"json("photo":"AP8=","labels":["a",null,"b c"],"feel":"wild","span":"[1,5)"})json");
  EXPECT_EQ(plugin.document("2"),
            json::parse(R"({"id":2,"title":"t","price":null,"score":null,"published":null,
                            "extra":null,"photo":"","labels":[],"feel":null,"span":"empty"})"));
}

TEST_F(DatabaseTest, LongBytesStayOnOneLine) {
  sql("INSERT INTO articles(id, photo) VALUES (1, decode(repeat('ab', 300), 'hex'))");
  Plugin plugin(json::parse(R"({"table":"articles","columns":["photo"]})"));
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK);
  EXPECT_EQ(plugin.document("1")["photo"].get<std::string>().size(), 400U);
}

TEST_F(DatabaseTest, TheVersionGrowsWithWhatIsVisible) {
  sql("INSERT INTO articles(id) VALUES (1)");
  Plugin plugin(articles());
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK);
  const auto first = plugin.version();
  sql("UPDATE articles SET title = 'x'");
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK);
  EXPECT_GT(plugin.version(), first);
  sql("DELETE FROM articles");
  const auto second = plugin.version();
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK);
  EXPECT_GT(plugin.version(), second) << "a delete carries a version too";

  Plugin later(articles(), 1000, 3);
  ASSERT_EQ(later.materialize({"1"}), SLUICE_OK);
  EXPECT_EQ(later.version() >> 48, 3);
}

TEST_F(DatabaseTest, AnOlderSnapshotNeverHasAHigherVersion) {
  sql("INSERT INTO articles(id) VALUES (1)");
  Plugin plugin(articles());
  // A transaction begins before, and commits after, one that comes between.
  pqxx::connection other(cluster().conninfo());
  pqxx::work open(other);
  open.exec("UPDATE articles SET title = 'open'");
  sql("INSERT INTO articles(id) VALUES (2)");
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK);
  const auto before = plugin.version();
  EXPECT_TRUE(plugin.document("1")["title"].is_null());
  open.commit();
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK);
  EXPECT_EQ(plugin.document("1")["title"], "open");
  EXPECT_GT(plugin.version(), before);
}

TEST_F(DatabaseTest, AKeyWaitsUntilItsTransactionIsVisible) {
  Plugin plugin(articles());
  pqxx::connection other(cluster().conninfo());
  pqxx::work open(other);
  open.exec("INSERT INTO articles(id) VALUES (1)");
  const auto tx_id =
      open.exec("SELECT pg_current_xact_id()::text::bigint")[0][0].as<std::int64_t>();
  ASSERT_EQ(plugin.materialize({"1"}, {0, tx_id}), SLUICE_OK);
  EXPECT_THAT(plugin.out().documents, IsEmpty());
  ASSERT_EQ(plugin.out().outcomes.size(), 1U);
  EXPECT_EQ(plugin.out().outcomes[0].outcome, SLUICE_NOT_VISIBLE) << "also while it is the newest";
  sql("INSERT INTO articles(id) VALUES (2)");  // now xmax is past it
  ASSERT_EQ(plugin.materialize({"1"}, {tx_id}), SLUICE_OK);
  ASSERT_EQ(plugin.out().outcomes.size(), 1U);
  EXPECT_EQ(plugin.out().outcomes[0].outcome, SLUICE_NOT_VISIBLE);
  open.commit();
  ASSERT_EQ(plugin.materialize({"1"}, {tx_id}), SLUICE_OK);
  EXPECT_EQ(plugin.document("1")["id"], 1);
}

TEST_F(DatabaseTest, ATransactionOfAnotherDatabaseIsAhead) {
  Plugin plugin(articles());
  ASSERT_EQ(plugin.materialize({"1"}, {1000000}), SLUICE_OK);
  ASSERT_EQ(plugin.out().outcomes.size(), 1U);
  EXPECT_EQ(plugin.out().outcomes[0].outcome, SLUICE_AHEAD);
}

TEST_F(DatabaseTest, ARowThatCannotBeADocumentFailsAlone) {
  sql("INSERT INTO articles(id, title) SELECT i, 'x' FROM generate_series(1, 20) i");
  Plugin plugin(json::parse(
      R"json({"table":"articles","columns":["id",{"sql":"100 / (id - 13)","as":"share"
}]
})json"));
  std::vector<std::string> ids;
  for (int i = 1; i <= 20; ++i) ids.push_back(std::to_string(i));
  ASSERT_EQ(plugin.materialize(ids), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.out().documents.size(), 19U);
  ASSERT_EQ(plugin.out().outcomes.size(), 1U);
  EXPECT_EQ(plugin.out().outcomes[0].outcome, SLUICE_ITEM_ERROR);
  EXPECT_EQ(plugin.out().outcomes[0].index, 12U);
  EXPECT_THAT(std::string(to_string_view(plugin.out().outcomes[0].message)),
              HasSubstr("division by zero"));

  ASSERT_EQ(plugin.ranges(1), SLUICE_OK);
  ASSERT_EQ(plugin.scan(plugin.cursor(), 15), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.out().documents.size(), 14U);
  EXPECT_EQ(plugin.out().outcomes.size(), 1U);
  EXPECT_THAT(plugin.keys(), ElementsAre("13")) << "so that the row can be found";
  ASSERT_EQ(plugin.scan(plugin.cursor(), 15), SLUICE_OK);
  EXPECT_EQ(plugin.out().documents.size(), 5U) << "the page after goes on";
}

// All ids that the plugin's ranges give, page by page.
std::multiset<std::string> scan_all(Plugin& plugin, std::size_t ranges, std::size_t page) {
  std::multiset<std::string> ids;
  EXPECT_EQ(plugin.ranges(ranges), SLUICE_OK) << plugin.error();
  for (std::string cursor : plugin.all_cursors()) {
    while (true) {
      EXPECT_EQ(plugin.scan(cursor, page), SLUICE_OK) << plugin.error();
      for (const auto& document : plugin.out().documents) {
        ids.emplace(to_string_view(document.id));
        EXPECT_GT(document.version, 0);
      }
      if (plugin.out().cursors.empty()) break;
      cursor = plugin.cursor();
    }
  }
  return ids;
}

// All keys of a walk, page by page, in the order that they come in.
std::vector<std::string> walk_all(Plugin& plugin, std::string cursor, std::size_t page) {
  std::vector<std::string> keys;
  while (!cursor.empty()) {
    EXPECT_EQ(plugin.walk(cursor, page), SLUICE_OK) << plugin.error();
    for (const std::string& key : plugin.keys()) keys.push_back(key);
    cursor = plugin.out().cursors.empty() ? "" : plugin.cursor();
  }
  return keys;
}

TEST_F(DatabaseTest, ScansGiveEveryRowOnce) {
  sql("INSERT INTO articles(id) SELECT i * 3 FROM generate_series(1, 1000) i");
  Plugin plugin(articles());
  std::multiset<std::string> expected;
  for (int i = 1; i <= 1000; ++i) expected.insert(std::to_string(i * 3));
  EXPECT_EQ(scan_all(plugin, 4, 37), expected);
  EXPECT_EQ(scan_all(plugin, 1, 1000), expected) << "a page that is just full";
  ASSERT_EQ(plugin.ranges(4), SLUICE_OK);
  EXPECT_EQ(plugin.out().cursors.size(), 4U);
}

TEST_F(DatabaseTest, ScansWorkWithCompositeAndTextKeys) {
  sql("INSERT INTO lines SELECT r, i, 'x' FROM unnest('{eu|a,us\\,''q}'::text[]) r, "
      "generate_series(1, 50) i");
  Plugin plugin(json{{"table", "lines"}});
  const auto ids = scan_all(plugin, 3, 7);
  EXPECT_EQ(ids.size(), 100U);
  EXPECT_EQ(ids.count("eu\\|a|7"), 1U);
  ASSERT_EQ(plugin.materialize({ids.begin(), ids.end()}), SLUICE_OK);
  for (const auto& document : plugin.out().documents) EXPECT_NE(document.body, nullptr);
}

TEST_F(DatabaseTest, AnEmptyTableHasOneEmptyRange) {
  Plugin plugin(articles());
  EXPECT_THAT(scan_all(plugin, 4, 10), IsEmpty());
  std::int64_t documents = -1;
  ASSERT_EQ(plugin.count(documents), SLUICE_OK);
  EXPECT_EQ(documents, 0);
  ASSERT_EQ(plugin.sample(5), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), IsEmpty());
}

TEST_F(DatabaseTest, CountsAndSamplesWhatTheFilterKeeps) {
  sql("INSERT INTO articles(id, title) SELECT i, CASE WHEN i % 2 = 0 THEN 'even' END "
      "FROM generate_series(1, 100) i");
  Plugin plugin(json::parse(R"({"table":"articles","where":"title = 'even'"})"));
  std::int64_t documents = 0;
  ASSERT_EQ(plugin.count(documents), SLUICE_OK);
  EXPECT_EQ(documents, 50);
  ASSERT_EQ(plugin.sample(10), SLUICE_OK);
  EXPECT_EQ(plugin.keys().size(), 10U);
  for (const std::string& key : plugin.keys()) EXPECT_EQ(std::stoi(key) % 2, 0);
  ASSERT_EQ(plugin.materialize({"1", "2"}), SLUICE_OK);
  EXPECT_TRUE(plugin.document("1").is_null()) << "a row that the filter drops has no document";
  EXPECT_FALSE(plugin.document("2").is_null());
}

TEST_F(DatabaseTest, AChangedRootRowIsItsDocument) {
  Plugin plugin(articles());
  const Change created('c', "articles", {{"id", 1}}, nullptr, {{"id", 1}, {"title", "a"}});
  const Change updated('u', "articles", {{"id", 2}}, nullptr, {{"id", 2}, {"title", "b"}});
  const Change deleted('d', "articles", {{"id", 3}}, {{"id", 3}, {"title", ""}}, nullptr);
  ASSERT_EQ(plugin.route({created.get(), updated.get(), deleted.get()}), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), ElementsAre("1", "2", "3"));
  EXPECT_EQ(plugin.out().keys[0].urgent, 0U);
  EXPECT_EQ(plugin.out().keys[2].urgent, 1U) << "a delete goes at once";
  EXPECT_EQ(plugin.out().keys[2].index, 2U);
}

TEST_F(DatabaseTest, AJunctionRowTouchesItsOldAndNewParent) {
  sql("ALTER TABLE article_tags REPLICA IDENTITY FULL");
  Plugin plugin(articles());
  const Change moved('u', "article_tags", {{"article_id", 2}, {"tag_id", 5}},
                     {{"article_id", 1}, {"tag_id", 5}, {"position", 1}},
                     {{"article_id", 2}, {"tag_id", 5}, {"position", 1}});
  const Change deleted('d', "article_tags", {{"article_id", 9}, {"tag_id", 5}},
                       {{"article_id", 9}, {"tag_id", 5}, {"position", 1}}, nullptr);
  ASSERT_EQ(plugin.route({moved.get(), deleted.get()}), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), UnorderedElementsAre("1", "2", "9"));
}

TEST_F(DatabaseTest, UnderDefaultIdentityOnlyTheKeyOfTheOldRowCounts) {
  Plugin plugin(articles());
  const Change deleted('d', "article_tags", {{"article_id", 9}, {"tag_id", 5}},
                       {{"article_id", 0}, {"tag_id", 0}}, nullptr);
  ASSERT_EQ(plugin.route({deleted.get()}), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), ElementsAre("9"));
}

TEST_F(DatabaseTest, AMovedOrDeletedChildNeedsItsOldRow) {
  Plugin plugin(articles());
  const Change deleted('d', "comments", {{"id", 1}}, {{"id", 1}, {"article_id", 0}}, nullptr);
  ASSERT_EQ(plugin.route({deleted.get()}), SLUICE_OK);
  ASSERT_EQ(plugin.out().outcomes.size(), 1U);
  EXPECT_THAT(std::string(to_string_view(plugin.out().outcomes[0].message)),
              HasSubstr("needs REPLICA IDENTITY FULL"));
  ASSERT_FALSE(plugin.log().empty());
  EXPECT_THAT(plugin.log()[0].second, HasSubstr("public.comments needs REPLICA IDENTITY FULL"));

  sql("ALTER TABLE comments REPLICA IDENTITY FULL");
  Plugin full(articles());
  const Change moved('u', "comments", {{"id", 1}}, {{"id", 1}, {"article_id", 4}, {"body", "x"}},
                     {{"id", 1}, {"article_id", 5}, {"body", "x"}});
  const Change gone('d', "comments", {{"id", 2}}, {{"id", 2}, {"article_id", 6}, {"body", "x"}},
                    nullptr);
  const Change orphan('d', "comments", {{"id", 3}},
                      {{"id", 3}, {"article_id", nullptr}, {"body", "x"}}, nullptr);
  ASSERT_EQ(full.route({moved.get(), gone.get(), orphan.get()}), SLUICE_OK);
  EXPECT_THAT(full.keys(), UnorderedElementsAre("4", "5", "6"));
  EXPECT_THAT(full.out().outcomes, IsEmpty());
}

TEST_F(DatabaseTest, ARelatedRowTouchesAllDocumentsItIsIn) {
  sql("INSERT INTO articles(id) SELECT generate_series(1, 9)");
  sql("INSERT INTO tags VALUES (5, 'five'), (6, 'six'), (7, 'seven')");
  sql("INSERT INTO article_tags VALUES (1, 5), (2, 5), (3, 6)");
  Plugin plugin(articles());
  const Change five('u', "tags", {{"id", 5}}, nullptr, {{"id", 5}, {"label", "V"}});
  const Change again('u', "tags", {{"id", 5}}, nullptr, {{"id", 5}, {"label", "VI"}});
  const Change six('u', "tags", {{"id", 6}}, nullptr, {{"id", 6}, {"label", "VI"}});
  const Change gone('d', "tags", {{"id", 99}}, {{"id", 99}}, nullptr);
  ASSERT_EQ(plugin.route({five.get(), again.get(), six.get(), gone.get()}), SLUICE_OK);
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const sluice_key& key : plugin.out().keys) {
    found.emplace_back(key.index, to_string_view(key.id));
  }
  using Pair = std::pair<std::size_t, std::string>;
  EXPECT_THAT(found, UnorderedElementsAre(Pair{0, "1"}, Pair{0, "2"}, Pair{1, "1"}, Pair{1, "2"},
                                          Pair{2, "3"}));
}

TEST_F(DatabaseTest, ARowInManyDocumentsIsWalkedThrough) {
  sql("INSERT INTO articles(id) SELECT generate_series(1, 100)");
  sql("INSERT INTO tags VALUES (5, 'five')");
  sql("INSERT INTO article_tags SELECT i, 5 FROM generate_series(1, 100) i");
  Plugin plugin(articles(), 10);
  const Change five('u', "tags", {{"id", 5}}, nullptr, {{"id", 5}, {"label", "V"}});
  ASSERT_EQ(plugin.route({five.get()}), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), IsEmpty());
  ASSERT_EQ(plugin.out().cursors.size(), 1U);
  std::vector<std::string> keys;
  for (std::string cursor = plugin.cursor(); !cursor.empty();) {
    ASSERT_EQ(plugin.walk(cursor, 9), SLUICE_OK) << plugin.error();
    ASSERT_LE(plugin.keys().size(), 9U);
    for (const std::string& key : plugin.keys()) keys.push_back(key);
    cursor = plugin.out().cursors.empty() ? "" : plugin.cursor();
  }
  ASSERT_EQ(keys.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(keys[static_cast<std::size_t>(i)], std::to_string(i + 1));
}

TEST_F(DatabaseTest, ABatchOfChangesGivesSoManyKeysAndWalksForTheRest) {
  constexpr std::size_t kTags = 80;
  constexpr std::size_t kArticles = 900;
  sql("INSERT INTO articles(id) SELECT generate_series(1, 900)");
  sql("INSERT INTO tags SELECT i, 'tag ' || i FROM generate_series(1, 80) i");
  sql("INSERT INTO article_tags SELECT a, t FROM generate_series(1, 900) a, generate_series(1, 80) "
      "t");
  Plugin plugin(articles(), kArticles);
  std::vector<std::unique_ptr<Change>> changes;
  std::vector<const sluice_change*> pointers;
  for (std::size_t tag = 1; tag <= kTags; ++tag) {
    const json row{{"id", tag}, {"label", "renamed"}};
    changes.push_back(std::make_unique<Change>('u', "tags", json{{"id", tag}}, nullptr, row));
    pointers.push_back(changes.back()->get());
  }
  ASSERT_EQ(plugin.route(pointers), SLUICE_OK) << plugin.error();
  EXPECT_LE(plugin.out().keys.size(), 50'000U);
  EXPECT_GT(plugin.out().keys.size(), 50'000U - kArticles);
  const auto walks = plugin.all_cursors();
  EXPECT_EQ(plugin.out().keys.size() + walks.size() * kArticles, kTags * kArticles);
  EXPECT_EQ(walk_all(plugin, walks.front(), 500).size(), kArticles);
}

TEST_F(DatabaseTest, ARowWithoutAKeyIsInNoLookupAndEndsNoWalk) {
  sql("ALTER TABLE articles ADD UNIQUE (title); ALTER TABLE comments REPLICA IDENTITY FULL");
  sql("INSERT INTO articles(id, title) SELECT i, CASE WHEN i < 4 THEN 't' || i END "
      "FROM generate_series(1, 6) i");
  sql("INSERT INTO comments SELECT i, i, 'x' FROM generate_series(1, 6) i");
  sql("INSERT INTO tags VALUES (5, 'five')");
  sql("INSERT INTO article_tags SELECT i, 5 FROM generate_series(1, 6) i");
  json document = articles();
  document["key"] = "title";
  const auto comment = [](int i, const char* body) {
    return json{{"id", i}, {"article_id", i}, {"body", body}};
  };
  const Change keyed('u', "comments", {{"id", 1}}, comment(1, "w"), comment(1, "x"));
  const Change keyless('u', "comments", {{"id", 4}}, comment(4, "w"), comment(4, "x"));
  const Change tag('u', "tags", {{"id", 5}}, nullptr, {{"id", 5}, {"label", "V"}});
  Plugin plugin(document);
  ASSERT_EQ(plugin.route({keyed.get(), keyless.get(), tag.get()}), SLUICE_OK) << plugin.error();
  EXPECT_THAT(plugin.out().outcomes, IsEmpty());
  EXPECT_THAT(plugin.keys(), UnorderedElementsAre("t1", "t1", "t2", "t3"));

  Plugin walking(document, 1);
  ASSERT_EQ(walking.route({tag.get()}), SLUICE_OK) << walking.error();
  EXPECT_THAT(walk_all(walking, walking.cursor(), 2), ElementsAre("t1", "t2", "t3"));
  EXPECT_THAT(walk_all(walking, WalkCursor{}.encode(), 2), ElementsAre("t1", "t2", "t3"));
  EXPECT_EQ(scan_all(walking, 2, 2), (std::multiset<std::string>{"t1", "t2", "t3"}));
}

TEST_F(DatabaseTest, ALookupWaitsUntilItsTransactionIsVisible) {
  sql("INSERT INTO articles(id) VALUES (1)");
  sql("INSERT INTO tags VALUES (5, 'five')");
  sql("INSERT INTO article_tags VALUES (1, 5)");
  Plugin plugin(articles());
  pqxx::connection other(cluster().conninfo());
  pqxx::work open(other);
  open.exec("UPDATE tags SET label = 'V'");
  const auto tx_id =
      open.exec("SELECT pg_current_xact_id()::text::bigint")[0][0].as<std::int64_t>();
  Change five('u', "tags", {{"id", 5}}, nullptr, {{"id", 5}, {"label", "V"}});
  five->tx_id = tx_id;
  ASSERT_EQ(plugin.route({five.get()}), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), IsEmpty());
  const std::string cursor = plugin.cursor();
  EXPECT_EQ(plugin.walk(cursor, 10), SLUICE_RETRY);
  EXPECT_THAT(plugin.error(), HasSubstr("not visible yet"));
  open.commit();
  ASSERT_EQ(plugin.walk(cursor, 10), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), ElementsAre("1"));

  ASSERT_EQ(plugin.route({five.get()}), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), ElementsAre("1")) << "once visible, looked up at once";
  five->op = SLUICE_OP_READ;
  five->tx_id = tx_id + 1000;
  ASSERT_EQ(plugin.route({five.get()}), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), ElementsAre("1")) << "a snapshot's own transaction wrote nothing";
}

TEST_F(DatabaseTest, AWalkDoesNotWaitForEverForAnIdThatIsNeverReached) {
  sql("INSERT INTO articles(id) VALUES (1)");
  Plugin plugin(articles());
  WalkCursor cursor{std::nullopt, {}, 1000000, 0, std::nullopt};  // begun long ago
  ASSERT_EQ(plugin.walk(cursor.encode(), 10), SLUICE_OK) << plugin.error();
  EXPECT_THAT(plugin.keys(), ElementsAre("1"));
  EXPECT_THAT(plugin.log().back().second, HasSubstr("has not reached transaction 1000000"));
}

TEST_F(DatabaseTest, TruncateTouchesEveryDocument) {
  sql("INSERT INTO articles(id) SELECT generate_series(1, 5)");
  Plugin plugin(articles());
  const Change junction('t', "article_tags", nullptr, nullptr, nullptr);
  ASSERT_EQ(plugin.route({junction.get()}), SLUICE_OK);
  ASSERT_EQ(plugin.out().cursors.size(), 1U);
  EXPECT_EQ(plugin.out().cursors[0].sweep, 0U);
  ASSERT_EQ(plugin.walk(plugin.cursor(), 3), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), ElementsAre("1", "2", "3"));
  ASSERT_EQ(plugin.walk(plugin.cursor(), 3), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), ElementsAre("4", "5"));
  EXPECT_THAT(plugin.out().cursors, IsEmpty());

  const Change root('t', "articles", nullptr, nullptr, nullptr);
  ASSERT_EQ(plugin.route({root.get()}), SLUICE_OK);
  ASSERT_EQ(plugin.out().cursors.size(), 1U);
  EXPECT_EQ(plugin.out().cursors[0].sweep, 1U);
}

TEST_F(DatabaseTest, TruncateOfATableThatTheFilterReadsRemovesWhatItDropsFromThen) {
  sql("INSERT INTO articles(id) SELECT generate_series(1, 3)");
  sql("INSERT INTO comments SELECT i, i, 'x' FROM generate_series(1, 2) i");
  Plugin plugin(json::parse(R"json({"table":"articles","columns":["id"],
      "where":"EXISTS (SELECT FROM comments c WHERE c.article_id = articles.id)",
      "watch":[{"table":"comments","on":{"article_id":"id"}}]})json"));
  EXPECT_EQ(scan_all(plugin, 1, 10), (std::multiset<std::string>{"1", "2"}));
  sql("TRUNCATE comments; INSERT INTO comments VALUES (2, 2, 'x')");
  const Change truncated('t', "comments", nullptr, nullptr, nullptr);
  ASSERT_EQ(plugin.route({truncated.get()}), SLUICE_OK);
  ASSERT_EQ(plugin.out().cursors.size(), 1U);
  ASSERT_EQ(plugin.walk(plugin.cursor(), 2), SLUICE_OK) << plugin.error();
  EXPECT_THAT(plugin.keys(), ElementsAre("1", "2"));
  ASSERT_EQ(plugin.walk(plugin.cursor(), 2), SLUICE_OK) << plugin.error();
  EXPECT_THAT(plugin.keys(), ElementsAre("3"));
  ASSERT_EQ(plugin.materialize({"1", "2", "3"}), SLUICE_OK) << plugin.error();
  EXPECT_TRUE(plugin.document("1").is_null());
  EXPECT_FALSE(plugin.document("2").is_null());
  EXPECT_TRUE(plugin.document("3").is_null());
  EXPECT_EQ(scan_all(plugin, 1, 10), std::multiset<std::string>{"2"})
      << "a rebuild goes by the filter";
}

TEST_F(DatabaseTest, OtherTablesMessagesAndBadRowsStopNobody) {
  Plugin plugin(articles());
  const Change other('c', "elsewhere", {{"id", 1}}, nullptr, {{"id", 1}});
  const Change message('m', "", nullptr, nullptr, nullptr);
  const Change bad('c', "articles", {{"id", 1}}, nullptr, {{"name", "no key"}});
  const Change good('c', "articles", {{"id", 1}}, nullptr, {{"id", 1}});
  ASSERT_EQ(plugin.route({other.get(), message.get(), bad.get(), good.get()}), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), ElementsAre("1"));
  ASSERT_EQ(plugin.out().outcomes.size(), 1U);
  EXPECT_EQ(plugin.out().outcomes[0].index, 2U);
  EXPECT_THAT(std::string(to_string_view(plugin.out().outcomes[0].message)),
              HasSubstr("public.articles has no column id"));
}

TEST_F(DatabaseTest, AMissingColumnIsFatalAndNamed) {
  Plugin plugin(json::parse(R"({"table":"articles","columns":["id","titel"]})"));
  EXPECT_EQ(plugin.materialize({"1"}), SLUICE_FATAL);
  EXPECT_THAT(plugin.error(), HasSubstr("no column titel (did you mean title?)"));
}

TEST_F(DatabaseTest, AGeneratedColumnThatAChangeWouldBeFoundByIsFatal) {
  sql(R"(ALTER TABLE comments ADD COLUMN target bigint GENERATED ALWAYS AS (article_id) STORED;
         ALTER TABLE tags ADD COLUMN code int GENERATED ALWAYS AS (id) STORED;
         ALTER TABLE article_tags ADD COLUMN link bigint GENERATED ALWAYS AS (article_id) STORED;
         ALTER TABLE articles ADD COLUMN twin bigint GENERATED ALWAYS AS (id) STORED UNIQUE)");
  Plugin plugin(json::parse(R"({"table":"articles","key":"twin","children":[
      {"table":"comments","on":{"target":"id"}},
      {"table":"tags","through":{"table":"article_tags","parent":{"link":"id"},
                                 "child":{"tag_id":"code"}}}]})"));
  EXPECT_EQ(plugin.materialize({"1"}), SLUICE_FATAL);
  EXPECT_THAT(plugin.error(),
              AllOf(HasSubstr("/document/key: column public.articles.twin is a generated one"),
                    HasSubstr("/document/children/0/on/target: column public.comments.target is"),
                    HasSubstr("/document/children/1/through/parent/link: column "
                              "public.article_tags.link is"),
                    HasSubstr("/document/children/1/through/child/tag_id: column "
                              "public.tags.code is")));
}

TEST_F(DatabaseTest, AGeneratedColumnThatOnlyReadsNeedIsFine) {
  sql(R"(ALTER TABLE articles ADD COLUMN twin bigint GENERATED ALWAYS AS (id) STORED;
         INSERT INTO articles (id) VALUES (1); INSERT INTO comments VALUES (7, 1))");
  Plugin plugin(json::parse(R"({"table":"articles","columns":["twin"],"children":[
      {"table":"comments","columns":["id"],"on":{"article_id":"twin"}}]})"));
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.document("1"), json::parse(R"({"twin":1,"comments":[{"id":7}]})"));
  const Change added('c', "comments", {{"id", 7}}, {}, {{"id", 7}, {"article_id", 1}});
  ASSERT_EQ(plugin.route({added.get()}), SLUICE_OK) << plugin.error();
  EXPECT_THAT(plugin.keys(), ElementsAre("1"));
}

TEST_F(DatabaseTest, ABadExpressionIsFatalWithTheServersWords) {
  Plugin plugin(json::parse(
      R"json({"table":"articles","columns":["id",{"sql":"no_such_function(id)","as":"x"}]
})json"));
  EXPECT_EQ(plugin.materialize({"1"}), SLUICE_FATAL);
  EXPECT_THAT(plugin.error(), HasSubstr("function no_such_function(bigint) does not exist"));
}

TEST_F(DatabaseTest, AfterAChangeOfTheTablesTheCatalogIsReadAgain) {
  sql("INSERT INTO articles(id, title) VALUES (1, 'a')");
  Plugin all(json{{"table", "articles"}});
  ASSERT_EQ(all.materialize({"1"}), SLUICE_OK);
  sql("ALTER TABLE articles DROP COLUMN score");
  EXPECT_EQ(all.materialize({"1"}), SLUICE_RETRY);
  ASSERT_EQ(all.materialize({"1"}), SLUICE_OK) << all.error();
  EXPECT_FALSE(all.document("1").contains("score"));

  sql("ALTER TABLE articles RENAME COLUMN title TO titles");
  EXPECT_EQ(all.materialize({"1"}), SLUICE_RETRY);
  ASSERT_EQ(all.materialize({"1"}), SLUICE_OK);
  EXPECT_EQ(all.document("1")["titles"], "a");
}

TEST_F(DatabaseTest, ADroppedColumnThatIsNamedIsFatal) {
  Plugin plugin(articles());
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK);
  sql("ALTER TABLE articles RENAME COLUMN title TO titles");
  EXPECT_EQ(plugin.materialize({"1"}), SLUICE_RETRY);
  EXPECT_EQ(plugin.materialize({"1"}), SLUICE_FATAL);
  EXPECT_THAT(plugin.error(), HasSubstr("no column title (did you mean titles?)"));
}

TEST_F(DatabaseTest, OneLockIsHeldByOneInstance) {
  Plugin one(articles());
  Plugin two(articles());
  bool acquired = false;
  ASSERT_EQ(one.lock("p/reconcile", acquired), SLUICE_OK);
  EXPECT_TRUE(acquired);
  EXPECT_EQ(one.locked(), SLUICE_OK);
  ASSERT_EQ(two.lock("p/reconcile", acquired), SLUICE_OK);
  EXPECT_FALSE(acquired);
  EXPECT_EQ(two.locked(), SLUICE_RETRY);
  ASSERT_EQ(two.lock("p/other", acquired), SLUICE_OK);
  EXPECT_TRUE(acquired);
  one.unlock();
  ASSERT_EQ(two.lock("p/reconcile", acquired), SLUICE_OK);
  EXPECT_TRUE(acquired);
}

TEST_F(DatabaseTest, AStatementThatTakesTooLongIsSplit) {
  sql("INSERT INTO articles(id) SELECT generate_series(1, 8)");
  auto connection = cluster().connection();
  connection["statement_timeout"] = 250;
  TestHost host;
  auto instance = host.create(sluice_plugin_entry, SLUICE_KIND_DENORMALIZER,
                              {{"connection", connection},
                               {"version_epoch", 0},
                               {"fanout_threshold", 10},
                               {"document", json::parse(R"json({"table":"articles","columns":
           ["id",{"sql":"(SELECT 1 FROM pg_sleep(0.05 + articles.id * 0))","as":"slow"}]})json")}});
  std::vector<std::string> ids;
  std::vector<sluice_key> keys;
  std::vector<const sluice_key*> pointers;
  for (int i = 1; i <= 8; ++i) ids.push_back(std::to_string(i));
  for (const std::string& id : ids) keys.push_back({0, to_view(id), nullptr, 0, 0});
  for (const sluice_key& key : keys) pointers.push_back(&key);
  const auto call = [&](sluice_output& out) {
    return instance.plugin().denormalizer->materialize(instance.self(), pointers.data(), 8, &out,
                                                       &instance.error());
  };
  sluice_output first;
  EXPECT_EQ(call(first), SLUICE_RETRY) << "8 x 50 ms is too long for one statement";
  sluice_output second;
  EXPECT_EQ(call(second), SLUICE_OK) << instance.error().message;
  EXPECT_EQ(second.documents.size(), 8U);
}

// The tests from here on stop the server.
class ServerFaultTest : public DatabaseTest {};

TEST_F(ServerFaultTest, ALostConnectionIsReplacedByALikeOne) {
  sql("INSERT INTO articles(id, published) VALUES (1, '2026-01-24 00:00+00')");
  Plugin plugin(json::parse(R"({"table":"articles","columns":["published"]})"));
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK);
  bool acquired = false;
  ASSERT_EQ(plugin.lock("l", acquired), SLUICE_OK);

  cluster().stop();
  EXPECT_EQ(plugin.materialize({"1"}), SLUICE_RETRY);
  EXPECT_EQ(plugin.materialize({"1"}), SLUICE_RETRY);
  EXPECT_EQ(plugin.locked(), SLUICE_RETRY);
  EXPECT_THAT(plugin.error(), HasSubstr("the lock was lost"));
  Plugin late(articles());
  EXPECT_EQ(late.materialize({"1"}), SLUICE_RETRY) << "away at the first use";

  cluster().start();
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.document("1")["published"], "2026-01-24T00:00:00+00:00");
}

TEST_F(ServerFaultTest, AKilledSessionIsReplaced) {
  sql("INSERT INTO articles(id) VALUES (1)");
  Plugin plugin(articles());
  ASSERT_EQ(plugin.materialize({"1"}), SLUICE_OK);
  sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE application_name = 'denormalizer-test'");
  sluice_status status = plugin.materialize({"1"});
  if (status == SLUICE_RETRY) status = plugin.materialize({"1"});
  EXPECT_EQ(status, SLUICE_OK) << plugin.error();
}

TEST_F(ServerFaultTest, AStandbyIsRefused) {
  connection_.reset();
  cluster().become_standby();  // for good: the last test
  Plugin plugin(articles());
  EXPECT_EQ(plugin.materialize({"1"}), SLUICE_RETRY);
  EXPECT_THAT(plugin.error(), HasSubstr("standby"));
}

}  // namespace
}  // namespace sluice::denorm
