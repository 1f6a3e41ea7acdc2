// What the plugin tells of its configuration at a real PostgreSQL.
#include <set>
#include <sstream>

#include "plugin_driver.hpp"

namespace sluice::denorm {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class ExplainTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    drop_slot();
    sql("DROP PUBLICATION IF EXISTS feed");
    sql(R"(CREATE TYPE mood AS ENUM ('calm', 'wild'); CREATE DOMAIN money2 AS numeric(12, 2);
           CREATE TABLE shops (id int PRIMARY KEY, name varchar(40), about text, feel mood,
             fee money2, weight numeric, opened date, seen timestamptz, extra jsonb,
             labels text[], logo bytea, span int4range, code uuid, open boolean, rate real);
           CREATE TABLE goods (id bigint PRIMARY KEY, shop_id int REFERENCES shops, name text);
           CREATE TABLE tags (id smallint PRIMARY KEY, label varchar NOT NULL);
           CREATE TABLE goods_tags (goods_id bigint REFERENCES goods, tag_id smallint
             REFERENCES tags, PRIMARY KEY (goods_id, tag_id)))");
  }
  void TearDown() override { drop_slot(); }

  void drop_slot() {
    sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
        "WHERE slot_name = 'feed'");
  }

  static json shops() {
    return json::parse(R"({"table":"shops","columns":["id","name"],"children":[
      {"table":"goods","columns":["id","name"],"children":[
        {"name":"tags","table":"tags","columns":["label"],"scalar":true,"through":"goods_tags"}]}]})");
  }

  json explain(const json& document, const json& more = json::object()) {
    json options{{"version_epoch", 0}, {"fanout_threshold", 1000}, {"document", document}};
    options.update(more);
    Plugin plugin(options, cluster().connection());
    EXPECT_EQ(plugin.explain(), SLUICE_OK) << plugin.error();
    return to_json(Value{plugin.out().values.at(0)});
  }
  static std::vector<std::string> warnings(const json& explanation) {
    return explanation["warnings"].get<std::vector<std::string>>();
  }
};

TEST_F(ExplainTest, TablesHaveTheReplicaIdentityThatTheyHaveAndNeed) {
  EXPECT_EQ(explain(shops())["tables"], json::parse(R"([
    {"table":"public.shops","replica_identity":"default","needed_replica_identity":"default",
     "places":["shops"]},
    {"table":"public.goods","replica_identity":"default","needed_replica_identity":"full",
     "places":["shops.goods"]},
    {"table":"public.goods_tags","replica_identity":"default","needed_replica_identity":"default",
     "places":["shops.goods.tags"]},
    {"table":"public.tags","replica_identity":"default","needed_replica_identity":"default",
     "places":["shops.goods.tags"]}])"));
}

TEST_F(ExplainTest, RoutesSayHowAChangeFindsItsDocuments) {
  EXPECT_EQ(explain(shops())["routes"], json::parse(R"([
    {"table":"public.shops","place":"shops","way":"id is the document's key"},
    {"table":"public.goods","place":"shops.goods","way":"shop_id is the document's key"},
    {"table":"public.goods_tags","place":"shops.goods.tags","way":"lookup by goods_id"},
    {"table":"public.tags","place":"shops.goods.tags","way":"lookup by id"}])"));
}

TEST_F(ExplainTest, StatementsRunAsTheyStandAndHaveACost) {
  std::set<std::string> names;
  const json statements = explain(shops())["statements"];
  for (const json& statement : statements) {
    const auto name = statement["name"].get<std::string>();
    names.insert(name.substr(0, name.find(':')));
    EXPECT_GT(statement["cost"].get<double>(), 0) << name;
    EXPECT_LT(statement["cost"].get<double>(), 1e9) << name;
    EXPECT_NO_THROW(sql("PREPARE readable AS " + statement["sql"].get<std::string>())) << name;
    sql("DEALLOCATE readable");
  }
  EXPECT_THAT(names, ElementsAre("lookup", "materialize", "scan", "walk"));
}

