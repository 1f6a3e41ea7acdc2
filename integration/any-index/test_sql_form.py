"""A document that is one SELECT, written by hand: what it reads is told by `watch`, as nothing else knows."""

import os
import random
import unittest

from changes import Changes
from oracle import documents_in_database, wait_until_equal
from world import World, pipeline_for

SCHEMA = """
CREATE TABLE regions (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, hidden boolean NOT NULL DEFAULT false,
  region text REFERENCES regions ON UPDATE CASCADE ON DELETE SET NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON DELETE CASCADE, placed date, note text);
CREATE TABLE lines (order_id int REFERENCES orders ON DELETE CASCADE, position int, amount numeric NOT NULL,
  PRIMARY KEY (order_id, position));
CREATE TABLE tags (id int PRIMARY KEY, label text NOT NULL);
CREATE TABLE customer_tags (customer_id int REFERENCES customers ON DELETE CASCADE, tag_id int REFERENCES tags ON DELETE CASCADE,
  PRIMARY KEY (customer_id, tag_id));
CREATE VIEW order_totals AS
  SELECT o.id, o.customer_id, sum(l.amount) AS total FROM orders o JOIN lines l ON l.order_id = o.id GROUP BY o.id;
CREATE INDEX ON customers (region); CREATE INDEX ON orders (customer_id); CREATE INDEX ON customer_tags (tag_id, customer_id);
ALTER TABLE orders REPLICA IDENTITY FULL; ALTER TABLE tags REPLICA IDENTITY FULL;
INSERT INTO regions VALUES ('n', 'north'), ('s', 'south');
INSERT INTO customers SELECT i, 'customer ' || i, false, CASE i % 2 WHEN 0 THEN 'n' ELSE 's' END FROM generate_series(1, 8) i;
INSERT INTO orders SELECT i, 1 + i % 8, '2026-01-01', 'before' FROM generate_series(1, 20) i;
INSERT INTO lines SELECT 1 + i % 20, i, i + 0.50 FROM generate_series(1, 40) i;
INSERT INTO tags SELECT i, 'tag ' || i FROM generate_series(1, 4) i;
INSERT INTO customer_tags SELECT 1 + i % 8, 1 + i % 4 FROM generate_series(1, 8) i;
"""
DOCUMENT = {
    "table": "customers",
    "where": "NOT customers.hidden",
    # No region, no row, and so no document. One table is read through a view.
    "sql": """
        SELECT customers.id, customers.name, r.name AS region,
          (SELECT count(*) FROM orders o WHERE o.customer_id = customers.id) AS orders,
          (SELECT max(o.placed) FROM orders o WHERE o.customer_id = customers.id) AS last_order,
          (SELECT coalesce(sum(t.total), 0) FROM order_totals t WHERE t.customer_id = customers.id) AS spent,
          (SELECT coalesce(json_agg(t.label ORDER BY t.label, t.id), '[]') FROM customer_tags c JOIN tags t ON t.id = c.tag_id
           WHERE c.customer_id = customers.id) AS tags
        FROM regions r WHERE r.code = customers.region""",
    "watch": [
        {"table": "regions", "columns": ["name"]},
        {"table": "orders", "columns": ["placed"], "watch": [{"table": "lines", "columns": ["amount"]}]},
        {"table": "tags", "columns": ["label"], "through": "customer_tags"}]}
DOCUMENTS = """
WITH spent AS (SELECT customer_id, sum(amount) AS amount FROM lines JOIN orders ON orders.id = order_id GROUP BY customer_id),
placed AS (SELECT customer_id, count(*) AS number, max(placed) AS last FROM orders GROUP BY customer_id),
tagged AS (SELECT customer_id, json_agg(label ORDER BY label, id) AS labels FROM customer_tags JOIN tags ON id = tag_id
           GROUP BY customer_id)
SELECT c.id, json_build_object('id', c.id, 'name', c.name, 'region', r.name, 'orders', coalesce(p.number, 0),
  'last_order', p.last, 'spent', coalesce(s.amount, 0), 'tags', coalesce(t.labels, '[]'))
FROM customers c JOIN regions r ON r.code = c.region LEFT JOIN spent s ON s.customer_id = c.id
LEFT JOIN placed p ON p.customer_id = c.id LEFT JOIN tagged t ON t.customer_id = c.id
WHERE c.hidden = false
"""


