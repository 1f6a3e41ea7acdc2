"""Runs the test classes of a folder, each in a world of its own, on one stack."""

import os

from runner import end_on_sigterm, run_tests
from stack import Stack
from world import World


def run(group, folder, names):
    """Returns the program's exit status. WORKERS classes (3) run side by side."""
    end_on_sigterm()
    try:
        with Stack("postgres", "kafka", "connect", "opensearch") as stack:
            World.stack = stack
            passed = run_tests(group, folder, names, int(os.environ.get("WORKERS", "3")))
    except KeyboardInterrupt:
        World.abandon_all()
    return 0 if passed else 1
