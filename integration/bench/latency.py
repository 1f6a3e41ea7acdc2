"""From COMMIT until a change is in Kafka, is written, is searchable, with the shipped pipeline as it is."""

import threading
import time

import changes
from harness import REPEATS, Result
from http_json import call
from projects import Projects
from stack import Stack
from waiting import wait_until

RATES = (1, 100, 1000)  # changes a second
GOALS = {"searchable p50": 150, "searchable p99": 500}  # milliseconds at 100 changes a second
GOAL_WRITTEN = 100  # milliseconds that p99 until written is above Debezium's own
_DIRECT = "direct"


class BareClient:
    """Writes a row to an index of its own at once, by one request, as the roofline does it."""

    def __init__(self, projects):
        self.index = _DIRECT
        self._projects = projects
        self._threads = threading.local()
        made = projects.opensearch("GET", f"/{projects.index_in_use()}")
        (like,) = made.values()
        settings = {name: like["settings"]["index"][name]
                    for name in ("number_of_shards", "auto_expand_replicas", "refresh_interval", "analysis")
                    if name in like["settings"]["index"]}
        mappings = {name: value for name, value in like["mappings"].items() if name != "_meta"}
        projects.opensearch("PUT", f"/{self.index}", {"settings": {"index": settings}, "mappings": mappings})

    def write(self, project, text):
        if not hasattr(self._threads, "index"):
            self._threads.index = changes.Index(self._projects, self.index)
        self._threads.index.ask("PUT", f"_doc/{project}", {"id": int(project), "description": text})


def _phase(projects, rate, seconds, sights, then=None):
    with changes.Changes(projects, rate, sights, then) as writers:
        writers.collect(min(2, seconds), next(iter(sights)))  # what is cold gets warm
        began = writers.mark()
        time.sleep(seconds)
        return writers.since(began)


def measure(projects, client, rate, seconds):
    """All latencies by sight, of both sides in turns."""
    all_of = {}
    for _ in range(REPEATS):
        with changes.delivered(projects) as in_kafka:
            sights = {"delivered": in_kafka, "written": changes.written(projects), "searchable": changes.searchable(projects)}
            found = _phase(projects, rate, seconds / REPEATS, sights)
        bare = {"direct written": changes.written(projects, client.index),
                "direct searchable": changes.searchable(projects, client.index)}
        found |= _phase(projects, rate, seconds / REPEATS, bare, client.write)
        for sight, latencies in found.items():
            all_of.setdefault(sight, []).extend(latencies)
    return all_of


def run(sizes):
    with Stack("postgres", "kafka", "connect", "opensearch") as stack, \
            Projects(stack, sizes.projects) as projects:
        projects.host.start()
        wait_until("the index is filled", lambda: call("GET", f"{projects.admin_url}/ready").status == 200)
        client = BareClient(projects)
        figures, notes = {}, []
        for rate in RATES:
            latencies = measure(projects, client, rate, sizes.seconds)
            figures[rate] = {sight: changes.summary(values) for sight, values in latencies.items()}
            for sight, numbers in figures[rate].items():
                notes.append(f"{rate:5}/s {sight:18} " + ", ".join(f"{name} {value:,.0f}" for name, value in numbers.items()))
                print(f"  {notes[-1]}", flush=True)
    return _result(figures, notes)


def _result(figures, notes):
    at_100 = figures[100]
    goals = {}
    for name, goal in GOALS.items():
        sight, share = name.split()
        goals[f"{name} {at_100[sight][share]:.0f} ms at 100/s (under {goal})"] = at_100[sight][share] < goal
    for rate, numbers in figures.items():
        above = numbers["written"]["p99"] - numbers["delivered"]["p99"]
        goals[f"written p99 {above:.0f} ms above Debezium's own at {rate}/s (under {GOAL_WRITTEN})"] = above < GOAL_WRITTEN
    value, roofline = at_100["searchable"]["p50"], at_100["direct searchable"]["p50"]
    return Result(unit="ms until searchable (p50 at 100/s)", value=value, roofline=roofline, ratio=value / roofline,
                  goals=goals, raw=figures, notes=notes)