class CustomerChanges(Changes):
    kinds = {
        "new_customer": 2, "rename_customer": 2, "hide_customer": 2, "move_customer": 2, "rekey_customer": 1, "delete_customer": 0.5,
        "new_region": 1, "rename_region": 2, "rekey_region": 1, "delete_region": 0.3,
        "new_order": 4, "change_order": 2, "reassign_order": 2, "delete_order": 1,
        "new_line": 5, "change_line": 2, "move_line": 2, "delete_line": 1,
        "new_tag": 1, "rename_tag": 2, "delete_tag": 0.5, "new_customer_tag": 3, "move_customer_tag": 1, "delete_customer_tag": 1,
        "truncate": 0.2,
    }

    def customer(self):
        return self.row("customers", "id")

    def region(self):
        return self.row("regions", "code")

    def order(self):
        return self.row("orders", "id")

    def line(self):
        return self.row("lines", "order_id", "position")

    def tag(self):
        return self.row("tags", "id")

    def customer_tag(self):
        return self.row("customer_tags", "customer_id", "tag_id")

    # Statements

    def new_customer(self):
        return f"INSERT INTO customers VALUES ({self.number(1, 10**6)}, {self.word()}, false, {self.region()})"

    def rename_customer(self):
        return f"UPDATE customers SET name = {self.word()} WHERE id = {self.customer()}"

    def hide_customer(self):
        return f"UPDATE customers SET hidden = NOT hidden WHERE id = {self.customer()}"

    def move_customer(self):
        region = self.region() if self.random.random() < 0.8 else "NULL"
        return f"UPDATE customers SET region = {region} WHERE id = {self.customer()}"

    def rekey_customer(self):
        return f"""UPDATE customers SET id = {self.number(1, 10**6)} WHERE id =
            (SELECT id FROM customers c WHERE NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id)
             AND NOT EXISTS (SELECT FROM customer_tags t WHERE t.customer_id = c.id) ORDER BY 1 LIMIT 1)"""

    def delete_customer(self):
        return f"DELETE FROM customers WHERE id = {self.customer()}"

    def new_region(self):
        return f"INSERT INTO regions VALUES ({self.word()}, {self.word()})"

    def rename_region(self):
        return f"UPDATE regions SET name = {self.word()} WHERE code = {self.region()}"

    def rekey_region(self):
        return f"UPDATE regions SET code = {self.word()} WHERE code = {self.region()}"

    def delete_region(self):
        return f"DELETE FROM regions WHERE code = {self.region()}"

    def new_order(self):
        return f"INSERT INTO orders VALUES ({self.number(1, 10**6)}, {self.customer()}, {self.date()}, {self.word()})"

    def change_order(self):
        change = self.random.choice((f"placed = {self.date()}", f"note = {self.word()}"))
        return f"UPDATE orders SET {change} WHERE id = {self.order()}"

    def reassign_order(self):
        return f"UPDATE orders SET customer_id = {self.customer()} WHERE id = {self.order()}"

    def delete_order(self):
        return f"DELETE FROM orders WHERE id = {self.order()}"

    def new_line(self):
        return f"INSERT INTO lines VALUES ({self.order()}, {self.number(1, 99)}, {self.decimal(6, 2)})"

    def change_line(self):
        return f"UPDATE lines SET amount = {self.decimal(6, 2)} WHERE (order_id, position) = ({self.line()})"

    def move_line(self):
        return f"UPDATE lines SET order_id = {self.order()} WHERE (order_id, position) = ({self.line()})"

    def delete_line(self):
        return f"DELETE FROM lines WHERE (order_id, position) = ({self.line()})"

    def new_tag(self):
        return f"INSERT INTO tags VALUES ({self.number(1, 10**6)}, {self.word()})"

    def rename_tag(self):
        return f"UPDATE tags SET label = {self.word()} WHERE id = {self.tag()}"

    def delete_tag(self):
        return f"DELETE FROM tags WHERE id = {self.tag()}"

    def new_customer_tag(self):
        return f"INSERT INTO customer_tags VALUES ({self.customer()}, {self.tag()})"

    def move_customer_tag(self):
        change = self.random.choice((f"customer_id = {self.customer()}", f"tag_id = {self.tag()}"))
        return f"UPDATE customer_tags SET {change} WHERE (customer_id, tag_id) = ({self.customer_tag()})"

    def delete_customer_tag(self):
        return f"DELETE FROM customer_tags WHERE (customer_id, tag_id) = ({self.customer_tag()})"

    def truncate(self):
        return f"TRUNCATE {self.random.choice(('lines', 'customer_tags'))}"


