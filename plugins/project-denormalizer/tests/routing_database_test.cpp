// Whatever rows change, the documents that come out differently are among those that the plugin
// routes the changes to. Checked by making changes at random and reading all documents each time.
#include <gmock/gmock.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "plugin_driver.hpp"

namespace sluice::denorm {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Triggers that note each changed row, as the connector would send it.
constexpr const char* kCapture = R"sql(
  DROP SCHEMA IF EXISTS capture CASCADE;
  CREATE SCHEMA capture;
  CREATE TABLE capture.changes (n serial, op text, name text, before jsonb, after jsonb);
  CREATE FUNCTION capture.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO capture.changes(op, name, before, after) VALUES (
      CASE TG_OP WHEN 'INSERT' THEN 'c' WHEN 'UPDATE' THEN 'u' ELSE 'd' END, TG_TABLE_NAME,
      CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
      CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN NULL; END $$;
)sql";

constexpr const char* kCaptureEachTable = R"sql(
  DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    LOOP
      EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', t);
      EXECUTE format('CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON %s '
                     'FOR EACH ROW EXECUTE FUNCTION capture.note()', t);
    END LOOP;
  END $$;
)sql";

using Documents = std::map<std::string, json>;

class RoutingTest : public PostgresTest {
 protected:
  void create(const std::string& tables) {
    sql(kCapture);
    sql(tables);
    sql(kCaptureEachTable);
  }

  static Documents read_all(Plugin& plugin) {
    Documents documents;
    EXPECT_EQ(plugin.ranges(1), SLUICE_OK) << plugin.error();
    EXPECT_EQ(plugin.scan(plugin.cursor(), 10000), SLUICE_OK) << plugin.error();
    EXPECT_THAT(plugin.out().outcomes, IsEmpty());
    for (const sluice_document& document : plugin.out().documents) {
      documents[std::string(to_string_view(document.id))] = to_json(Value{document.body});
    }
    return documents;
  }

  // Runs the statement, and gives the keys that its changes are routed to, walks included.
  std::set<std::string> keys_touched_by(Plugin& plugin, const std::string& statement) {
    sql("TRUNCATE capture.changes");
    sql(statement);
    std::vector<std::unique_ptr<Change>> changes;
    std::vector<const sluice_change*> pointers;
    for (const pqxx::row& row :
         sql("SELECT op, name, coalesce(before, 'null'), coalesce(after, 'null') "
             "FROM capture.changes ORDER BY n")) {
      changes.push_back(std::make_unique<Change>(row[0].c_str()[0], row[1].c_str(), nullptr,
                                                 json::parse(row[2].c_str()),
                                                 json::parse(row[3].c_str())));
      pointers.push_back(changes.back()->get());
    }
    EXPECT_EQ(plugin.route(pointers), SLUICE_OK) << plugin.error();
    EXPECT_THAT(plugin.out().outcomes, IsEmpty());
    std::set<std::string> keys;
    std::vector<std::string> walks = plugin.all_cursors();
    add_keys(plugin, keys);
    while (!walks.empty()) {
      EXPECT_EQ(plugin.walk(walks.back(), 2), SLUICE_OK) << plugin.error();
      walks.pop_back();
      add_keys(plugin, keys);
      for (const std::string& next : plugin.all_cursors()) walks.push_back(next);
    }
    return keys;
  }

  static void add_keys(const Plugin& plugin, std::set<std::string>& keys) {
    for (const std::string& key : plugin.keys()) keys.insert(key);
  }

  // Makes `steps` random changes. In a statement, ? stands for a number from 1 to 5, and ~ for one
  // or NULL.
  void check_random_changes(Plugin& plugin, const std::vector<std::string>& statements, int steps) {
    const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
    SCOPED_TRACE("--gtest_random_seed=" + std::to_string(seed));
    std::mt19937 random(seed);
    Documents before = read_all(plugin);
    int changed = 0;
    for (int step = 0; step < steps; ++step) {
      const std::string statement = fill_in(statements[random() % statements.size()], random);
      std::set<std::string> touched;
      try {
        touched = keys_touched_by(plugin, statement);
      } catch (const pqxx::integrity_constraint_violation&) {
        continue;  // nothing has changed
      }
      Documents after = read_all(plugin);
      for (const std::string& id : differing(before, after)) {
        ++changed;
        ASSERT_THAT(touched, Contains(id))
            << statement << "\nwas " << before[id] << "\nis " << after[id];
      }
      before = std::move(after);
    }
    EXPECT_GT(changed, 0) << "some changes should matter";
  }

