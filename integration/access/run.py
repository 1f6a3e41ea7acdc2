#!/usr/bin/env python3
"""Tests of who is let in and believed: TLS and passwords to each server, secrets that nobody gets to see, changes that
PostgreSQL holds back, and the replication slot.

  integration/access/run.py [NAME...]    all tests, or those named (test_kafka, test_kafka.Refused, ...)

Brings up a stack of its own whose servers have TLS, with certificates made for the run (SLUICE_BIN: another binary), and
takes all of it down again.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib"), str(HERE.parent / "any-index")]

from runner import end_on_sigterm, run_tests  # noqa: E402
from secure_stack import SecureStack  # noqa: E402
from world import World  # noqa: E402


def main():
    end_on_sigterm()
    with SecureStack() as stack:
        World.stack = stack
        passed = run_tests("access", HERE, sys.argv[1:])
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