TEST_F(ExplainTest, WarningsHaveTheStatementsThatMendThemAndThenGoAway) {
  std::vector<std::string> found = warnings(explain(shops()));
  EXPECT_THAT(found, Contains(AllOf(StartsWith("public.goods: "),
                                    EndsWith("\nALTER TABLE \"public\".\"goods\" REPLICA IDENTITY "
                                             "FULL;"))));
  EXPECT_THAT(found, Contains(HasSubstr("no index on public.goods (shop_id)")));
  EXPECT_THAT(found, Contains(HasSubstr("no index on public.goods_tags (tag_id)")));
  EXPECT_THAT(found, Contains(HasSubstr("no publication has public.tags")));
  EXPECT_THAT(found, Contains(HasSubstr("no logical replication slot")));

  for (const std::string& warning : found) {
    const auto line = warning.find('\n');
    if (line != std::string::npos) sql(warning.substr(line + 1));
  }
  sql("CREATE PUBLICATION feed FOR TABLE shops, goods, tags, goods_tags");
  sql("SELECT pg_create_logical_replication_slot('feed', 'pgoutput')");
  EXPECT_THAT(warnings(explain(shops())), IsEmpty());
}

TEST_F(ExplainTest, AnIndexIsEnoughIfItBeginsWithAllColumnsOfAJoin) {
  sql(R"(CREATE TABLE parts (region text, number int, PRIMARY KEY (region, number));
         CREATE TABLE spares (id int PRIMARY KEY, region text, number int, note text);
         CREATE INDEX ON spares (region, lower(note), number) INCLUDE (number);
         CREATE INDEX ON spares (lower(note), region, number))");
  const json document = json::parse(R"({"table":"parts","children":[{"table":"spares",
      "on":{"region":"region","number":"number"}}]})");
  EXPECT_THAT(warnings(explain(document)),
              Contains(HasSubstr("no index on public.spares (number, region), only one that begins "
                                 "with region: each document read")));
  sql("CREATE INDEX ON spares (region, number, lower(note))");
  EXPECT_THAT(warnings(explain(document)), Not(Contains(HasSubstr("no index"))));
}

TEST_F(ExplainTest, PartitionsUnloggedTablesAndIdentitiesByIndexAreWarnedOf) {
  sql(R"(CREATE TABLE logs (id int, region text, PRIMARY KEY (id, region))
           PARTITION BY LIST (region);
         CREATE TABLE logs_eu PARTITION OF logs FOR VALUES IN ('eu');
         CREATE PUBLICATION feed FOR TABLE logs;
         CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY);
         CREATE TABLE coded (id int PRIMARY KEY, code int NOT NULL UNIQUE);
         ALTER TABLE coded REPLICA IDENTITY USING INDEX coded_code_key)");
  EXPECT_THAT(warnings(explain({{"table", "logs"}})),
              Contains(AllOf(HasSubstr("under the names of its partitions"),
                             HasSubstr("publish_via_partition_root"))));
  sql("ALTER PUBLICATION feed SET (publish_via_partition_root = true)");
  EXPECT_THAT(warnings(explain({{"table", "logs"}})), Not(Contains(HasSubstr("partition"))));
  EXPECT_THAT(warnings(explain({{"table", "scratch"}})),
              Contains(HasSubstr("ALTER TABLE \"public\".\"scratch\" SET LOGGED")));
  EXPECT_THAT(warnings(explain({{"table", "coded"}})),
              Contains(HasSubstr("ALTER TABLE \"public\".\"coded\" REPLICA IDENTITY DEFAULT")));
}

TEST_F(ExplainTest, TheMappingFollowsTheTypes) {
  EXPECT_EQ(explain({{"table", "shops"}})["mapping"], json::parse(R"({"mappings":{"dynamic":false,
    "properties":{
      "id":{"type":"integer"},
      "name":{"type":"keyword","ignore_above":8191},
      "about":{"type":"text","fields":{"keyword":{"type":"keyword","ignore_above":256}}},
      "feel":{"type":"keyword"},
      "fee":{"type":"scaled_float","scaling_factor":100},
      "weight":{"type":"double","ignore_malformed":true,
                "fields":{"keyword":{"type":"keyword","ignore_above":256}}},
      "opened":{"type":"date","format":"strict_date","ignore_malformed":true},
      "seen":{"type":"date","format":"strict_date_optional_time","ignore_malformed":true},
      "extra":{"type":"object","enabled":false},
      "labels":{"type":"text","fields":{"keyword":{"type":"keyword","ignore_above":256}}},
      "logo":{"type":"binary"},
      "span":{"type":"keyword","ignore_above":8191},
      "code":{"type":"keyword"},
      "open":{"type":"boolean"},
      "rate":{"type":"float"}}}})"));
}