  static std::string fill_in(const std::string& statement, std::mt19937& random) {
    std::string out;
    for (const char c : statement) {
      if (c == '~' && random() % 4 == 0) {
        out += "NULL";
      } else if (c == '?' || c == '~') {
        out += std::to_string(1 + random() % 5);
      } else {
        out += c;
      }
    }
    return out;
  }

  static std::set<std::string> differing(const Documents& a, const Documents& b) {
    std::set<std::string> ids;
    const auto compare = [&ids](const Documents& from, const Documents& to) {
      for (const auto& [id, document] : from) {
        const auto other = to.find(id);
        if (other == to.end() || other->second != document) ids.insert(id);
      }
    };
    compare(a, b);
    compare(b, a);
    return ids;
  }
};

constexpr int kSteps = 120;

TEST_F(RoutingTest, SelfReferencesBothWays) {
  create(R"(CREATE TABLE posts (id int PRIMARY KEY, parent_id int, body text, hidden boolean))");
  Plugin plugin(json::parse(R"({"table":"posts","columns":["id","body"],"children":[
      {"table":"posts","name":"parent","on":{"id":"parent_id"},"columns":["body"],"children":[
        {"table":"posts","name":"grandparent","on":{"id":"parent_id"},"columns":["body"]}]},
      {"table":"posts","name":"replies","on":{"parent_id":"id"},"columns":["id","body"],
       "where":"NOT replies.hidden","children":[
        {"table":"posts","name":"replies","on":{"parent_id":"id"},"columns":["id"],
         "where":"NOT replies_2.hidden"}]}]})"));
  check_random_changes(
      plugin,
      {"INSERT INTO posts VALUES (?, ~, 'b?', ? > 3)",
       "UPDATE posts SET parent_id = ~ WHERE id = ?", "UPDATE posts SET body = 'b?' WHERE id = ?",
       "UPDATE posts SET hidden = ? > 3 WHERE id IN (?, ?)", "UPDATE posts SET id = ? WHERE id = ?",
       "DELETE FROM posts WHERE id = ?"},
      kSteps);
}

TEST_F(RoutingTest, TwoJunctionsAndADirectRelationToOneTable) {
  create(R"(CREATE TABLE people (id uuid PRIMARY KEY, name text);
            CREATE TABLE books (id int PRIMARY KEY, owner_id uuid, title text);
            CREATE TABLE book_authors (book_id int, person_id uuid, role text,
                                       PRIMARY KEY (book_id, person_id));
            CREATE TABLE book_readers (id serial PRIMARY KEY, book_id int, person_id uuid,
                                       stars int))");
  Plugin plugin(json::parse(R"({"table":"books","columns":["title"],"children":[
      {"table":"people","name":"authors","columns":["name"],"through":{"table":"book_authors",
        "parent":{"book_id":"id"},"child":{"person_id":"id"},"columns":["role"]}},
      {"table":"people","name":"readers","columns":["name"],"through":{"table":"book_readers",
        "parent":{"book_id":"id"},"child":{"person_id":"id"},"columns":["stars"],
        "where":"stars > 2"}},
      {"table":"people","name":"owner","columns":["name"],"on":{"id":"owner_id"}}]})"));
  const std::string person = "('00000000-0000-0000-0000-00000000000' || ?)::uuid";
  check_random_changes(
      plugin,
      {"INSERT INTO books VALUES (?, " + person + ", 't?')",
       "INSERT INTO people VALUES (" + person + ", 'n?')",
       "INSERT INTO book_authors VALUES (?, " + person + ", 'r?')",
       "INSERT INTO book_readers(book_id, person_id, stars) VALUES (?, " + person + ", ~)",
       "UPDATE people SET name = 'n?' WHERE id = " + person,
       "UPDATE books SET owner_id = " + person + " WHERE id = ?",
       "UPDATE book_authors SET book_id = ?, role = 'r?' WHERE person_id = " + person +
           " AND book_id = ?",
       "UPDATE book_readers SET person_id = " + person + " WHERE book_id = ?",
       "UPDATE book_readers SET stars = ~ WHERE book_id = ?",
       "DELETE FROM people WHERE id = " + person, "DELETE FROM book_authors WHERE book_id = ?",
       "DELETE FROM book_readers WHERE book_id = ? AND stars = ?"},
      kSteps);
}

