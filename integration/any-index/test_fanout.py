"""A change that touches thousands of documents: a walk in the background, which nobody waits for and nothing stops."""

import contextlib
import signal
import unittest

from http_json import call
from oracle import wait_until_equal
from records import Records
from waiting import eventually
from world import World, pipeline_for

PEOPLE = "fanout.public.person"
PARTITIONS = 4  # of each topic (scripts/setup-debezium.sh)
PROJECTS = 2000
GATE = 1000  # reading the document of this project waits while a test holds the lock of that number
SCHEMA = f"""
CREATE FUNCTION through_the_gate(id int, name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF id = {GATE} THEN
    PERFORM pg_advisory_lock_shared({GATE}), pg_advisory_unlock_shared({GATE});
  END IF;
  RETURN name;
END $$;
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE project (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE member (person_id int REFERENCES person ON DELETE CASCADE, project_id int REFERENCES project,
  PRIMARY KEY (person_id, project_id));
CREATE INDEX ON member (project_id, person_id);
ALTER TABLE person REPLICA IDENTITY FULL;
"""
ROWS = f"""
INSERT INTO project SELECT i, 'project ' || i FROM generate_series(1, {PROJECTS}) i;
INSERT INTO person VALUES (1, 'ada'), (2, 'bo'), (3, 'cy');
"""
DOCUMENTS = """SELECT id, json_build_object('id', id, 'name', name, 'people', (
    SELECT coalesce(json_agg(json_build_object('id', p.id, 'name', p.name) ORDER BY p.id), '[]')
    FROM person p JOIN member m ON m.person_id = p.id WHERE m.project_id = project.id)) FROM project"""
DOCUMENT = {"table": "project", "columns": ["id", {"as": "name", "sql": "through_the_gate(project.id, project.name)"}],
            "children": [{"name": "people", "table": "person", "through": "member"}]}


