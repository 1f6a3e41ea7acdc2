// Tables that are altered while the plugin runs: it carries on, or fails until they fit again; it
// never writes what a plan for other tables would make of them.
#include "plugin_driver.hpp"

namespace sluice::denorm {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SchemaChangeTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    sql(R"(CREATE TABLE shelves (id int PRIMARY KEY, label text);
           CREATE TABLE books (id int PRIMARY KEY, shelf_id int REFERENCES shelves, title text);
           CREATE INDEX ON books (shelf_id);
           ALTER TABLE books REPLICA IDENTITY FULL;
           INSERT INTO shelves VALUES (1, 'poems'), (2, 'plays');
           INSERT INTO books VALUES (10, 1, 'Odes'))");
  }

  static json whole() {
    return json::parse(R"({"table":"shelves","children":[{"table":"books"}]})");
  }
  static json chosen() {
    return json::parse(R"({"table":"shelves","columns":["id","label"],
                           "children":[{"table":"books","columns":["id","title"]}]})");
  }
  // Asks as the host does, until the answer is not RETRY.
  template <typename Call>
  static sluice_status persist(Call call) {
    sluice_status status = SLUICE_RETRY;
    for (int i = 0; i < 3 && status == SLUICE_RETRY; ++i) status = call();
    return status;
  }
  static json read(Plugin& plugin, const std::string& id) {
    EXPECT_EQ(persist([&] { return plugin.materialize({id}); }), SLUICE_OK) << plugin.error();
    return plugin.document(id);
  }
};

TEST_F(SchemaChangeTest, AnAddedColumnIsInTheNextReadOfATableTakenWhole) {
  Plugin plugin(whole());
  EXPECT_EQ(read(plugin, "1"), json::parse(R"({"id":1,"label":"poems",
      "books":[{"id":10,"shelf_id":1,"title":"Odes"}]})"));
  sql("ALTER TABLE books ADD COLUMN pages int DEFAULT 99");
  sql("ALTER TABLE shelves ADD COLUMN room text");
  EXPECT_EQ(read(plugin, "1"), json::parse(R"({"id":1,"label":"poems","room":null,
      "books":[{"id":10,"shelf_id":1,"title":"Odes","pages":99}]})"));
}

TEST_F(SchemaChangeTest, AStarInTheListTakesAddedColumnsToo) {
  Plugin plugin(
      json::parse(R"json({"table":"shelves","columns":["*",{"sql":"upper(label)","as":"loud"}],
      "children":[{"table":"books","columns":[{"column":"title","as":"name"},"*"]}]})json"));
  EXPECT_EQ(read(plugin, "1"), json::parse(R"({"id":1,"label":"poems","loud":"POEMS",
      "books":[{"name":"Odes","id":10,"shelf_id":1}]})"));
  sql("ALTER TABLE books ADD COLUMN pages int DEFAULT 99, "
      "ADD COLUMN size int GENERATED ALWAYS AS (length(title)) STORED");
  sql("ALTER TABLE shelves ADD COLUMN room text");
  EXPECT_EQ(read(plugin, "1"), json::parse(R"({"id":1,"label":"poems","room":null,"loud":"POEMS",
      "books":[{"name":"Odes","id":10,"shelf_id":1,"pages":99,"size":4}]})"));
  sql("ALTER TABLE books DROP COLUMN pages, ADD COLUMN name text DEFAULT 'hidden'");
  EXPECT_EQ(read(plugin, "1")["books"],
            json::parse(R"([{"name":"Odes","id":10,"shelf_id":1,"size":4}])"));
}

TEST_F(SchemaChangeTest, AnAddedColumnIsInTheNextPageOfAScan) {
  Plugin plugin(whole());
  ASSERT_EQ(plugin.ranges(1), SLUICE_OK);
  const std::string range = plugin.cursor();
  ASSERT_EQ(plugin.scan(range, 10), SLUICE_OK);
  sql("ALTER TABLE shelves ADD COLUMN room text DEFAULT 'hall'");
  ASSERT_EQ(persist([&] { return plugin.scan(range, 10); }), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.document("2")["room"], "hall");
}

TEST_F(SchemaChangeTest, AnUpdateOfAnAddedColumnAloneIsNotTakenForUnused) {
  Plugin plugin(whole());
  const Change same('u', "books", {{"id", 10}}, {{"id", 10}, {"shelf_id", 1}, {"title", "Odes"}},
                    {{"id", 10}, {"shelf_id", 1}, {"title", "Odes"}});
  ASSERT_EQ(plugin.route({same.get()}), SLUICE_OK);
  EXPECT_THAT(plugin.keys(), IsEmpty()) << "nothing has changed";
  sql("ALTER TABLE books ADD COLUMN pages int");
  const Change paged('u', "books", {{"id", 10}},
                     {{"id", 10}, {"shelf_id", 1}, {"title", "Odes"}, {"pages", nullptr}},
                     {{"id", 10}, {"shelf_id", 1}, {"title", "Odes"}, {"pages", 7}});
  ASSERT_EQ(plugin.route({paged.get()}), SLUICE_OK) << plugin.error();
  EXPECT_THAT(plugin.keys(), ElementsAre("1"));
}

TEST_F(SchemaChangeTest, AChangeFromBeforeAColumnWasDroppedIsRouted) {
  Plugin plugin(whole());
  const Change old('c', "books", {{"id", 10}}, nullptr,
                   {{"id", 10}, {"shelf_id", 1}, {"gone", 1}, {"title", "Odes"}});
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(plugin.route({old.get()}), SLUICE_OK) << plugin.error();
    EXPECT_THAT(plugin.keys(), ElementsAre("1"));
  }
}