TEST_F(RoutingTest, FiveLevelsAndRowsThatMove) {
  create(R"(CREATE TABLE a (id int PRIMARY KEY, v int);
            CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a ON DELETE CASCADE, v int);
            CREATE TABLE c (id int PRIMARY KEY, b_id int REFERENCES b ON DELETE CASCADE, v int);
            CREATE TABLE d (id int PRIMARY KEY, v int);
            CREATE TABLE c_d (c_id int REFERENCES c ON DELETE CASCADE,
                              d_id int REFERENCES d ON DELETE CASCADE, PRIMARY KEY (c_id, d_id));
            CREATE TABLE e (id int PRIMARY KEY, d_id int REFERENCES d ON DELETE CASCADE, v int))");
  Plugin plugin(json::parse(R"({"table":"a","children":[{"table":"b","children":[{"table":"c",
      "children":[{"table":"d","through":"c_d","children":[{"table":"e"}]}]}]}]})"),
                2);
  std::vector<std::string> statements = {"INSERT INTO a VALUES (?, ?)",
                                         "INSERT INTO b VALUES (?, ~, ?)",
                                         "INSERT INTO c VALUES (?, ~, ?)",
                                         "INSERT INTO d VALUES (?, ?)",
                                         "INSERT INTO c_d VALUES (?, ?)",
                                         "INSERT INTO e VALUES (?, ~, ?)",
                                         "UPDATE b SET a_id = ~ WHERE id = ?",
                                         "UPDATE c SET b_id = ~ WHERE id = ?",
                                         "UPDATE c_d SET c_id = ? WHERE d_id = ? AND c_id = ?",
                                         "UPDATE e SET d_id = ~ WHERE id = ?",
                                         "DELETE FROM c_d WHERE c_id = ? AND d_id = ?"};
  for (const char* table : {"a", "b", "c", "d", "e"}) {
    statements.push_back(std::string("UPDATE ") + table + " SET v = ? WHERE id = ?");
  }
  for (int i = 1; i <= 5; ++i) {  // a base to start from
    const std::string n = std::to_string(i);
    sql("INSERT INTO a VALUES (" + n + ", 1); INSERT INTO d VALUES (" + n + ", 1)");
    sql("INSERT INTO b VALUES (" + n + ", " + n + ", 1); INSERT INTO c VALUES (" + n + ", " + n +
        ", 1); INSERT INTO c_d VALUES (" + n + ", " + n + ")");
  }
  check_random_changes(plugin, statements, kSteps);
  check_random_changes(plugin,
                       {"DELETE FROM b WHERE id = ?", "DELETE FROM d WHERE id = ?",
                        "INSERT INTO b VALUES (?, ?, ?)", "INSERT INTO d VALUES (?, ?)"},
                       20);
}

