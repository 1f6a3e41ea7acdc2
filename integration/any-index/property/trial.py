"""One seed: a random schema, a random tree over it, random transactions; at the end the index is what the tables say."""

import json
import os
import random
import time

from evaluate import documents, read_tables
from oracle import differences, documents_in_index
from random_changes import SESSIONS, Traffic
from random_schema import random_schema, schema_sql
from random_tree import nodes_of, random_tree
from world import World, pipeline_for


class Trial:
    """`run()` raises AssertionError, with all that is needed to look into it, where the index differs."""

    def __init__(self, seed, steps, name=None):
        self.seed = seed
        self.steps = steps
        rng = self.rng = random.Random(seed)
        self.name = name or f"p{seed}"
        self.tables = random_schema(rng)
        self.root = random_tree(rng, self.tables)
        self.relax_identities()
        self.pipeline = pipeline_for(
            self.name, self.root.config, denormalizer={"fanout_threshold": rng.choice([1, 3, 1000])},
            tasks=rng.choice([1, 1, 2]), fanout={"page": rng.choice([1, 7, 1000])},
            coalesce={"max_keys": rng.choice([1, 3]), "max_delay": rng.choice(["20ms", "2s"]),
                      "bulk_max_keys": rng.choice([3, 1000])})

    def relax_identities(self):
        """Where rows are found by their primary keys, the plugin's README asks for nothing more."""
        found_by = {id(self.root.table): set(self.root.key)}
        for node in nodes_of(self.root):
            for table, columns in self.places_of(node):
                found_by.setdefault(id(table), set()).update(columns)
        for table in self.tables:
            if table.primary_key and found_by.get(id(table), set()) <= set(table.primary_key):
                table.full_identity = self.rng.random() < 0.5

    @staticmethod
    def places_of(node):
        if node.link:
            yield node.link.table, [column for column, _ in node.link.parent]
            yield node.table, [column for _, column in node.link.child]
        else:
            yield node.table, [column for column, _ in node.on]

    def run(self):
        with World(self.name, self.pipeline, schema_sql(self.tables), {"CDC_PARTITIONS": "2"}, started=False, connected=False) as world:
            sessions = [world.session() for _ in range(SESSIONS)]
            try:
                self.work(world, Traffic(self.rng, self.tables, sessions))
            finally:
                for session in sessions:
                    session.close()

    def work(self, world, traffic):
        traffic.fill(self.tables, self.rng.choice([0, 10, 25]))
        world.connect()
        world.host.start()
        faults = self.faults(world)
        for step in range(self.steps):
            traffic.step()
            if step % 250 == 200:
                traffic.fill(self.tables, 8)  # what truncates and cascades took
            if step in faults:
                faults[step]()
        traffic.finish()
        self.compare(world)
        self.summary = f"{traffic.sent} sent, {traffic.refused} refused, rows {self.sizes}"

    def faults(self, world):
        """What else happens, and after which step."""
        def killed():
            world.host.kill()
            world.host.start()

        def rebuilt():
            run = world.sluice("job", "run", world.pipeline, "reconcile")
            assert run.returncode == 0, self.report(world, f"reconcile failed: {run.stdout}\n{run.stderr}")

        def compared():
            self.compare(world)

        kind = self.rng.choice([killed, rebuilt, compared])
        return {self.rng.randrange(self.steps): kind}

    def compare(self, world, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            rows = read_tables(world.database, self.tables)
            expected, found = documents(self.root, rows), documents_in_index(world)
            wrong = [id for id in sorted(expected.keys() | found.keys())
                     if any(True for _ in differences(expected.get(id), found.get(id)))]
            if not wrong:
                break
            log = world.host.log_text()
            assert "task 0 failed" not in log, self.report(world, "the pipeline fails")
            if time.monotonic() > deadline:
                shown = "\n".join(f"{id} {path}\n    expected {one!r:.600}\n    found    {other!r:.600}"
                                  for id in wrong[:4]
                                  for path, one, other in list(differences(expected.get(id), found.get(id)))[:3])
                raise AssertionError(self.report(
                    world, f"{len(wrong)} of {len(expected)} documents differ after {seconds} s:\n{shown}"))
            time.sleep(0.1)
        self.documents = len(expected)
        self.sizes = [len(rows[id(table)]) for table in self.tables]
        dead = world.metric("sluice_dead_letters_total")
        assert dead == 0, self.report(world, f"{dead} dead letters")

    def report(self, world, problem):
        return "\n".join([
            f"seed {self.seed}: {problem}", "--- tables", schema_sql(self.tables), "--- document",
            json.dumps(self.root.config, indent=1, ensure_ascii=False), "--- the end of the host's log",
            world.host.log_text()[-5000:],
            f"--- again: SEED={self.seed} STEPS={self.steps} integration/any-index/run.py test_property"])