class Fanout(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        pipeline = pipeline_for("fanout", DOCUMENT, denormalizer={"fanout_threshold": 100}, fanout={"page": 50})
        cls.world = cls.enterClassContext(World("fanout", pipeline, SCHEMA))
        cls.world.sql(ROWS)
        cls.records = Records(cls.world.env["KAFKA_BROKER"])
        cls.addClassCleanup(cls.records.close)

    def setUp(self):
        """The first two people are in every project, and no walk for an earlier change of a person is still to come,
        which the documents do not tell: what is inserted has long been read as theirs when its record arrives."""
        self.world.sql(f"""INSERT INTO person VALUES (1, 'ada'), (2, 'bo') ON CONFLICT DO NOTHING;
            INSERT INTO member SELECT p, i FROM generate_series(1, 2) p, generate_series(1, {PROJECTS}) i
            ON CONFLICT DO NOTHING""")
        self.rename(3, self.id())
        eventually(lambda: self.assertTrue(any(self.id().encode() in (record.value or b"")
                                               for record in self.records.read(PEOPLE, PARTITIONS))))
        eventually(lambda: self.assertEqual(self.not_committed(PEOPLE), 0))
        wait_until_equal(self.world, DOCUMENTS)
        eventually(lambda: self.assertEqual(self.world.metric("sluice_walks"), 0))

    def rename(self, person, name):
        self.world.sql(f"UPDATE person SET name = '{name}' WHERE id = {person}")

    def walks_at_least(self, count):
        eventually(lambda: self.assertGreaterEqual(self.world.metric("sluice_walks"), count))

    @contextlib.contextmanager
    def walk_stands_half_way(self, person, name):
        """Of a rename: within, the walk goes no further, however quick the machine. After it, it goes on."""
        with contextlib.closing(self.world.session()) as gate:
            gate.run(f"SELECT pg_advisory_lock({GATE})")
            self.rename(person, name)
            eventually(lambda: self.assertEqual(gate.value(
                f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {GATE} AND NOT granted"), "1"))
            self.assertEqual(self.world.metric("sluice_walks"), 1)
            yield
            gate.run(f"SELECT pg_advisory_unlock({GATE})")

    def not_committed(self, topic):
        """How many records, as Kafka knows it."""
        ends = [0] * PARTITIONS
        for record in self.records.read(topic, PARTITIONS):
            ends[record.partition] = record.offset + 1
        committed = [self.records.committed("sluice-fanout", topic, partition) for partition in range(PARTITIONS)]
        return sum(end - max(offset, 0) for end, offset in zip(ends, committed))

    def wait_until_all_is_committed_but_the_rename(self):
        """So that after a crash the walk's record is read again."""
        eventually(lambda: self.assertEqual(self.not_committed("fanout.public.project"), 0))
        self.assertEqual(self.not_committed(PEOPLE), 1)

    def document(self, id):
        return call("GET", f"{self.world.opensearch_url}/{self.world.index}/_doc/{id}").json.get("_source")

    def test_a_rename_reaches_every_document_and_fresh_changes_overtake_it(self):
        with self.walk_stands_half_way(1, "ada the second"):
            self.world.sql(f"UPDATE project SET name = 'fresh' WHERE id = {PROJECTS}")
            eventually(lambda: self.assertEqual(self.document(PROJECTS)["name"], "fresh"))
            self.assertEqual(self.world.metric("sluice_walks"), 1)
            self.assertEqual(self.document(1)["people"][0]["name"], "ada the second")
            self.assertNotEqual(self.document(PROJECTS - 1)["people"][0]["name"], "ada the second")
            self.assertGreater(self.world.metric("sluice_walk_oldest_seconds"), 0)
        wait_until_equal(self.world, DOCUMENTS)

    def test_a_killed_host_begins_the_walk_again_and_loses_nothing(self):
        with self.walk_stands_half_way(1, "ada before the crash"):
            self.world.sql("UPDATE project SET name = 'overtook' WHERE id = 17")
            eventually(lambda: self.assertEqual(self.document(17)["name"], "overtook"))
            self.wait_until_all_is_committed_but_the_rename()
            self.world.host.kill()
        self.world.sql("UPDATE project SET name = 'while it was down' WHERE id = 18")
        self.world.host.start()
        wait_until_equal(self.world, DOCUMENTS)
        eventually(lambda: self.assertEqual(self.world.metric("sluice_walks"), 0))
        self.assertGreaterEqual(self.world.metric("sluice_walk_documents_total"), PROJECTS)

    def test_a_host_that_is_stopped_leaves_its_walk_for_the_next_start(self):
        with self.walk_stands_half_way(2, "bo before the stop"):
            self.world.host.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.world.host.process.wait(15), 0)
        self.assertNotEqual(self.document(PROJECTS)["people"][1]["name"], "bo before the stop")
        self.world.host.start()
        wait_until_equal(self.world, DOCUMENTS)

    def test_two_walks_at_once(self):
        self.rename(1, "ada and")
        self.rename(2, "bo at once")
        self.walks_at_least(2)
        wait_until_equal(self.world, DOCUMENTS)

    def test_many_changes_of_one_row_end_with_the_last_of_them(self):
        before = self.world.metric("sluice_walk_documents_total")
        with self.walk_stands_half_way(1, "ada 0"):
            for number in range(1, 10):
                self.rename(1, f"ada {number}")
        wait_until_equal(self.world, DOCUMENTS)
        eventually(lambda: self.assertEqual(self.world.metric("sluice_walks"), 0))
        walked = self.world.metric("sluice_walk_documents_total") - before
        self.assertLess(walked, 10 * PROJECTS, "each change was walked for")

    def test_the_row_is_deleted_while_it_is_walked_for(self):
        with self.walk_stands_half_way(1, "ada at the last"):
            self.world.sql("DELETE FROM person WHERE id = 1")
        wait_until_equal(self.world, DOCUMENTS)

    def test_links_come_and_go_while_a_walk_is_under_way(self):
        with self.walk_stands_half_way(1, "ada among changes"):
            self.world.sql(f"DELETE FROM member WHERE person_id = 1 AND project_id > {PROJECTS - 50}")
            self.world.sql("INSERT INTO member SELECT 3, i FROM generate_series(1, 50) i ON CONFLICT DO NOTHING")
            self.world.sql(f"""INSERT INTO project VALUES ({PROJECTS + 1}, 'new');
                INSERT INTO member VALUES (1, {PROJECTS + 1})""")
            self.world.sql(f"DELETE FROM member WHERE project_id = {PROJECTS}; DELETE FROM project WHERE id = {PROJECTS}")
        wait_until_equal(self.world, DOCUMENTS)
        self.world.sql(f"""DELETE FROM member WHERE project_id = {PROJECTS + 1};
            DELETE FROM project WHERE id = {PROJECTS + 1}; INSERT INTO project VALUES ({PROJECTS}, 'again')""")
