"""TRUNCATE of every kind of table in the tree."""

import threading
import unittest

from oracle import wait_until_equal
from world import World, pipeline_for

SCHEMA = """
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE project (id int PRIMARY KEY, name text, customer_id int);
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE member (project_id int REFERENCES project, person_id int REFERENCES person,
  PRIMARY KEY (project_id, person_id));
CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project, title text);
CREATE TABLE remark (id int PRIMARY KEY, task_id int REFERENCES task, text text);
CREATE INDEX ON project (customer_id); CREATE INDEX ON member (person_id); CREATE INDEX ON task (project_id);
CREATE INDEX ON remark (task_id);
ALTER TABLE project REPLICA IDENTITY FULL; ALTER TABLE person REPLICA IDENTITY FULL;
ALTER TABLE task REPLICA IDENTITY FULL; ALTER TABLE remark REPLICA IDENTITY FULL;
"""
ROWS = """
INSERT INTO customer SELECT i, 'customer ' || i FROM generate_series(1, 3) i ON CONFLICT DO NOTHING;
INSERT INTO project SELECT i, 'project ' || i, 1 + i % 4 FROM generate_series(1, 60) i ON CONFLICT DO NOTHING;
INSERT INTO person SELECT i, 'person ' || i FROM generate_series(1, 8) i ON CONFLICT DO NOTHING;
INSERT INTO member SELECT i, 1 + (i * j) % 8 FROM generate_series(1, 60) i, generate_series(1, 3) j ON CONFLICT DO NOTHING;
INSERT INTO task SELECT i, 1 + i % 60, 'task ' || i FROM generate_series(1, 120) i ON CONFLICT DO NOTHING;
INSERT INTO remark SELECT i, 1 + i % 120, 'remark ' || i FROM generate_series(1, 240) i ON CONFLICT DO NOTHING;
"""
DOCUMENTS = """SELECT id, json_build_object('id', id, 'name', name, 'customer_id', customer_id,
    'customer', (SELECT row_to_json(c) FROM customer c WHERE c.id = customer_id),
    'people', (SELECT coalesce(json_agg(p ORDER BY p.id), '[]')
      FROM person p JOIN member m ON m.person_id = p.id WHERE m.project_id = project.id),
    'tasks', (SELECT coalesce(json_agg(json_build_object('id', t.id, 'title', title,
        'remarks', (SELECT coalesce(json_agg(json_build_object('id', r.id, 'text', text) ORDER BY r.id), '[]')
          FROM remark r WHERE r.task_id = t.id)) ORDER BY t.id), '[]')
      FROM task t WHERE t.project_id = project.id)) FROM project"""
DOCUMENT = {
    "table": "project",
    "children": [
        {"name": "customer", "table": "customer", "on": {"id": "customer_id"}},
        {"name": "people", "table": "person", "through": "member"},
        {"name": "tasks", "table": "task", "columns": ["id", "title"],
         "children": [{"name": "remarks", "table": "remark", "columns": ["id", "text"]}]},
    ],
}


class Truncate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World("truncate", pipeline_for("truncate", DOCUMENT), SCHEMA))

    def setUp(self):
        self.world.sql(ROWS)
        wait_until_equal(self.world, DOCUMENTS)

    def leads_to_the_same(self, sql):
        self.world.sql(sql)
        wait_until_equal(self.world, DOCUMENTS)

    def test_the_root_and_all_that_hangs_from_it(self):
        self.leads_to_the_same("TRUNCATE project CASCADE")
        self.assertEqual(self.world.opensearch("GET", f"/{self.world.index}/_count")["count"], 0)

    def test_a_child(self):
        self.leads_to_the_same("TRUNCATE task CASCADE")

    def test_a_parent_without_foreign_key(self):
        self.leads_to_the_same("TRUNCATE customer")

    def test_a_junction(self):
        self.leads_to_the_same("TRUNCATE member")

    def test_what_a_junction_leads_to(self):
        self.leads_to_the_same("TRUNCATE person CASCADE")

    def test_a_leaf(self):
        self.leads_to_the_same("TRUNCATE remark")

    def test_two_at_once(self):
        self.leads_to_the_same("TRUNCATE remark, member")

    def test_rows_that_the_same_transaction_inserts_stay(self):
        self.leads_to_the_same("""BEGIN; TRUNCATE project CASCADE;
            INSERT INTO project VALUES (1, 'the first again', 2), (1000, 'new', NULL);
            INSERT INTO member VALUES (1, 1); INSERT INTO task VALUES (1, 1000, 'only one');
            INSERT INTO remark VALUES (1, 1, 'said'); COMMIT""")
        self.leads_to_the_same("BEGIN; TRUNCATE remark; INSERT INTO remark VALUES (2, 1, 'said again'); COMMIT")

    def test_one_that_is_rolled_back_does_nothing(self):
        self.leads_to_the_same("""BEGIN; TRUNCATE project CASCADE; ROLLBACK;
            UPDATE project SET name = 'still here' WHERE id = 1""")

    def test_again_and_again_while_others_write(self):
        stop = threading.Event()
        writers = [threading.Thread(target=self._write, args=(stop, number)) for number in range(2)]
        for writer in writers:
            writer.start()
        try:
            for table in ("remark", "project CASCADE", "member", "task CASCADE", "customer", "project CASCADE") * 2:
                self.world.sql(f"TRUNCATE {table}; {ROWS}")
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        wait_until_equal(self.world, DOCUMENTS)

    def _write(self, stop, number):
        """Small transactions that touch every table, with ids of this writer's own."""
        with_session = self.world.session()
        id = 10_000 * (number + 1)
        while not stop.is_set():
            id += 1
            with_session.run(f"""BEGIN; INSERT INTO project VALUES ({id}, 'by {number}', 1);
                INSERT INTO task VALUES ({id}, {id}, 'by {number}'); INSERT INTO remark VALUES ({id}, {id}, 'by {number}');
                COMMIT; UPDATE customer SET name = 'touched {id}' WHERE id = {1 + id % 3}""")
        with_session.close()