TEST_F(RoutingTest, ARootKeyThatIsNotThePrimaryKeyAndColumnsThatAreNotUnique) {
  create(R"(CREATE TABLE goods (id serial PRIMARY KEY, shop text, code int, kind int, name text,
                                UNIQUE (shop, code));
            CREATE TABLE kinds (id int PRIMARY KEY, kind int, label text);
            CREATE TABLE prices (shop text, code int, day int, price int,
                                 PRIMARY KEY (shop, code, day)))");
  Plugin plugin(
      json::parse(R"({"table":"goods","key":["code","shop"],"columns":["name"],"children":[
      {"table":"kinds","columns":["label"],"scalar":true,"on":{"kind":"kind"}},
      {"table":"prices","columns":["price"],"on":{"code":"code","shop":"shop"},"limit":2,
       "order_by":[{"column":"price","direction":"desc"}]}]})"));
  check_random_changes(
      plugin,
      {"INSERT INTO goods(shop, code, kind, name) VALUES ('s?', ~, ~, 'n?')",
       "INSERT INTO kinds VALUES (?, ~, 'l?')", "INSERT INTO prices VALUES ('s?', ?, ?, ?)",
       "UPDATE goods SET code = ~ WHERE code = ?",
       "UPDATE goods SET shop = 's?' WHERE shop = 's?' AND code = ?",
       "UPDATE goods SET kind = ~ WHERE code = ?", "UPDATE kinds SET kind = ~ WHERE id = ?",
       "UPDATE kinds SET label = 'l?' WHERE id = ?", "UPDATE prices SET price = ? WHERE code = ?",
       "UPDATE prices SET code = ? WHERE code = ? AND shop = 's?' AND day = ?",
       "DELETE FROM goods WHERE code = ?", "DELETE FROM kinds WHERE id = ?",
       "DELETE FROM prices WHERE code = ? AND day > ?"},
      kSteps * 2);
  sql("INSERT INTO goods(shop, code) VALUES (NULL, 1), ('', NULL)");
  std::int64_t count = 0;
  ASSERT_EQ(plugin.count(count), SLUICE_OK);
  EXPECT_EQ(static_cast<std::size_t>(count), read_all(plugin).size())
      << "rows without a key have no document";
}

constexpr const char* kShop = R"(
  CREATE TABLE customers (id int PRIMARY KEY, name text, vip boolean);
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int, state int, note text);
  CREATE TABLE lines (order_id int, product_id int, quantity int,
                      PRIMARY KEY (order_id, product_id));
  CREATE TABLE products (id int PRIMARY KEY, price int, taxed boolean, note text);
  INSERT INTO customers SELECT i, 'n', i > 2 FROM generate_series(1, 5) i;
  INSERT INTO orders SELECT i, i, i, 'x' FROM generate_series(1, 5) i;
  INSERT INTO products SELECT i, i, i > 2, 'x' FROM generate_series(1, 5) i;
  INSERT INTO lines SELECT i, i, 1 FROM generate_series(1, 5) i;
)";

const std::vector<std::string>& shop_changes() {
  static const std::vector<std::string> statements = {
      "INSERT INTO customers VALUES (?, 'n?', ? > 2)",
      "INSERT INTO orders VALUES (?, ~, ?, 'x?')",
      "INSERT INTO lines VALUES (?, ?, ?)",
      "INSERT INTO products VALUES (?, ?, ? > 2, 'x?')",
      "UPDATE customers SET vip = NOT vip WHERE id = ?",
      "UPDATE customers SET name = 'n?' WHERE id = ?",
      "UPDATE orders SET customer_id = ~, state = ? WHERE id = ?",
      "UPDATE orders SET state = ? WHERE id = ?",
      "UPDATE lines SET quantity = ? WHERE order_id = ?",
      "UPDATE lines SET product_id = ? WHERE order_id = ? AND product_id = ?",
      "UPDATE products SET price = ? WHERE id = ?",
      "UPDATE products SET taxed = NOT taxed WHERE id = ?",
      "UPDATE products SET note = 'x?' WHERE id = ?",
      "DELETE FROM customers WHERE id = ? AND ? > 3",
      "DELETE FROM orders WHERE id = ? AND ? > 3",
      "DELETE FROM lines WHERE order_id = ?",
      "DELETE FROM products WHERE id = ? AND ? > 3"};
  return statements;
}

TEST_F(RoutingTest, TablesThatOnlyExpressionsReadAreWatched) {
  create(kShop);
  Plugin plugin(json::parse(R"json({"table":"orders","columns":["id",
      {"sql":"(SELECT sum(quantity) FROM lines WHERE order_id = orders.id)","as":"pieces"},
      {"sql":"(SELECT max(p.price) FROM lines JOIN products p ON p.id = product_id WHERE order_id = orders.id)",
       "as":"dearest"}],
      "where":"state < 4",
      "watch":[{"table":"lines","on":{"order_id":"id"},
                "watch":[{"table":"products","on":{"id":"product_id"},"columns":["price"]}]},
               {"table":"products","columns":["price"],"through":{"table":"lines",
                 "parent":{"order_id":"id"},"child":{"product_id":"id"}}}],
      "children":[{"table":"customers","name":"customer","columns":["name"],
        "on":{"id":"customer_id"},
        "where":"EXISTS (SELECT FROM orders o WHERE o.customer_id = customer.id AND o.state = 1)",
        "watch":[{"table":"orders","on":{"customer_id":"id"},"columns":["state"]}]}]})json"));
  check_random_changes(plugin, shop_changes(), kSteps * 2);

  sql("TRUNCATE orders, lines, products, customers");
  sql("INSERT INTO orders VALUES (1, 1, 1, ''); INSERT INTO products VALUES (1, 1, true, '')");
  sql("INSERT INTO lines VALUES (1, 1, 1)");
  EXPECT_THAT(keys_touched_by(plugin, "UPDATE products SET price = 2"), UnorderedElementsAre("1"));
  EXPECT_THAT(keys_touched_by(plugin, "UPDATE products SET taxed = false, note = 'y'"), IsEmpty())
      << "columns that are not listed";
  EXPECT_THAT(keys_touched_by(plugin, "UPDATE orders SET note = 'y'"), IsEmpty())
      << "a column that no expression names";
}

