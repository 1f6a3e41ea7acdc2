"""A backlog of changes in Kafka: documents a second from the first record read until all are searchable."""

import contextlib
import itertools
import statistics
import time

from harness import Result, in_turns, ratio_of, spread
from projects import Projects
from roofline import Roofline
from stack import Stack
from waiting import wait_until

GOAL = 0.80

_numbers = itertools.count(1)


def make_backlog(projects, events):
    """Changes each project once, and rows of its users for the rest. Returns when all have come into Kafka."""
    first, _ = projects.id_range()
    second = first + (events - projects.count) // 2  # each project has two
    for low, high in projects.chunks():
        projects.database.run(f"UPDATE projects SET updated_at = now() WHERE id BETWEEN {low} AND {high}")
        projects.database.run(f"""UPDATE user_projects SET role = role
            WHERE project_id BETWEEN {low} AND {high} AND project_id < {second}""")
    wait_until(f"{events} events are in Kafka", lambda: projects.events() >= events)
    return projects.events()


def _metric(projects, host, name):
    """0 while the host does not answer yet."""
    with contextlib.suppress(OSError):
        return projects.metric(name, host.ready_url.removesuffix("/ready"))
    return 0


def drain(projects, events):
    """The backlog into a new index. Documents a second, and how many were written."""
    name = f"stream-{next(_numbers)}"
    pipeline = projects.replaying(name)
    projects.sluice("index", "init", str(pipeline), check=True)
    host = projects.another_host(pipeline)
    host.spawn()
    try:
        wait_until("it reads", lambda: _metric(projects, host, "sluice_records_total") > 0, 60, 0.01)
        began = time.monotonic()
        wait_until("all is written", lambda: _metric(projects, host, "sluice_records_total") >= events
                   and _metric(projects, host, "sluice_pending_keys") == 0, 600, 0.02)
        projects.opensearch("POST", f"/{name}/_refresh")
        taken = time.monotonic() - began
        written = _metric(projects, host, "sluice_documents_written_total")
    finally:
        host.stop()
        host.log.close()
    count = projects.opensearch("GET", f"/{name}/_count")["count"]
    assert count == projects.count, f"{count} of {projects.count} documents are there"
    projects.opensearch("DELETE", f"/{name}-*")
    return projects.count / taken, written


def run(sizes):
    with Stack("postgres", "kafka", "connect", "opensearch") as stack, \
            Projects(stack, sizes.projects) as projects:
        projects.sluice("index", "init", str(projects.pipeline), check=True)
        events = make_backlog(projects, sizes.backlog)
        roofline = Roofline(projects)
        roofline.find_best_shape()
        written = []

        def sluice():
            rate, documents = drain(projects, events)
            written.append(documents)
            return rate

        rates = in_turns(roofline=roofline.run, sluice=sluice)
    ratio = ratio_of(rates["sluice"], rates["roofline"])
    return Result(
        unit="documents/s", value=statistics.median(rates["sluice"]), roofline=statistics.median(rates["roofline"]),
        ratio=ratio, goals={f"{ratio:.2f} of the roofline (at least {GOAL})": ratio >= GOAL},
        raw=rates | {"events": events, "written": written},
        notes=[f"{events:,} events of {projects.count:,} projects; sluice {spread(rates['sluice'])}, "
               f"roofline {spread(rates['roofline'])}",
               f"documents written, some of them twice: {spread(written)}"])
