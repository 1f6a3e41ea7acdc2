"""An empty index is filled by a scan of the tables, not by an event for each row; and nothing is lost meanwhile."""

import json
import re
import time
import unittest

from http_json import call
from oracle import wait_until_equal
from waiting import eventually
from world import World, pipeline_for

ROWS = 20_000
SCHEMA = f"""
CREATE TABLE maker (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE item (id bigint PRIMARY KEY, name text NOT NULL, maker_id int NOT NULL REFERENCES maker);
CREATE INDEX ON item (maker_id);
INSERT INTO maker SELECT i, 'maker ' || i FROM generate_series(1, 100) i;
INSERT INTO item SELECT i, 'item ' || i, 1 + i % 100 FROM generate_series(1, {ROWS}) i
"""
DOCUMENTS = """
SELECT i.id, json_build_object('id', i.id, 'name', i.name, 'maker',
  (SELECT json_build_object('id', m.id, 'name', m.name) FROM maker m WHERE m.id = i.maker_id)) FROM item i
"""
DOCUMENT = {"table": "item", "columns": ["id", "name"],
            "children": [{"name": "maker", "table": "maker", "columns": ["id", "name"]}]}


class Bootstrap(unittest.TestCase):
    def make_world(self, name, **options):
        """Rows in the tables, the connector at work, the host not started yet."""
        job = {"plugin": "reconcile-job", "schedule": "never", "bootstrap": True, "config": options}
        topics = [f"{name}.public.item", f"{name}.public.maker"]  # which no event has made yet
        source = {"brokers": "${KAFKA_BROKER}", "topics": topics,
                  "properties": {"topic.metadata.refresh.interval.ms": "700"}}
        pipeline = pipeline_for(name, DOCUMENT, source=source, jobs={"fill": job})
        self.world = self.enterContext(World(name, pipeline, SCHEMA, env={"SNAPSHOT_MODE": "no_data"}, started=False))

    def start_host(self):
        """Returns when its job can be asked for, which may be long before it is ready."""
        self.world.host.spawn()
        eventually(self.job)

    def job(self):
        (pipeline,) = call("GET", f"{self.world.admin_url}/pipelines").json["pipelines"]
        (job,) = pipeline["jobs"]
        return job

    def wait_until_filled(self, seconds=120):
        def is_done():
            self.assertEqual(self.job()["state"], "SUCCEEDED", self.job())

        eventually(is_done, seconds)
        return self.job()["result"]

    def events(self):
        records = [*self.world.kafka.records(f"{self.world.name}.public.item"),
                   *self.world.kafka.records(f"{self.world.name}.public.maker")]
        return [json.loads(value)["op"] for *_, value in records if value]

    def note(self, index):
        """What the host keeps with a half-built index."""
        meta = self.world.opensearch("GET", f"/{index}/_mapping")[index]["mappings"].get("_meta", {})
        return meta.get("sluice", {}).get("note", {})

    def half_built(self):
        """The index that is not in use, once some of the copy is noted there."""
        others = set(self.world.indices()) - {self.world.index_in_use()}
        self.assertEqual(len(others), 1)
        (index,) = others
        self.assertGreater(self.note(index).get("copy", {}).get("documents", 0), 0)
        return index

    def test_by_a_scan_while_rows_are_written(self):
        self.make_world("bootstrap")
        started = time.monotonic()
        self.start_host()
        writes = 0
        while self.job()["state"] != "SUCCEEDED" and time.monotonic() < started + 120:
            writes += 1
            self.world.sql(f"""
                UPDATE item SET name = 'changed {writes}' WHERE id = {writes * 37 % ROWS + 1};
                INSERT INTO item VALUES ({ROWS + writes}, 'new', 1);
                DELETE FROM item WHERE id = {ROWS - writes}""")
            time.sleep(0.05)
        result = self.wait_until_filled(1)
        self.assertFalse(result["resumed"])
        wait_until_equal(self.world, DOCUMENTS)
        print(f"bootstrap: {result['documents']} documents in {result['duration_ms'] / 1000:.1f} s, "
              f"{writes} transactions meanwhile", flush=True)
        self.assertGreater(writes, 5)
        self.assertEqual(set(self.events()), {"c", "u", "d"})

    def test_goes_on_after_a_kill(self):
        self.make_world("resumed", readers=2, page=4)  # slow enough to be noted half-way (every 2 s) on a quick machine
        self.start_host()
        half_built = eventually(self.half_built, 60)
        self.world.host.kill()
        noted = self.note(half_built)["copy"]
        self.assertGreater(len(noted["ranges"]), 0)
        self.world.sql("UPDATE item SET name = 'while it was dead' WHERE id IN (1, 10000, 20000)")
        self.world.sql("DELETE FROM item WHERE id = 2")
        self.world.host.start()
        result = self.wait_until_filled()
        self.assertTrue(result["resumed"])
        self.assertEqual(result["target"], half_built)
        self.assertEqual(self.world.index_in_use(), half_built)
        going_on = re.search(r"goes on: (\d+) documents are there, (\d+) ranges are left", self.world.host.log_text())
        self.assertEqual([int(number) for number in going_on.groups()], [noted["documents"], len(noted["ranges"])])
        self.assertEqual(self.note(half_built), {"complete": True})
        wait_until_equal(self.world, DOCUMENTS)

    def test_a_filled_index_is_left_alone(self):
        self.make_world("filled")
        self.start_host()
        self.wait_until_filled()
        indices = self.world.indices()
        self.world.sql("DELETE FROM item WHERE id > 10")
        wait_until_equal(self.world, DOCUMENTS)
        self.world.sql("INSERT INTO item SELECT i, 'late', 1 FROM generate_series(11, 5000) i")
        self.world.host.stop()
        before = len(self.world.host.log_text())
        self.world.host.start()
        eventually(lambda: self.assertIn("the index in use is filled", self.world.host.log_text()[before:]), 60)
        wait_until_equal(self.world, DOCUMENTS)
        self.assertEqual(self.world.indices(), indices)
