"""A thousand rows that change all the time: how many of the events lead to a write, and how soon the last of them shows."""

import statistics
import time

from harness import REPEATS, Result, spread
from projects import Projects
from stack import Stack
from waiting import wait_until

ROWS = 1_000
GOAL_WRITES = 2.0   # per cent of the events
GOAL_SECONDS = 5.0  # from the last event in Kafka until all is written


def _counts(projects):
    return projects.metric("sluice_records_total"), projects.metric("sluice_documents_written_total")


def change(projects, events):
    """Returns the share of events that led to a write, in per cent, and the seconds until the last was written."""
    first, _ = projects.id_range()
    in_kafka = projects.events()
    read, written = _counts(projects)
    rounds = events // ROWS
    for number in range(rounds):
        projects.database.run(f"""UPDATE projects SET description = 'change {number}'
            WHERE id BETWEEN {first} AND {first + ROWS - 1}""")
    wait_until("all events are in Kafka", lambda: projects.events() >= in_kafka + events, pause=0.05)
    last = time.monotonic()
    wait_until("all is written", lambda: projects.metric("sluice_records_total") >= read + events
               and projects.metric("sluice_pending_keys") == 0, 120, 0.02)
    taken = time.monotonic() - last
    _check(projects, f"change {rounds - 1}")
    return 100 * (_counts(projects)[1] - written) / events, taken


def _check(projects, text):
    projects.opensearch("POST", f"/{projects.index}/_refresh")
    query = {"query": {"match_phrase": {"description": text}}}
    shown = projects.opensearch("POST", f"/{projects.index}/_count", query)["count"]
    assert shown == ROWS, f"{shown} of {ROWS} documents have their last text"


def run(sizes):
    with Stack("postgres", "kafka", "connect", "opensearch") as stack, Projects(stack, 10 * ROWS) as projects:
        projects.host.start()
        runs = []
        for repeat in range(REPEATS):
            runs.append(change(projects, sizes.events))
            print(f"  {repeat + 1}/{REPEATS}: {runs[-1][0]:.2f} % written, the last after {runs[-1][1]:.1f} s", flush=True)
    shares, seconds = zip(*runs)
    share, slowest = statistics.median(shares), statistics.median(seconds)
    return Result(
        unit="% of events written", value=share,
        goals={f"{share:.2f} % of the events were written (at most {GOAL_WRITES} %)": share <= GOAL_WRITES,
               f"the last was written {slowest:.1f} s after it came (at most {GOAL_SECONDS} s)": slowest <= GOAL_SECONDS},
        raw={"written_percent": shares, "seconds": seconds},
        notes=[f"{sizes.events:,} updates of {ROWS:,} rows; seconds from the last event until all was written: "
               f"{spread(seconds)}"])
