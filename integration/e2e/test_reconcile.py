"""The index rebuilt beside the one in use, and swapped in."""

import json

from case import Case
from http_json import call
from job_run import JobRun
from traffic import Searches, Writes
from world import PIPELINE


class Reconcile(Case):
    def job(self):
        answer = call("GET", f"{self.world.admin_url}/pipelines").json
        (pipeline,) = answer["pipelines"]
        (job,) = pipeline["jobs"]
        return job

    def reconcile(self, pipeline=PIPELINE):
        run = self.world.sluice("job", "run", pipeline, "reconcile")
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stderr + run.stdout

    def test_no_reader_notices_and_nothing_is_lost(self):
        before = self.world.index_in_use()
        with Searches(self.world, self.add_found_project()) as searches, Writes(self.world) as writes:
            writes.wait_for(100)
            self.reconcile()
            writes.wait_for(20)
            searches.wait_for(20)
        self.assertEqual(searches.failures, [])
        self.assertGreater(searches.count, 50)
        after = self.world.index_in_use()
        self.assertNotEqual(after, before)
        self.assertIn(before, self.world.indices())
        self.is_in_step()

    def test_on_demand_by_the_admin_api(self):
        before = self.world.index_in_use()
        url = f"{self.world.admin_url}/pipelines/projects/jobs/reconcile/run"
        with Writes(self.world, pause=0.05):
            self.assertEqual(call("POST", url).status, 202)
            self.eventually(lambda: self.assertEqual(call("POST", url).status, 409), 5)  # one at a time
            self.becomes(lambda: self.job()["state"], "SUCCEEDED", 120)
        self.assertNotEqual(self.world.index_in_use(), before)
        self.assertEqual(self.job()["result"]["target"], self.world.index_in_use())
        self.is_in_step()
        self.assertEqual(call("POST", url.replace("reconcile", "no-such-job")).status, 404)

    def test_repairs_what_drifted(self):
        missing, wrong = self.add_found_project(), self.add_found_project()
        self.world.opensearch("DELETE", f"/{self.world.index}/_doc/{missing.id}")
        self.world.opensearch("POST", f"/{self.world.index}/_update/{wrong.id}", {"doc": {"name": "drifted"}})
        self.world.opensearch("PUT", f"/{self.world.index}/_doc/999999999", {"id": 999999999, "name": "no such row"})
        self.reconcile()
        self.is_in_step()

    def test_of_two_runs_at_a_time_one_is_skipped(self):
        before = self.world.indices()
        first = JobRun(PIPELINE, self.world.env)
        self.addCleanup(first.end)
        first.wait_for_step("copy")
        self.assertIn("another run holds the lock", self.reconcile())
        self.assertEqual(first.process.wait(60), 0, first.log_text())
        self.assertEqual(len(self.world.indices()), len(before) + 1)
        self.is_in_step()

    def test_old_indices_stay_until_they_are_past_retention(self):
        self.reconcile()
        self.reconcile()
        self.assertGreaterEqual(len(self.world.indices()), 3)  # by default they stay for 7 days
        previous = self.world.index_in_use()
        impatient = self.world.pipeline_variant(
            "impatient.yaml", ("plugin: reconcile-job\n", "plugin: reconcile-job\n    config: {retention: 1ms}\n"))
        self.world.opensearch("PUT", f"/{self.world.index}-archive")
        self.addCleanup(self.world.opensearch, "DELETE", f"/{self.world.index}-archive")
        self.reconcile(impatient)
        kept = {previous, self.world.index_in_use(), f"{self.world.index}-archive"}
        self.assertEqual(set(self.world.indices()), kept)
        self.is_in_step()

    def test_replaces_an_index_that_has_the_name_of_the_alias(self):
        index = self.world.index
        self.add_found_project()
        self.let_changes_pass()
        for name in self.world.indices():
            self.world.opensearch("DELETE", f"/{name}")
        self.world.opensearch("PUT", f"/{index}", self.mapping())
        project = self.add_project()  # must not be lost, though there is no alias to write to
        with Writes(self.world) as writes, Writes(self.world):
            writes.wait_for(100)
            self.reconcile()  # nothing keeps writes from the old index up to the swap
            writes.wait_for(20)
        self.assertTrue(self.world.index_in_use().startswith(f"{index}-"))
        self.is_found(project)
        self.is_in_step()

    def mapping(self):
        return json.loads(self.world.sluice("mapping", PIPELINE, check=True).stdout)
