#!/usr/bin/env python3
"""Tests of the whole path: what is written to PostgreSQL is found over HTTP.

  integration/e2e/run.py [NAME...]    all tests, or those named (test_rows, test_rows.Rows.test_created, ...)

Brings up a stack of its own, with database, index, connector and host on pipelines/projects.yaml
(SLUICE_BIN: another binary), and takes all of it down again.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

from case import Case  # noqa: E402
from runner import end_on_sigterm, run_tests  # noqa: E402
from stack import Stack  # noqa: E402
from world import World  # noqa: E402


def main():
    end_on_sigterm()
    with Stack("postgres", "kafka", "connect", "opensearch") as stack, World(stack) as world:
        Case.world = world
        passed = run_tests("e2e", HERE, sys.argv[1:])
        if not passed:
            print(f"--- the end of the host's log\n{world.host.log_text()[-6000:]}")
        return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