TEST_F(SchemaChangeTest, ADroppedColumnLeavesATableTakenWhole) {
  Plugin plugin(whole());
  read(plugin, "1");
  sql("ALTER TABLE books DROP COLUMN title");
  EXPECT_EQ(read(plugin, "1")["books"], json::parse(R"([{"id":10,"shelf_id":1}])"));
}

TEST_F(SchemaChangeTest, AMissingColumnFailsUntilItIsBack) {
  Plugin plugin(chosen());
  read(plugin, "1");
  sql("ALTER TABLE books RENAME COLUMN title TO name");
  EXPECT_EQ(persist([&] { return plugin.materialize({"1"}); }), SLUICE_FATAL);
  EXPECT_THAT(plugin.error(), HasSubstr("/document/children/0/columns/1: table public.books has "
                                        "no column title"));
  EXPECT_THAT(plugin.out().documents, IsEmpty());
  sql("ALTER TABLE books RENAME COLUMN name TO title");
  EXPECT_EQ(read(plugin, "1")["books"], json::parse(R"([{"id":10,"title":"Odes"}])"));
}

TEST_F(SchemaChangeTest, ATableThatIsAwayFailsUntilItIsBack) {
  Plugin plugin(chosen());
  read(plugin, "1");
  sql("ALTER TABLE books RENAME TO volumes");
  EXPECT_EQ(persist([&] { return plugin.materialize({"1"}); }), SLUICE_FATAL);
  EXPECT_THAT(plugin.error(), HasSubstr("/document/children/0/table: there is no table "
                                        "public.books"));
  sql("ALTER TABLE volumes RENAME TO books");
  EXPECT_EQ(read(plugin, "1")["books"].size(), 1U);
}

TEST_F(SchemaChangeTest, AWiderKeyIsNotTakenForAKeyWithoutARow) {
  Plugin plugin(chosen());
  read(plugin, "1");
  sql("ALTER TABLE shelves ALTER COLUMN id TYPE bigint");
  sql("INSERT INTO shelves VALUES (3000000000, 'far')");
  EXPECT_EQ(read(plugin, "3000000000")["label"], "far");
}

TEST_F(SchemaChangeTest, AWiderKeyInAChangeIsNotARecordError) {
  Plugin plugin(chosen());
  const auto change = [](std::int64_t id) {
    return std::make_unique<Change>('c', "shelves", json{{"id", id}}, nullptr,
                                    json{{"id", id}, {"label", "x"}});
  };
  const auto far = change(3000000000);
  ASSERT_EQ(plugin.route({far.get()->get()}), SLUICE_OK);
  EXPECT_EQ(plugin.out().outcomes.size(), 1U) << "no integer";
  sql("ALTER TABLE shelves ALTER COLUMN id TYPE bigint");
  ASSERT_EQ(persist([&] { return plugin.route({far.get()->get()}); }), SLUICE_OK);
  EXPECT_THAT(plugin.out().outcomes, IsEmpty());
  EXPECT_THAT(plugin.keys(), ElementsAre("3000000000"));
}

TEST_F(SchemaChangeTest, AKeyOfAnotherTypeIsReadAsSuch) {
  Plugin plugin(json::parse(R"({"table":"shelves"})"));
  read(plugin, "1");
  sql("ALTER TABLE books DROP CONSTRAINT books_shelf_id_fkey");
  sql("ALTER TABLE shelves ALTER COLUMN id TYPE text");
  EXPECT_EQ(read(plugin, "1"), json::parse(R"({"id":"1","label":"poems"})"));
}

TEST_F(SchemaChangeTest, ATableMadeAnewIsRead) {
  Plugin plugin(json::parse(R"({"table":"books"})"));
  read(plugin, "10");
  sql("DROP TABLE books; CREATE TABLE books (id int PRIMARY KEY, title text, year int);"
      "INSERT INTO books VALUES (10, 'New', 2026)");
  EXPECT_EQ(read(plugin, "10"), json::parse(R"({"id":10,"title":"New","year":2026})"));
}

TEST_F(SchemaChangeTest, ARaisedReplicaIdentityIsNoticed) {
  sql("ALTER TABLE books REPLICA IDENTITY DEFAULT");
  Plugin plugin(chosen());
  const Change deleted('d', "books", {{"id", 10}}, {{"id", 10}, {"shelf_id", 1}, {"title", "Odes"}},
                       nullptr);
  ASSERT_EQ(plugin.route({deleted.get()}), SLUICE_OK);
  ASSERT_EQ(plugin.out().outcomes.size(), 1U) << "the old row is made up";
  sql("ALTER TABLE books REPLICA IDENTITY FULL");
  ASSERT_EQ(persist([&] { return plugin.route({deleted.get()}); }), SLUICE_OK);
  EXPECT_THAT(plugin.out().outcomes, IsEmpty());
  EXPECT_THAT(plugin.keys(), ElementsAre("1"));
}

TEST_F(SchemaChangeTest, ALoweredReplicaIdentityIsNoticed) {
  Plugin plugin(chosen());
  const Change deleted('d', "books", {{"id", 10}}, {{"id", 10}, {"shelf_id", 0}, {"title", ""}},
                       nullptr);
  ASSERT_EQ(plugin.route({}), SLUICE_OK);
  sql("ALTER TABLE books REPLICA IDENTITY DEFAULT");
  ASSERT_EQ(plugin.route({deleted.get()}), SLUICE_OK);
  ASSERT_EQ(plugin.out().outcomes.size(), 1U);
  EXPECT_THAT(std::string(to_string_view(plugin.out().outcomes[0].message)),
              HasSubstr("REPLICA IDENTITY FULL"));
  EXPECT_THAT(plugin.keys(), IsEmpty()) << "nothing follows from a made-up row";
}

}  // namespace
}  // namespace sluice::denorm