TEST_F(ExplainTest, TheMappingAsksTheServerForTheTypesOfExpressions) {
  const json explanation = explain(json::parse(R"json({"table":"shops","columns":["id",
      {"sql":"length(about)","as":"size"}, {"value":"shop","as":"kind"},
      {"sql":"json_build_object('lat', rate, 'lon', rate)","as":"place"},
      {"sql":"json_build_array(1)","as":"list"}],
    "children":[
      {"table":"goods","columns":["id",{"sql":"shops.open AND name <> ''","as":"fresh"}]},
      {"name":"names","table":"goods","columns":["name"],"scalar":true},
      {"name":"first","table":"goods","columns":["id"],"type":"object"}]})json"));
  EXPECT_EQ(explanation["mapping"]["mappings"]["properties"], json::parse(R"json({
      "id":{"type":"integer"},"size":{"type":"integer"},
      "kind":{"type":"keyword","ignore_above":8191},
      "place":{"type":"geo_point","ignore_malformed":true},
      "list":{"type":"object","enabled":false},
      "goods":{"type":"nested","properties":{"id":{"type":"long"},"fresh":{"type":"boolean"}}},
      "names":{"type":"text","fields":{"keyword":{"type":"keyword","ignore_above":256}}},
      "first":{"properties":{"id":{"type":"long"}}}})json"));
  EXPECT_THAT(warnings(explanation), Contains(HasSubstr("leaves list unsearched")));
}

TEST_F(ExplainTest, AStarIsExplainedAsItsColumns) {
  const json explanation = explain(json::parse(R"json({"table":"goods","columns":["*",
      {"column":"name","as":"title"},{"sql":"length(name)","as":"size"}]})json"));
  EXPECT_EQ(explanation["mapping"]["mappings"]["properties"], json::parse(R"json({
      "id":{"type":"long"},"shop_id":{"type":"integer"},"size":{"type":"integer"},
      "title":{"type":"text","fields":{"keyword":{"type":"keyword","ignore_above":256}}}})json"));
  Plugin broken(
      json::parse(R"json({"table":"shops","columns":["*",{"sql":"nothing(id)","as":"x"}]})json"));
  EXPECT_EQ(broken.explain(), SLUICE_FATAL);
  EXPECT_THAT(broken.error(), StartsWith("/document/columns/1/sql: "));
}

TEST_F(ExplainTest, AConfigurationThatDoesNotFitIsToldWithItsPlaces) {
  json document = shops();
  document["columns"].push_back("nmae");
  document["children"][0]["children"][0]["table"] = "tag";
  Plugin plugin(document);
  EXPECT_EQ(plugin.explain(), SLUICE_FATAL);
  EXPECT_THAT(plugin.error(),
              AllOf(HasSubstr("/document/columns/2: table public.shops has no column nmae (did you "
                              "mean name?)"),
                    HasSubstr("\n/document/children/0/children/0/table: there is no table "
                              "public.tag")));
  Plugin broken(
      json::parse(R"json({"table":"shops","columns":[{"sql":"nothing(id)","as":"x"}]})json"));
  EXPECT_EQ(broken.explain(), SLUICE_FATAL);
  EXPECT_THAT(broken.error(), AllOf(StartsWith("/document"), HasSubstr("nothing(integer)")));
}

