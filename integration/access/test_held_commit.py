"""Commits that PostgreSQL holds back, for a synchronous standby that is not there: such a transaction is in the log, so
Debezium sends it and the host reads it, but no other session sees it until it is released."""

import signal
import threading
import time
import unittest

from job_run import JobRun
from oracle import documents_in_index, wait_until_equal
from waiting import eventually
from world import World, pipeline_for

SCHEMA = """
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE member (project_id int, person_id int, PRIMARY KEY (project_id, person_id));
CREATE INDEX ON member (person_id);
ALTER TABLE member REPLICA IDENTITY FULL;
"""
ROWS = """
DELETE FROM project WHERE id >= 100;
INSERT INTO project SELECT i, 'project ' || i FROM generate_series(1, 60) i ON CONFLICT DO NOTHING;
INSERT INTO person SELECT i, 'person ' || i FROM generate_series(1, 4) i ON CONFLICT DO NOTHING;
DELETE FROM member; INSERT INTO member SELECT i, 1 FROM generate_series(1, 60) i;
"""
DOCUMENTS = """SELECT id, json_build_object('id', id, 'name', name,
    'people', (SELECT coalesce(json_agg(p ORDER BY p.id), '[]')
      FROM person p JOIN member m ON m.person_id = p.id WHERE m.project_id = project.id)) FROM project"""
# Without foreign keys, whose checks would wait for a held row.
LINK = {"table": "member", "parent": {"project_id": "id"}, "child": {"person_id": "id"}}
DOCUMENT = {"table": "project", "children": [{"name": "people", "table": "person", "through": LINK}]}
TIMEOUT = 2  # seconds after which the host gives up a transaction of which the database knows nothing
LIKE_A_LARGE_INDEX = {"lead": "1s", "sample": 0}  # of which a sample has none of the documents that are looked at
CHANGES = [
    "INSERT INTO project VALUES (100, 'held')",
    "UPDATE project SET name = 'held' WHERE id = 1",
    "DELETE FROM project WHERE id = 2",
    "UPDATE member SET project_id = 4, person_id = 2 WHERE project_id = 3",
    "UPDATE person SET name = 'held, and in many projects' WHERE id = 1",  # a walk
]


class HeldCommit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        pipeline = pipeline_for("held", DOCUMENT, denormalizer={"fanout_threshold": 20},
                                errors={"visibility_timeout": f"{TIMEOUT}s"},
                                jobs={"reconcile": {"plugin": "reconcile-job", "config": LIKE_A_LARGE_INDEX}})
        cls.world = cls.enterClassContext(World("held", pipeline, SCHEMA))

    def setUp(self):
        self.world.sql(ROWS)
        wait_until_equal(self.world, DOCUMENTS)
        self.before = documents_in_index(self.world)
        self.writers = []
        self.addCleanup(self.release)
        self.hold()

    def hold(self):
        self.world.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        self.world.sql("SELECT pg_reload_conf()")
        eventually(lambda: self.assertEqual(self.world.sql("SHOW synchronous_standby_names"), ["nobody"]))
        self.world.sql("CHECKPOINT")  # done by the process that makes the others wait, after it has read the setting

    def release(self):
        self.world.sql("ALTER SYSTEM RESET synchronous_standby_names")
        self.world.sql("SELECT pg_reload_conf()")
        for writer in self.writers:
            writer.join()

    def commit(self, statements):
        """Each in a transaction of its own. Returns once all are held."""
        for sql in statements:
            writer = threading.Thread(target=self._commit, args=[sql])
            writer.start()
            self.writers.append(writer)
        held = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        eventually(lambda: self.assertEqual(self.world.sql(held), [str(len(statements))]))

    def _commit(self, sql):
        session = self.world.session()
        session.run(f"SET synchronous_commit = on; {sql}")  # other sessions of a test stack do not wait for any commit
        session.close()

    def waits_for_all(self, count):
        """The host has read so many events, and neither writes what it cannot see nor gives them up, however long it takes."""
        eventually(lambda: self.assertGreaterEqual(self.world.metric("sluice_lag_records"), count))
        deadline = time.monotonic() + 2 * TIMEOUT
        while time.monotonic() < deadline:
            self.assertEqual(documents_in_index(self.world), self.before)
            self.assertGreaterEqual(self.world.metric("sluice_lag_records"), count)
            time.sleep(0.2)
        self.assertNotIn("read as it is", self.world.host.log_text())

    def test_rows_links_and_a_walk(self):
        unseen = self.world.metric("sluice_reads_not_visible_total")
        self.commit(CHANGES)
        self.waits_for_all(len(CHANGES))
        self.assertGreater(self.world.metric("sluice_reads_not_visible_total"), unseen)
        self.release()
        wait_until_equal(self.world, DOCUMENTS)

    def test_the_host_is_killed_meanwhile(self):
        self.commit(CHANGES)
        self.waits_for_all(len(CHANGES))
        self.world.host.kill()
        self.world.host.spawn()
        self.waits_for_all(len(CHANGES))
        self.release()
        wait_until_equal(self.world, DOCUMENTS)

    def test_truncate(self):
        self.commit(["TRUNCATE project", "TRUNCATE member"])
        self.waits_for_all(2)
        self.release()
        wait_until_equal(self.world, DOCUMENTS)
        self.assertEqual(documents_in_index(self.world), {})

    def test_a_rebuild_that_copies_meanwhile(self):
        """What it could not see goes to the index that it replaces, though the changes are in Kafka for longer than `lead`."""
        self.commit(CHANGES)
        self.waits_for_all(len(CHANGES))
        rebuild = JobRun(self.world.pipeline, self.world.host.env)
        self.addCleanup(rebuild.end)
        rebuild.wait_for_step("catch up")
        rebuild.process.send_signal(signal.SIGSTOP)
        before = self.world.index_in_use()
        self.release()
        wait_until_equal(self.world, DOCUMENTS)
        self.assertEqual(self.world.index_in_use(), before)
        rebuild.process.send_signal(signal.SIGCONT)
        self.assertEqual(rebuild.process.wait(60), 0, rebuild.log_text())
        self.assertNotEqual(self.world.index_in_use(), before)
        wait_until_equal(self.world, DOCUMENTS)
