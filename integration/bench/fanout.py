#!/usr/bin/env python3
"""Benchmark: what a huge fan-out costs everybody else.

  integration/bench/fanout.py [--documents N] [--seconds N] [--rate N] [--renames N] [--json FILE]

One user is in all of N projects. Single rows are updated at a steady rate, and for each the time from COMMIT until the
index gives the new document is taken (a realtime GET, so no refresh is waited for). This goes on in turns: quiet for so
many seconds, then while the user is renamed and the walk over all documents is under way, and again. Ends with 1 if p99
is more than 3 times as high during the walks as without, if the host's memory peaked above 300 MB, or if a document
is wrong at the end.

Brings up a stack of its own, with database, index, connector and host on pipelines/projects.yaml (SLUICE_BIN: another
binary), and takes it down again. Figures mean something on a machine that does nothing else.
"""

import argparse
import json
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib"), str(HERE.parent / "e2e")]

from changes import Changes, summary  # noqa: E402
from runner import end_on_sigterm  # noqa: E402
from stack import Stack  # noqa: E402
from waiting import wait_until  # noqa: E402
from world import World  # noqa: E402

MAX_RATIO = 3
MAX_MEMORY_MB = 300


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000, help="projects that the user is in (%(default)s)")
    parser.add_argument("--seconds", type=int, default=20, help="length of each quiet phase (%(default)s)")
    parser.add_argument("--rate", type=float, default=20, help="other changes a second (%(default)s)")
    parser.add_argument("--renames", type=int, default=3, help="how often the user is renamed (%(default)s)")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures to this file, too")
    return parser.parse_args()


def documents_of(world, username):
    query = {"nested": {"path": "users", "query": {"term": {"users.username.keyword": username}}}}
    world.opensearch("POST", f"/{world.index}/_refresh")
    return world.opensearch("POST", f"/{world.index}/_count", {"query": query})["count"]


def load(world, count):
    """Projects, each with a few users and hashtags, and one user in all of them. Returns that user's id."""
    world.script("bulk-load.sh", str(count))
    user = int(world.database.value(
        "INSERT INTO users (username, email) VALUES ('everywhere', 'everywhere@example.com') RETURNING id"))
    world.database.run(f"INSERT INTO user_projects (user_id, project_id) SELECT {user}, id FROM projects")
    return user


def rename(world, user, number):
    """Renames the user and returns how long the walk took, in seconds."""
    pages = world.metric("sluice_walk_pages_total")
    world.database.run(f"UPDATE users SET username = 'renamed-{number}' WHERE id = {user}")
    began = time.monotonic()
    wait_until("the walk begins", lambda: world.metric("sluice_walk_pages_total") > pages, 60)
    wait_until("the walk ends", lambda: world.metric("sluice_walks") == 0)
    return time.monotonic() - began


def measure(world, user, options):
    """The figures of the run, as they are written to --json."""
    phases = {"quiet": [], "walking": []}
    walks = []
    with Changes(world, options.rate) as changes:
        changes.collect(5)  # what is cold gets warm
        for number in range(1, options.renames + 1):
            phases["quiet"] += changes.collect(options.seconds)
            began = changes.mark()
            walks.append(rename(world, user, number))
            phases["walking"] += changes.since(began)["written"]
            print(f"rename {number}: {walks[-1]:.1f} s, {options.documents / walks[-1]:,.0f} documents/s", flush=True)
        phases["quiet"] += changes.collect(options.seconds)
    return {
        "documents": options.documents, "rate": options.rate, "walk_seconds": walks,
        "walk_documents_per_second": options.documents * len(walks) / sum(walks),
        "latency_ms": {name: summary(latencies) for name, latencies in phases.items()},
        "host_peak_mb": world.host.resident_megabytes(peak=True),
        "renamed_documents": documents_of(world, f"renamed-{options.renames}"),
    }


def verdicts(figures):
    """What was to hold, and whether it did."""
    latency = figures["latency_ms"]
    ratio = latency["walking"]["p99"] / latency["quiet"]["p99"]
    return {
        f"p99 while walking is {ratio:.2f} times that without (at most {MAX_RATIO})": ratio <= MAX_RATIO,
        f"host's memory peaked at {figures['host_peak_mb']:.0f} MB (at most {MAX_MEMORY_MB})":
            figures["host_peak_mb"] <= MAX_MEMORY_MB,
        f"{figures['renamed_documents']} of {figures['documents']} documents have the last name":
            figures["renamed_documents"] == figures["documents"],
    }


def report(figures):
    """Prints the figures; returns whether all goals hold."""
    print(f"\nCOMMIT to visible, ms, at {figures['rate']:g} changes/s:")
    print(f"{'':10}" + "".join(f"{name:>9}" for name in ("count", "p50", "p90", "p99", "max")))
    for phase, numbers in figures["latency_ms"].items():
        print(f"{phase:10}" + "".join(f"{numbers[name]:9.0f}" for name in ("count", "p50", "p90", "p99", "max")))
    print(f"walk: {figures['walk_documents_per_second']:,.0f} documents/s\n")
    results = verdicts(figures)
    for goal, holds in results.items():
        print(f"{'ok  ' if holds else 'MISS'} {goal}")
    return all(results.values())


def main():
    options = arguments()
    end_on_sigterm()
    with Stack("postgres", "kafka", "connect", "opensearch") as stack, World(stack) as world:
        user = load(world, options.documents)
        options.documents = int(world.database.value("SELECT count(*) FROM projects"))
        print("filling the index …", flush=True)
        wait_until("every document is there", lambda: documents_of(world, "everywhere") == options.documents)
        wait_until("nothing is left to do", lambda: world.metric("sluice_lag_records") == 0)
        world.host.stop()
        world.host.start()  # so that its peak of memory is not that of the filling
        figures = measure(world, user, options)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if report(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
