"""What is tested of each of the shipped examples: the index follows random changes."""

import os
import random
import threading

from changes import Changes
from host import ROOT
from oracle import wait_until_equal
from world import World


class Example:
    """To be mixed into a TestCase."""

    name = ""  # of the folder in pipelines/
    documents = ""  # the oracle: a query that gives (id, document)
    changes_type = Changes

    @classmethod
    def setUpClass(cls):
        folder = ROOT / "pipelines" / cls.name
        # The sample rows give no events: the host reads them at its start, as everyone's who follows the README does.
        cls.world = cls.enterClassContext(World(cls.name, folder / f"{cls.name}.yaml", folder / "schema.sql",
                                                env={"SNAPSHOT_MODE": "no_data"}))
        seed = int(os.environ.get("SEED") or random.randrange(10**6))
        print(f"{cls.name}: SEED={seed}", flush=True)
        cls.seed = seed
        session = cls.world.session()
        cls.addClassCleanup(session.close)
        cls.changes = cls.changes_type(session, seed)

    def follows(self, what_was_run):
        """The index comes to equal the tables, or the seed and what was run last is told."""
        try:
            wait_until_equal(self.world, self.documents)
        except AssertionError as error:
            last = "\n  ".join(what_was_run[-45:])
            self.fail(f"SEED={self.seed}, after\n  {last}\n{error}")

    def test_1_what_was_there_before(self):
        self.follows([])
        self.assertGreater(len(self.world.sql(self.documents)), 1)

    def test_2_single_changes(self):
        # What one change misses, the next may hide: so each is waited for.
        self.follows(self.changes.grow(150))
        for kind in self.changes.kinds_in_random_order():
            self.follows(self.changes.surely(kind))
        for _ in range(40):
            self.follows([self.changes.step()])

    def test_3_many_changes_at_once(self):
        for _ in range(5):
            self.follows([self.changes.step() for _ in range(40)])
        self.assertEqual(self.world.metric("sluice_dead_letters_total"), 0)

    def test_4_rebuilt_amid_changes(self):
        stop, run = threading.Event(), []

        def write():
            while not stop.wait(0.02):
                run.append(self.changes.step())

        writer = threading.Thread(target=write)
        writer.start()
        try:
            job = self.world.sluice("job", "run", self.world.pipeline, "reconcile", timeout=300)
        finally:
            stop.set()
            writer.join()
        self.assertEqual(job.returncode, 0, job.stderr)
        self.follows(run)
        self.follows([self.changes.step()])

    def test_6_verified(self):
        self.follows([])
        check = self.world.sluice("verify", self.world.pipeline, timeout=300)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