TEST_F(RoutingTest, ATableInTheTreeMayBeReadByExpressionsElsewhere) {
  create(R"(CREATE TABLE orders (id int PRIMARY KEY, note text);
            CREATE TABLE products (id int PRIMARY KEY, name text, rank int, note text);
            CREATE TABLE lines (order_id int, product_id int, quantity int, discount int,
                                hidden boolean, note text, PRIMARY KEY (order_id, product_id));
            INSERT INTO orders SELECT i, 'x' FROM generate_series(1, 5) i;
            INSERT INTO products SELECT i, 'n', i, 'x' FROM generate_series(1, 5) i;
            INSERT INTO lines SELECT i, i, 1, i, false, 'x' FROM generate_series(1, 5) i)");
  Plugin plugin(json::parse(R"json({"table":"orders","columns":["id",
      {"sql":"(SELECT sum(l.discount) FROM lines l WHERE l.order_id = orders.id)","as":"saved"}],
      "where":"NOT EXISTS (SELECT FROM lines WHERE order_id = orders.id AND hidden)",
      "children":[
        {"table":"lines","columns":["quantity"],"on":{"order_id":"id"}},
        {"table":"products","columns":["name"],"through":{"table":"lines",
          "parent":{"order_id":"id"},"child":{"product_id":"id"}}},
        {"table":"lines","name":"ranked","columns":["product_id"],"on":{"order_id":"id"},
         "order_by":[{"sql":"(SELECT p.rank FROM products p WHERE p.id = ranked.product_id)"}]}
      ]})json"));
  check_random_changes(
      plugin,
      {"INSERT INTO lines VALUES (?, ?, ?, ?, ? > 4, 'x')",
       "UPDATE lines SET discount = ? WHERE order_id = ?",
       "UPDATE lines SET hidden = ? > 3 WHERE order_id = ?",
       "UPDATE lines SET note = 'x?' WHERE order_id = ?",
       "UPDATE lines SET quantity = ? WHERE order_id = ? AND product_id = ?",
       "UPDATE products SET rank = ? WHERE id = ?", "UPDATE products SET name = 'n?' WHERE id = ?"},
      kSteps * 2);

  sql("TRUNCATE lines; INSERT INTO lines VALUES (1, 1, 1, 1, false, 'x')");
  EXPECT_THAT(keys_touched_by(plugin, "UPDATE lines SET discount = 7"), UnorderedElementsAre("1"));
  EXPECT_THAT(keys_touched_by(plugin, "UPDATE lines SET hidden = true"), UnorderedElementsAre("1"));
  EXPECT_THAT(keys_touched_by(plugin, "UPDATE products SET rank = rank + 1"),
              UnorderedElementsAre("1"));
  EXPECT_THAT(keys_touched_by(plugin, "UPDATE lines SET note = 'z'"), IsEmpty());
  EXPECT_THAT(keys_touched_by(plugin, "UPDATE products SET note = 'z'"), IsEmpty());
}

