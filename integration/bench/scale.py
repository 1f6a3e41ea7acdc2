"""More partitions, larger documents, more of them: whether each costs what it costs at the smallest."""

import pathlib
import time

from harness import Result
from job_run import JobRun
from projects import Projects, log_time
from stack import Stack
from stream import drain, make_backlog

PARTITIONS = (1, 2, 4, 8)
CHILDREN = (1, 10, 100, 1000)
PROJECTS = (10_000, 100_000, 1_000_000)
GOAL = 1.2  # times the cost at the smallest, at most
_ROWS = 200_000  # that the documents of each size have together
_REPEATS = 3


def _peak_megabytes(pid):
    """0 once it has ended."""
    _, _, peak = pathlib.Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")
    return int(peak.split()[0]) / 1024 if peak else 0


def seconds_of_rebuild(projects):
    """Of the pipeline's own job, and its peak of memory in megabytes."""
    job, peak = JobRun(projects.pipeline, projects.env), 0
    try:
        while job.process.poll() is None:
            peak = max(peak, _peak_megabytes(job.process.pid))
            time.sleep(0.05)
        log = job.log_text()
        assert job.process.returncode == 0, log[-4000:]
    finally:
        job.end()
    return log_time(log, "job reconcile: check 1/") - log_time(log, "job reconcile: copy 0/"), peak


def rebuild_cost(count, users):
    """Microseconds for each row of a rebuild, and its peak of memory: the best of some."""
    with Stack("postgres", "kafka", "connect", "opensearch") as stack, \
            Projects(stack, count, users=users, hashtags=0) as projects:
        projects.sluice("index", "init", str(projects.pipeline), check=True)
        runs = [seconds_of_rebuild(projects) for _ in range(_REPEATS)]
    return 1e6 * min(seconds for seconds, _ in runs) / (count * (1 + users)), max(peak for _, peak in runs)


def stream_cost(count, partitions):
    """Microseconds for each document of a backlog."""
    with Stack("postgres", "kafka", "connect", "opensearch") as stack:
        stack.env["CDC_PARTITIONS"] = str(partitions)
        with Projects(stack, count) as projects:
            events = make_backlog(projects, 2 * count)
            return 1e6 / max(drain(projects, events)[0] for _ in range(_REPEATS))


def run(sizes):
    share = sizes.divisor
    partitions = {number: stream_cost(50_000 // share, number) for number in PARTITIONS}
    children = {number: rebuild_cost(max(1000, _ROWS // share) // number, number) for number in CHILDREN}
    projects = {number: rebuild_cost(number // share, 2) for number in PROJECTS}
    series = {"partitions (stream, a document)": partitions,
              "children (rebuild, a row)": {number: cost for number, (cost, _) in children.items()},
              "projects (rebuild, a row)": {number: cost for number, (cost, _) in projects.items()},
              "projects (rebuild, memory)": {number: peak for number, (_, peak) in projects.items()}}
    goals, notes = {}, []
    for name, costs in series.items():
        smallest, *others = costs.values()
        worst = max(cost / smallest for cost in others)
        goals[f"{name}: {worst:.2f} times the smallest's at most (at most {GOAL})"] = worst <= GOAL
        notes.append(f"{name}: " + ", ".join(f"{number:,}: {cost:,.1f}" for number, cost in costs.items()))
    last = list(projects.values())[-1][0]
    first = list(projects.values())[0][0]
    return Result(unit="µs a row, with the most projects", value=last, roofline=first, ratio=last / first, goals=goals,
                  raw=series, notes=notes)
