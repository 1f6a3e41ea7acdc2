"""One seed: a random schema, a random tree over it, random transactions; at the end the index is what the tables say."""

import json
import random

from evaluate import documents, read_tables
from faults import Faults
from oracle import wait_until_index_is
from random_changes import SESSIONS, Traffic
from random_schema import random_schema, schema_sql
from random_tree import nodes_of, random_tree
from world import World, pipeline_for

SINGLE_COLUMNS = 15  # changed one by one at the end


class Trial:
    """`run()` raises AssertionError where the index differs."""

    def __init__(self, seed, steps, name=None):
        self.seed = seed
        self.steps = steps
        rng = self.rng = random.Random(seed)
        self.name = name or f"p{seed}"
        self.tables = random_schema(rng)
        self.root = random_tree(rng, self.tables)
        self.relax_identities()
        self.bootstrap = rng.random() < 0.5  # the first rows are read from the tables, not sent as events
        reconcile = {"plugin": "reconcile-job", "schedule": "never", "bootstrap": self.bootstrap}
        self.pipeline = pipeline_for(
            self.name, self.root.config, jobs={"reconcile": reconcile}, denormalizer={"fanout_threshold": rng.choice([1, 3, 1000])},
            tasks=rng.choice([1, 1, 2]), fanout={"page": rng.choice([1, 7, 1000])},
            coalesce={"max_keys": rng.choice([1, 3]), "max_delay": rng.choice(["20ms", "2s"]),
                      "bulk_max_keys": rng.choice([3, 1000]), "hot_pause": ["8s", "40ms", "0"][seed % 3]})

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
        env = {"CDC_PARTITIONS": "2", "SNAPSHOT_MODE": "no_data" if self.bootstrap else "when_needed"}
        with World(self.name, self.pipeline, schema_sql(self.tables), env, started=False, connected=False) as world:
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
        at = {self.rng.randrange(self.steps) for _ in range(self.rng.choice([0, 1, 2, 3]))}
        with Faults(self.rng, world, self.alterable(), lambda: self.compare(world)) as faults:
            for step in range(self.steps):
                traffic.step()
                if step % 250 == 200:
                    traffic.fill(self.tables, 8)  # what truncates and cascades took
                if step in at:
                    faults.strike()
            traffic.finish()
            faults.finish()
        self.compare(world)
        for _ in traffic.change_single_columns(SINGLE_COLUMNS):
            self.compare(world)  # each time: the next change may bring what this one missed
        verified = world.sluice("verify", world.pipeline)
        assert verified.returncode == 0, f"verify: {verified.stdout}{verified.stderr}"
        dead = world.metric("sluice_dead_letters_total")
        assert dead == 0, f"{dead} dead letters"
        self.summary = (f"{self.documents} documents, {traffic.sent} statements or transactions, {traffic.refused} "
                        f"refused; {', '.join(faults.struck)}")

    def alterable(self):
        """Tables of which no document takes all columns."""
        whole = {id(node.table) for node in nodes_of(self.root) if "columns" not in node.config}
        return [table for table in self.tables if id(table) not in whole]

    def compare(self, world):
        def expected():
            documents_now = documents(self.root, read_tables(world.database, self.tables))
            self.documents = len(documents_now)
            return documents_now

        wait_until_index_is(world, expected)

    def description(self):
        """All that is needed to look into it, and to run it again."""
        return "\n".join([
            "--- tables", schema_sql(self.tables), "--- document",
            json.dumps(self.root.config, indent=1, ensure_ascii=False),
            f"--- again: SEED={self.seed} STEPS={self.steps} integration/any-index/run.py test_property"])