TEST_F(ExplainTest, EachWrongExpressionIsToldAtItsPlace) {
  Plugin plugin(json::parse(R"json({"table":"shops","where":"nmae <> ''","columns":["id",
      {"sql":"lower(name)","as":"fine"}, {"sql":"nothing(id)","as":"x"}],
    "children":[{"table":"goods","columns":["id",{"sql":"shops.id + goods.shop_id","as":"fine"}],
      "where":"goods.shop_id","order_by":["id",{"sql":"shops.nothing"}],
      "children":[{"name":"tags","table":"tags",
        "columns":["label",{"sql":"goods_tags.tag_id + goods.id + shops.id","as":"fine"}],
        "through":{"table":"goods_tags","columns":[{"sql":"tags.label || (","as":"y"}],
                   "where":"goods_tags.tag"},
        "order_by":[{"sql":"goods_tags.tag_id"},{"sql":"fine"}]}]}]})json"));
  EXPECT_EQ(plugin.explain(), SLUICE_FATAL);
  std::vector<std::string> places;
  std::istringstream lines(plugin.error());
  for (std::string line; std::getline(lines, line);) {
    if (line.front() == '/') places.push_back(line.substr(0, line.find(": ")));
  }
  EXPECT_THAT(places, testing::UnorderedElementsAre(
                          "/document/columns/2/sql", "/document/where",
                          "/document/children/0/where", "/document/children/0/order_by/1/sql",
                          "/document/children/0/children/0/through/columns/0/sql",
                          "/document/children/0/children/0/through/where"))
      << plugin.error();
  EXPECT_THAT(plugin.error(), AllOf(HasSubstr("nothing(integer)"), HasSubstr("nmae"),
                                    HasSubstr("must be type boolean")));
  EXPECT_EQ(plugin.materialize({"1"}), SLUICE_FATAL);
  EXPECT_THAT(plugin.error(), HasSubstr("/document/children/0/order_by/1/sql: "));

  Plugin written(json::parse(R"({"table":"shops","sql":"SELECT shops.nmae -- ;","where":"naem"})"));
  EXPECT_EQ(written.explain(), SLUICE_FATAL);
  EXPECT_THAT(written.error(), AllOf(HasSubstr("/document/sql: "), HasSubstr("shops.nmae"),
                                     HasSubstr("/document/where: "), HasSubstr("naem")));
}

TEST_F(ExplainTest, ExpressionsThatOnlyTogetherAreWrongAreToldAtTheDocument) {
  Plugin plugin(
      json::parse(R"json({"table":"shops","columns":["name",{"sql":"count(*)","as":"all"}]})json"));
  EXPECT_EQ(plugin.explain(), SLUICE_FATAL);
  EXPECT_THAT(plugin.error(), AllOf(StartsWith("/document: "), HasSubstr("GROUP BY")));
}

TEST_F(ExplainTest, WithoutADatabaseTheTablesAreToldAllTheSame) {
  json connection = cluster().connection();
  connection["host"] = "/nowhere";
  Plugin plugin({{"version_epoch", 0}, {"fanout_threshold", 1}, {"document", shops()}}, connection);
  EXPECT_EQ(plugin.explain(), SLUICE_RETRY);
  EXPECT_THAT(plugin.error(), HasSubstr("/nowhere"));
  ASSERT_EQ(plugin.out().values.size(), 1U);
  const json tables = to_json(Value{plugin.out().values[0]})["tables"];
  EXPECT_EQ(tables.size(), 4U);
  EXPECT_THAT(tables, Contains(json::parse(R"({"table":"public.goods_tags",
                                               "places":["shops.goods.tags"]})")));
}

TEST_F(ExplainTest, ASnapshotForACopyIsOnlyTakenWhileTheSlotHoldsTheChanges) {
  const json slot{{"replication_slot", "feed"}};
  EXPECT_THAT(warnings(explain(shops(), slot)), Contains(HasSubstr("no replication slot feed")));
  json options{{"version_epoch", 0}, {"fanout_threshold", 1}, {"document", shops()}};
  options.update(slot);
  Plugin plugin(options, cluster().connection());
  EXPECT_EQ(plugin.snapshot(), SLUICE_RETRY);
  EXPECT_THAT(plugin.error(), HasSubstr("Register the connector first"));
  sql("SELECT pg_create_logical_replication_slot('feed', 'pgoutput')");
  EXPECT_EQ(plugin.snapshot(), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.out().values.size(), 1U);
  EXPECT_THAT(warnings(explain(shops(), slot)), Not(Contains(HasSubstr("slot"))));
}

}  // namespace
}  // namespace sluice::denorm