class SqlForm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World("sqlform", pipeline_for("sqlform", DOCUMENT), SCHEMA))
        cls.seed = int(os.environ.get("SEED") or random.randrange(10**6))
        print(f"sqlform: SEED={cls.seed}", flush=True)
        session = cls.world.session()
        cls.addClassCleanup(session.close)
        cls.changes = CustomerChanges(session, cls.seed)

    def follows(self, what_was_run):
        try:
            wait_until_equal(self.world, DOCUMENTS)
        except AssertionError as error:
            last = "\n  ".join(what_was_run[-45:])
            self.fail(f"SEED={self.seed}, after\n  {last}\n{error}")

    def leads_to(self, sql, **members):
        """These members of customer 1's document, or of no document where there are none."""
        self.world.sql(sql)
        self.follows([sql])
        document = documents_in_database(self.world.database, DOCUMENTS).get("1", {})
        self.assertEqual({name: document[name] for name in members}, members)
        self.assertEqual(bool(document), bool(members))

    def test_1_each_table_that_it_reads(self):
        self.follows([])
        self.leads_to("UPDATE customers SET name = 'Ada' WHERE id = 1", name="Ada")
        self.leads_to("UPDATE regions SET name = 'far south' WHERE code = 's'", region="far south")
        self.leads_to("INSERT INTO orders VALUES (100, 1, '2026-05-01')", orders=3, last_order="2026-05-01")
        self.leads_to("DELETE FROM lines WHERE order_id IN (SELECT id FROM orders WHERE customer_id = 1)", spent=0)
        self.leads_to("INSERT INTO lines VALUES (100, 1, 12), (100, 2, 30)", spent=42)
        self.leads_to("UPDATE lines SET amount = 13 WHERE (order_id, position) = (100, 1)", spent=43)
        self.leads_to("UPDATE orders SET customer_id = 2 WHERE id = 100", orders=2, spent=0, last_order="2026-01-01")
        self.leads_to("DELETE FROM customer_tags; INSERT INTO customer_tags VALUES (1, 2), (1, 3)", tags=["tag 2", "tag 3"])
        self.leads_to("UPDATE tags SET label = 'zebra' WHERE id = 2", tags=["tag 3", "zebra"])
        self.leads_to("UPDATE customers SET region = NULL WHERE id = 1")
        self.leads_to("UPDATE customers SET region = 'n' WHERE id = 1", region="north")
        self.leads_to("UPDATE customers SET hidden = true WHERE id = 1")
        self.leads_to("UPDATE customers SET hidden = false WHERE id = 1", name="Ada")

    def test_2_random_changes(self):
        self.follows(self.changes.grow(40))
        for kind in self.changes.kinds_in_random_order():
            self.follows(self.changes.surely(kind))
        for _ in range(20):
            self.follows([self.changes.step()])
        for _ in range(3):
            self.follows([self.changes.step() for _ in range(40)])
        self.assertEqual(self.world.metric("sluice_dead_letters_total"), 0)

    def test_3_rebuilt_and_verified(self):
        job = self.world.sluice("job", "run", self.world.pipeline, "reconcile")
        self.assertEqual(job.returncode, 0, job.stderr)
        self.follows([self.changes.step()])
        check = self.world.sluice("verify", self.world.pipeline)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
