"""A change that touches thousands of documents: a walk in the background, which nobody waits for and nothing stops."""

import unittest

from http_json import call
from oracle import wait_until_equal
from waiting import eventually
from world import World, pipeline_for

PROJECTS = 2000
SCHEMA = """
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
DOCUMENT = {"table": "project", "children": [{"name": "people", "table": "person", "through": "member"}]}


class Fanout(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        pipeline = pipeline_for("fanout", DOCUMENT, denormalizer={"fanout_threshold": 100}, fanout={"page": 20})
        cls.world = cls.enterClassContext(World("fanout", pipeline, SCHEMA))
        cls.world.sql(ROWS)

    def setUp(self):
        """The first two people are in every project."""
        self.world.sql(f"""INSERT INTO person VALUES (1, 'ada'), (2, 'bo') ON CONFLICT DO NOTHING;
            INSERT INTO member SELECT p, i FROM generate_series(1, 2) p, generate_series(1, {PROJECTS}) i
            ON CONFLICT DO NOTHING""")
        wait_until_equal(self.world, DOCUMENTS)
        eventually(lambda: self.assertEqual(self.world.metric("sluice_walks"), 0))

    def rename(self, person, name):
        self.world.sql(f"UPDATE person SET name = '{name}' WHERE id = {person}")

    def walks_at_least(self, count):
        eventually(lambda: self.assertGreaterEqual(self.world.metric("sluice_walks"), count))

    def is_walking(self, pages=1):
        """Returns when a walk has come so far, and has not come to its end."""
        goal = self.world.metric("sluice_walk_pages_total") + pages
        eventually(lambda: self.assertGreaterEqual(self.world.metric("sluice_walk_pages_total"), goal))
        self.assertGreaterEqual(self.world.metric("sluice_walks"), 1, "the walk is over already")

    def document(self, id):
        return call("GET", f"{self.world.opensearch_url}/{self.world.index}/_doc/{id}").json.get("_source")

    def test_a_rename_reaches_every_document_and_fresh_changes_overtake_it(self):
        self.rename(1, "ada the second")
        self.is_walking()
        self.world.sql(f"UPDATE project SET name = 'fresh' WHERE id = {PROJECTS}")
        eventually(lambda: self.assertEqual(self.document(PROJECTS)["name"], "fresh"))
        self.assertEqual(self.world.metric("sluice_walks"), 1, "the fresh change waited for the end of the walk")
        self.assertNotEqual(self.document(PROJECTS - 1)["people"][0]["name"], "ada the second")
        self.assertGreater(self.world.metric("sluice_walk_oldest_seconds"), 0)
        wait_until_equal(self.world, DOCUMENTS)

    def test_a_killed_host_begins_the_walk_again_and_loses_nothing(self):
        self.rename(1, "ada before the crash")
        self.is_walking(pages=40)
        self.world.sql("UPDATE project SET name = 'overtook' WHERE id = 17")
        eventually(lambda: self.assertEqual(self.document(17)["name"], "overtook"))
        self.assertEqual(self.world.metric("sluice_walks"), 1)
        self.world.host.kill()
        self.world.sql("UPDATE project SET name = 'while it was down' WHERE id = 18")
        self.world.host.start()
        wait_until_equal(self.world, DOCUMENTS)
        eventually(lambda: self.assertEqual(self.world.metric("sluice_walks"), 0))
        self.assertGreaterEqual(self.world.metric("sluice_walk_documents_total"), PROJECTS)

    def test_a_host_that_is_stopped_leaves_its_walk_for_the_next_start(self):
        self.rename(2, "bo before the stop")
        self.is_walking()
        self.assertEqual(self.world.host.stop(), 0)
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
        self.rename(1, "ada 0")
        self.is_walking()
        for number in range(1, 10):
            self.rename(1, f"ada {number}")
        wait_until_equal(self.world, DOCUMENTS)
        eventually(lambda: self.assertEqual(self.world.metric("sluice_walks"), 0))
        walked = self.world.metric("sluice_walk_documents_total") - before
        self.assertLess(walked, 10 * PROJECTS, "each change was walked for")

    def test_the_row_is_deleted_while_it_is_walked_for(self):
        self.rename(1, "ada at the last")
        self.is_walking()
        self.world.sql("DELETE FROM person WHERE id = 1")
        wait_until_equal(self.world, DOCUMENTS)

    def test_links_come_and_go_while_a_walk_is_under_way(self):
        self.rename(1, "ada among changes")
        self.is_walking()
        self.world.sql(f"DELETE FROM member WHERE person_id = 1 AND project_id > {PROJECTS - 50}")
        self.world.sql("INSERT INTO member SELECT 3, i FROM generate_series(1, 50) i ON CONFLICT DO NOTHING")
        self.world.sql(f"INSERT INTO project VALUES ({PROJECTS + 1}, 'new'); INSERT INTO member VALUES (1, {PROJECTS + 1})")
        self.world.sql(f"DELETE FROM member WHERE project_id = {PROJECTS}; DELETE FROM project WHERE id = {PROJECTS}")
        wait_until_equal(self.world, DOCUMENTS)
        self.world.sql(f"""DELETE FROM member WHERE project_id = {PROJECTS + 1};
            DELETE FROM project WHERE id = {PROJECTS + 1}; INSERT INTO project VALUES ({PROJECTS}, 'again')""")
