"""One seed: a workload, faults one after another, and at the end an index that is what the tables say."""

import contextlib
import random
import time
from typing import NamedTuple

from bulk_proxy import BulkProxy
from faults import FAULTS
from fleet import Fleet
from http_json import call
from jobs import Jobs
from oracle import wait_until_equal
from projects_documents import DOCUMENTS
from projects_world import ProjectsWorld
from psql import DatabaseError
from watcher import Watcher
from workload import Workload, fill
from world import World

STRIKES = 9      # faults in one seed
_DEADLINE = 120  # seconds after a fault until changes get through, and after all of them until the index is right


def faults_of(seed):
    """Dealt so that consecutive seeds from 1 meet each fault about as often, in an order that the seed shuffles."""
    names = list(FAULTS)
    dealt = [names[((seed - 1) * STRIKES + place) % len(names)] for place in range(STRIKES)]
    random.Random(seed).shuffle(dealt)
    return dealt


def turn_of(seed):
    """How often each fault has been dealt before, to all seeds from 1 on."""
    return (seed - 1) * STRIKES // len(FAULTS)


def _says_yes(check):
    with contextlib.suppress(OSError):
        return check()
    return False


class Strike(NamedTuple):
    fault: str
    detail: str      # which of its kinds it was; or empty
    recovery: float  # seconds until a change made at its end, or while less was left than there should be, was in the index


class Field:
    """What a fault finds: see faults.py. `turn`: counts up from seed to seed, for what goes in turn. `allowed`: the
    faults of which one may choose others."""

    def __init__(self, rng, turn, allowed, world, proxy, fleet, jobs, watcher):
        self.rng = rng
        self.turn = turn
        self.allowed = frozenset(allowed)
        self.world = world
        self.proxy = proxy
        self.fleet = fleet
        self.jobs = jobs
        self.watcher = watcher
        self.strikes = []
        self._recovery = 0
        self._canary = world.session_value(
            "INSERT INTO projects (name, slug, description) VALUES ('canary', 'canary', '0') RETURNING id")

    def strike(self, name):
        print(f"  {self.world.name}: {name}", flush=True)
        time.sleep(self.rng.uniform(0, 2))  # not always right behind the canary
        self._recovery = 0
        detail = FAULTS[name](self) or ""
        self.expect_progress()
        self.strikes.append(Strike(name, detail, self._recovery))

    def expect_progress(self):
        """A change made now gets through."""
        began = time.monotonic()
        count = self.world.session_value(f"""UPDATE projects SET description = (description::bigint + 1)::text
            WHERE id = {self._canary} RETURNING description""")
        self.wait_until(lambda: (self.document(self._canary) or {}).get("description") == count, "a change gets through")
        self._recovery = max(self._recovery, time.monotonic() - began)

    def document(self, id):
        return self.world.document(id)

    def wait_until(self, check, what, seconds=_DEADLINE):
        """`check` may raise OSError, which is no yes either: a server may be away."""
        deadline, look_at_connector = time.monotonic() + seconds, time.monotonic() + 5
        while not _says_yes(check):
            self.fleet.check()
            if time.monotonic() > look_at_connector:
                with contextlib.suppress(OSError, ValueError):  # Connect may be on its way up
                    self.world.revive_connector()
                look_at_connector = time.monotonic() + 5
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}\n{self._state()}")
            time.sleep(0.02)

    def _state(self):
        """Where a change may have got stuck."""
        row = self.world.session_value(f"SELECT to_json(p) FROM projects p WHERE id = {self._canary}")
        parts = [f"--- the canary's row\n{row}", f"--- its document\n{self.document(self._canary)}", self.world.state()]
        parts += [f"--- the log of {'the host' if host is self.fleet.main else 'a helper'}\n{host.log_text()[-6000:]}"
                  for host in self.fleet.hosts]
        return "\n".join(parts)


class Trial:
    """`run()` raises AssertionError where a promise does not hold. `faults`: others than the seed's own. `allowed`: those
    that a fault may choose from, where it goes with another."""

    look_every = 0.1  # seconds between two looks of the reader

    def __init__(self, seed, faults=None, allowed=FAULTS):
        self.seed = seed
        self.faults = faults or faults_of(seed)
        self.allowed = allowed
        self.strikes = []
        self.is_started = False
        self.documents = None  # how many there were in the end, once all is well
        self.summary = ""

    def run(self):
        self.is_started = True
        with BulkProxy(World.stack.env["OPENSEARCH_URL"]) as proxy, \
                ProjectsWorld(f"chaos{self.seed}", proxy.url) as world:
            fill(world.database)
            world.connect()
            world.host.start()
            with Jobs(world) as jobs:
                field = Field(random.Random(self.seed), turn_of(self.seed), self.allowed, world, proxy, Fleet(world), jobs,
                              Watcher(world, self.look_every))
                self.strikes = field.strikes
                self._watch(field)

    def _watch(self, field):
        world, watcher = field.world, field.watcher
        with watcher:
            self._work(field)
            looks = watcher.looks
            self._compare(world)
            field.jobs.run_to_success()
            self._compare(world)
        documents = int(world.database.value("SELECT count(*) FROM projects"))
        assert watcher.looks > looks, "the reader has not looked since the faults"
        self._judge(field)
        self.documents = documents
        self.summary += (f"{self.documents} documents; {watcher.looks} looks; "
                         f"{field.jobs.failed} rebuilds failed")

    def _work(self, field):
        with Workload(field.world, self.seed) as writers:
            field.expect_progress()
            for name in self.faults:
                field.strike(name)
            field.wait_until(lambda: field.watcher.looks > 100, "the reader has looked often")
        assert writers.all_wrote, "a writer has written next to nothing"
        self.summary = f"{writers.done} statements, {writers.refused} refused; "

    def _compare(self, world):
        with contextlib.suppress(DatabaseError):
            world.sql("SELECT 1")  # a session that was terminated is noticed, and made anew
        wait_until_equal(world, DOCUMENTS, _DEADLINE)

    def _judge(self, field):
        watcher = field.watcher
        field.fleet.check()
        assert not watcher.backwards, "documents went backwards:\n" + "\n".join(watcher.backwards[:10])
        assert not watcher.after_swap, "a rebuild took documents back:\n" + "\n".join(watcher.after_swap[:10])
        letters = field.world.kafka.records(field.world.dead_letter_topic)
        assert not letters, f"{len(letters)} dead letters, the first: {letters[0]}"
        field.wait_until(lambda: field.world.metric("sluice_lag_records") == 0, "the lag is 0 again", 30)
        field.wait_until(lambda: call("GET", f"{field.world.admin_url}/ready").status == 200,
                         "the host says that all is well again", 60)
