"""Rebuilding the index: documents a second from PostgreSQL's first row to the refreshed index."""

import statistics

from harness import Result, in_turns, ratio_of, spread
from job_run import JobRun
from projects import Projects, log_time
from roofline import Roofline
from stack import Stack

GOAL = 0.90


def rebuild(projects):
    """Documents a second of one run of the pipeline's own job, as a process of its own."""
    run = JobRun(projects.pipeline, projects.env)
    try:
        assert run.process.wait(900) == 0, run.log_text()[-4000:]
        log = run.log_text()
    finally:
        run.end()
    return projects.count / (log_time(log, "job reconcile: check 1/") - log_time(log, "job reconcile: copy 0/"))


def run(sizes):
    with Stack("postgres", "kafka", "connect", "opensearch") as stack, \
            Projects(stack, sizes.projects) as projects:
        projects.sluice("index", "init", str(projects.pipeline), check=True)
        rebuild(projects)  # so that what is cold gets warm, and the roofline has an index to be like
        roofline = Roofline(projects)
        shapes = roofline.find_best_shape()
        rates = in_turns(roofline=roofline.run, sluice=lambda: rebuild(projects))
    ratio = ratio_of(rates["sluice"], rates["roofline"])
    connections, size = roofline.shape
    return Result(
        unit="documents/s", value=statistics.median(rates["sluice"]), roofline=statistics.median(rates["roofline"]),
        ratio=ratio, goals={f"{ratio:.2f} of the roofline (at least {GOAL})": ratio >= GOAL},
        raw=rates | {"shapes": {f"{c} x {s}": rate for (c, s), rate in shapes.items()}},
        notes=[f"{projects.count:,} projects; sluice {spread(rates['sluice'])}, roofline {spread(rates['roofline'])}",
               f"the roofline posts {size} documents a request over {connections} connections"])
