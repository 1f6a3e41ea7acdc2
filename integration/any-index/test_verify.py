"""`sluice verify`: an index that was changed behind the pipeline's back, and one that is written while it is verified."""

import json
import threading
import time
import unittest

from http_json import call
from oracle import wait_until_equal
from waiting import eventually
from world import World, pipeline_for

ROWS = 2000
SCHEMA = f"""
CREATE TABLE maker (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE item (id bigint PRIMARY KEY, name text NOT NULL, price numeric, maker_id int NOT NULL REFERENCES maker);
CREATE INDEX ON item (maker_id);
INSERT INTO maker SELECT i, 'maker ' || i FROM generate_series(1, 20) i;
INSERT INTO item SELECT i, 'item ' || i, i + 0.10, 1 + i % 20 FROM generate_series(1, {ROWS}) i
"""
DOCUMENTS = """
SELECT i.id, json_build_object('id', i.id, 'name', i.name, 'price', i.price, 'maker',
  (SELECT json_build_object('id', m.id, 'name', m.name) FROM maker m WHERE m.id = i.maker_id)) FROM item i
"""
DOCUMENT = {"table": "item", "columns": ["id", "name", "price"],
            "children": [{"name": "maker", "table": "maker", "columns": ["id", "name"]}]}
JOBS = {"reconcile": {"plugin": "reconcile-job", "schedule": "never"},
        "verify": {"plugin": "reconcile-job", "schedule": "never", "config": {"action": "verify"}},
        "mend": {"plugin": "reconcile-job", "schedule": "never", "config": {"action": "verify", "repair": True}}}


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        pipeline = pipeline_for("verify", DOCUMENT, jobs=JOBS)
        cls.world = cls.enterClassContext(World("verify", pipeline, SCHEMA))
        wait_until_equal(cls.world, DOCUMENTS)

    def verify(self, *arguments):
        """Exit code and report."""
        run = self.world.sluice("verify", self.world.pipeline, "--json", *arguments)
        self.assertTrue(run.stdout, run.stderr)
        return run.returncode, json.loads(run.stdout)

    def write(self, method, path, body=None):
        self.world.opensearch(method, f"/{self.world.index_in_use()}{path}", body)

    def corrupt(self):
        """Deletes, changes and adds documents by hand: 50 together. By problem, their ids."""
        missing, differing, extra = [set(map(str, ids)) for ids in (range(11, 31), range(101, 121), range(90001, 90010))]
        for id in missing:
            self.write("DELETE", f"/_doc/{id}")
        for id in differing:
            self.write("POST", f"/_update/{id}", {"doc": {"maker": {"name": "nobody"}}})
        for id in extra:
            self.write("PUT", f"/_doc/{id}", {"id": int(id), "name": "made up"})
        self.write("PUT", "/_doc/no-number", {"name": "made up"})
        return {"missing": missing, "differing": differing, "extra": extra | {"no-number"}}

    def states(self):
        """What OpenSearch counts at each write of a document, by id."""
        self.write("POST", "/_refresh")
        answer = call("POST", f"{self.world.opensearch_url}/{self.world.index}/_search",
                      {"size": 10_000, "_source": False, "version": True, "seq_no_primary_term": True}).json
        return {hit["_id"]: (hit["_version"], hit["_seq_no"]) for hit in answer["hits"]["hits"]}

    def assert_figures(self, report, **figures):
        self.assertEqual({name: report[name] for name in figures}, figures, report)

    def assert_documents(self, report, ids_by_problem):
        """The report names these documents, each once, and no others."""
        named = sorted((example["problem"], example["id"]) for example in report["examples"])
        self.assertEqual(named, sorted((problem, id) for problem, ids in ids_by_problem.items() for id in ids))

    def job(self, name):
        (pipeline,) = call("GET", f"{self.world.admin_url}/pipelines").json["pipelines"]
        return next(job for job in pipeline["jobs"] if job["name"] == name)

    def run_job(self, name):
        before = self.job(name).get("started")
        self.assertEqual(call("POST", f"{self.world.admin_url}/pipelines/verify/jobs/{name}/run").status, 202)

        def is_over():
            self.assertNotEqual(self.job(name).get("started"), before)
            self.assertIn(self.job(name)["state"], ("SUCCEEDED", "FAILED"))

        eventually(is_over, 90)
        return self.job(name)

    def test_finds_and_mends_just_what_was_changed_by_hand(self):
        self.assertEqual(self.verify()[0], 0)
        before = self.states()
        corrupted = self.corrupt()
        figures = {problem: len(ids) for problem, ids in corrupted.items()}
        self.assertEqual(sum(figures.values()), 50)

        code, report = self.verify()
        self.assertEqual(code, 1)
        self.assert_figures(report, **figures, repaired=0, compared=ROWS)
        self.assert_documents(report, corrupted)

        code, report = self.verify("--repair")
        self.assertEqual(code, 0)
        self.assert_figures(report, **figures, repaired=50)
        self.assert_documents(report, corrupted)
        after = self.states()
        touched = {id for id in before.keys() | after.keys() if before.get(id) != after.get(id)}
        self.assertEqual(touched, corrupted["missing"] | corrupted["differing"])
        wait_until_equal(self.world, DOCUMENTS, 5)

        code, report = self.verify()
        self.assertEqual(code, 0)
        self.assert_figures(report, missing=0, extra=0, differing=0, repaired=0)

    def test_says_so_in_words(self):
        self.write("POST", "/_update/200", {"doc": {"maker": {"name": "nobody"}}})
        run = self.world.sluice("verify", self.world.pipeline, "--repair")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"differing +1\n")
        self.assertIn("differing 200 (/maker/name)", run.stdout)

    def test_what_has_a_higher_version_is_not_repaired(self):
        self.write("PUT", "/_doc/300?version=4000000000000&version_type=external", {"id": 300})
        code, report = self.verify("--repair")
        self.assertEqual(code, 1)
        self.assert_figures(report, differing=1, repaired=0)
        self.assertIn("version_epoch", report["examples"][0]["detail"])
        self.world.sluice("job", "run", self.world.pipeline, "reconcile", check=True)
        self.assertEqual(self.verify()[0], 0)

    def test_reports_nothing_while_rows_are_written(self):
        stop = threading.Event()

        def write():
            session = self.world.session()
            for step in range(100_000):
                if stop.is_set():
                    break
                session.run(f"""UPDATE item SET name = 'step {step}' WHERE id = {step * 37 % 500 + 500};
                    INSERT INTO item VALUES ({10_000 + step}, 'new', {step}, 1);
                    DELETE FROM item WHERE id = {10_000 + step - 50};
                    UPDATE maker SET name = 'step {step}' WHERE id = {step % 5 + 1} AND {step} % 20 = 0""")
                time.sleep(0.01)
            session.close()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(3):
                began = time.monotonic()
                code, report = self.verify()
                print(f"verify under writes: {time.monotonic() - began:.1f} s, {report['changing']} changing", flush=True)
                self.assertEqual(code, 0, report)
                self.assert_figures(report, missing=0, extra=0, differing=0)
        finally:
            stop.set()
            writer.join()
        wait_until_equal(self.world, DOCUMENTS)

    def test_as_a_job(self):
        self.assertEqual(self.run_job("verify")["state"], "SUCCEEDED")
        self.write("DELETE", "/_doc/400")
        failed = self.run_job("verify")
        self.assertEqual(failed["state"], "FAILED")
        self.assertIn("1 missing", failed["trace"])
        self.assertIn("missing 400", failed["trace"])
        mended = self.run_job("mend")
        self.assertEqual(mended["state"], "SUCCEEDED", mended)
        self.assertEqual(mended["result"]["repaired"], 1)
        self.assertEqual(self.world.metric("sluice_plugin_verify_repaired_documents"), 1)
        self.assertEqual(self.verify()[0], 0)

    def test_a_server_that_is_away_is_an_error(self):
        nowhere = self.world.env | {"OPENSEARCH_URL": "http://127.0.0.1:1"}
        before, self.world.env = self.world.env, nowhere
        try:
            run = self.world.sluice("verify", self.world.pipeline)
        finally:
            self.world.env = before
        self.assertEqual(run.returncode, 1)
        self.assertIn("127.0.0.1:1", run.stderr)
        self.assertEqual(run.stdout, "")