TEST_F(RoutingTest, AViewFollowsItsBaseTables) {
  create(std::string(kShop) + R"(
    CREATE VIEW order_sums AS SELECT l.order_id, count(*) AS positions, sum(l.quantity * p.price) AS total
      FROM lines l JOIN products p ON p.id = l.product_id GROUP BY l.order_id;
    CREATE VIEW vip_orders AS SELECT o.id, c.id AS customer_id
      FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.vip)");
  Plugin plugin(json::parse(R"({"table":"orders","columns":["id"],"children":[
      {"table":"order_sums","name":"sums","type":"object","key":"order_id","on":{"order_id":"id"},
       "columns":["positions","total"],
       "base":[{"table":"lines","on":{"order_id":"id"},
                "watch":[{"table":"products","on":{"id":"product_id"},"columns":["price"]}]}]},
      {"table":"vip_orders","name":"vip","type":"object","key":"id","on":{"id":"id"},
       "columns":["id"],
       "base":[{"table":"customers","on":{"id":"customer_id"},"columns":["vip"]},
               {"table":"orders","on":{"id":"id"},"columns":["customer_id"]}],
       "children":[{"table":"customers","name":"customer","columns":["name"],
                    "on":{"id":"customer_id"}}]}]})"));
  check_random_changes(plugin, shop_changes(), kSteps * 2);
}

TEST_F(RoutingTest, AWrittenDocumentFollowsTheTablesThatItWatches) {
  create(kShop);
  json document = json::parse(R"json({"table":"customers", "where":"name <> 'n1'",
      "watch":[{"table":"orders","on":{"customer_id":"id"},"columns":["id"],"watch":[
        {"table":"lines","on":{"order_id":"id"},"columns":["product_id"],"watch":[
          {"table":"products","on":{"id":"product_id"},"columns":["price"]}]}]}]})json");
  document["sql"] = R"(
      SELECT customers.id, customers.name, count(o.id) AS orders, sum(p.price) AS spent
      FROM orders o
      LEFT JOIN lines l ON l.order_id = o.id
      LEFT JOIN products p ON p.id = l.product_id
      WHERE o.customer_id = customers.id
      HAVING count(o.id) > 0  -- no document without orders)";
  Plugin plugin(document);
  check_random_changes(plugin, shop_changes(), kSteps * 2);
  std::int64_t count = 0;
  ASSERT_EQ(plugin.count(count), SLUICE_OK) << plugin.error();
  EXPECT_EQ(static_cast<std::size_t>(count), read_all(plugin).size());
}

TEST_F(RoutingTest, AWrittenDocumentOfSeveralRowsIsThatKeysError) {
  create(kShop);
  sql("UPDATE orders SET customer_id = 2 WHERE id > 1");
  Plugin plugin(json::parse(R"({"table":"customers",
      "sql":"SELECT o.id FROM orders o WHERE o.customer_id = customers.id",
      "watch":[{"table":"orders","on":{"customer_id":"id"}}]})"));
  ASSERT_EQ(plugin.materialize({"1", "2", "3"}), SLUICE_OK) << plugin.error();
  EXPECT_EQ(plugin.document("1"), json::parse(R"({"id":1})"));
  EXPECT_TRUE(plugin.document("3").is_null()) << "no row, no document";
  ASSERT_EQ(plugin.out().outcomes.size(), 1U);
  EXPECT_EQ(plugin.out().outcomes[0].index, 1U);
  EXPECT_THAT(std::string(to_string_view(plugin.out().outcomes[0].message)),
              testing::HasSubstr("more than one row"));
}

TEST_F(RoutingTest, LinksToOneRowAreInTheOrderOfTheirKey) {
  create(R"(CREATE TABLE books (id int PRIMARY KEY); CREATE TABLE people (id int PRIMARY KEY);
            CREATE TABLE roles (id int PRIMARY KEY, book_id int REFERENCES books,
                                person_id int REFERENCES people, role text))");
  sql("INSERT INTO books VALUES (1); INSERT INTO people VALUES (1), (2)");
  sql("INSERT INTO roles VALUES (3, 1, 1, 'c'), (1, 1, 1, 'a'), (2, 1, 2, 'b')");
  Plugin plugin(json::parse(R"({"table":"books","children":[
      {"table":"people","through":{"table":"roles","columns":["role"]}}]})"));
  EXPECT_EQ(read_all(plugin)["1"]["people"],
            json::parse(R"([{"id":1,"role":"a"},{"id":1,"role":"c"},{"id":2,"role":"b"}])"));
}

}  // namespace
}  // namespace sluice::denorm
