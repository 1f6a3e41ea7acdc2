"""Reading alone: events a second through consume, decode, route and coalesce, with nothing written."""

import contextlib
import itertools
import json
import os
import statistics
import subprocess

from harness import Result, in_turns, ratio_of, spread
from host import ROOT
from http_json import call
from projects import Projects
from stack import Stack
from waiting import eventually, wait_until

GOAL = 0.60
GOAL_A_CORE = 250_000  # events a second of processor time, all threads together

_PROGRAM = os.environ.get("INTAKE_BENCH", str(ROOT / "build/release/bin/intake-bench"))
_SOURCES = {"plain": "cdc", "with schemas": "schemas"}  # and their topics' prefixes
_CHANGED = ("projects", "user_projects", "project_hashtags")

_numbers = itertools.count(1)


def connect_with_schemas(projects):
    """A second connector on the same tables, whose events carry their schemas."""
    prefix = _SOURCES["with schemas"]
    names = {"CONNECTOR_NAME": prefix, "TOPIC_PREFIX": prefix, "REPLICATION_SLOT": prefix}
    projects.stack.script("setup-debezium.sh", env=projects.env | names)
    connector = f"{projects.env['CONNECT_URL']}/connectors/{prefix}"
    schemas = {f"{part}.converter.schemas.enable": "true" for part in ("key", "value")}

    def configured():
        assert call("PUT", f"{connector}/config", call("GET", f"{connector}/config").json | schemas).status == 200

    def running():
        status = call("GET", f"{connector}/status").json
        assert [task["state"] for task in status["tasks"]] == ["RUNNING"], status

    eventually(configured)
    eventually(running)


def make_events(projects, events):
    """Until there are so many of each kind, and the sources have nothing more to tell."""
    for _ in range(max(1, events // (6 * projects.count))):
        projects.change_all()
    seen = {}

    def is_still():
        """All have come: neither source has grown since the last look."""
        before = dict(seen)
        for prefix in _SOURCES.values():
            seen[prefix] = sum(projects.kafka.written(f"{prefix}.public.{table}") for table in _CHANGED)
        return before == seen and min(seen.values()) >= events

    wait_until(f"{events} events of each kind are in Kafka", is_still, pause=1)
    return events


def read(projects, side, prefix, events):
    """What one run of the program says."""
    pipeline = projects.replaying(f"intake-{next(_numbers)}", prefix)
    done = subprocess.run([_PROGRAM, side, str(pipeline), str(events)], env=projects.env, capture_output=True, text=True,
                          timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def measure(projects, events):
    """By kind of source: rates of both sides, and events for each second of processor time."""
    figures = {}
    for kind, prefix in _SOURCES.items():
        print(f"  {kind}", flush=True)
        a_core = []

        def rate(side):
            said = read(projects, side, prefix, events)
            if side == "sluice":
                a_core.append(said["events"] / said["process_cpu_seconds"])
            return said["events"] / said["seconds"]

        figures[kind] = in_turns(librdkafka=lambda: rate("librdkafka"), sluice=lambda: rate("sluice")) | {"a core": a_core}
    return figures


def run(sizes):
    with contextlib.ExitStack() as closing:
        stack = closing.enter_context(Stack("postgres", "kafka", "connect", "opensearch"))
        projects = closing.enter_context(Projects(stack, sizes.projects))
        connect_with_schemas(projects)
        events = make_events(projects, sizes.events)
        figures = measure(projects, events)
    goals, notes = {}, []
    for kind, rates in figures.items():
        ratio = ratio_of(rates["sluice"], rates["librdkafka"])
        a_core = statistics.median(rates["a core"])
        goals[f"{kind}: {ratio:.2f} of librdkafka (at least {GOAL})"] = ratio >= GOAL
        goals[f"{kind}: {a_core:,.0f} events/s a core (at least {GOAL_A_CORE:,})"] = a_core >= GOAL_A_CORE
        notes.append(f"{kind}: sluice {spread(rates['sluice'])}, librdkafka {spread(rates['librdkafka'])}")
    plain = figures["plain"]
    return Result(unit="events/s", value=statistics.median(plain["sluice"]), roofline=statistics.median(plain["librdkafka"]),
                  ratio=ratio_of(plain["sluice"], plain["librdkafka"]), goals=goals, raw=figures, notes=notes)
