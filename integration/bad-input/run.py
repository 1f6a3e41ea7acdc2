#!/usr/bin/env python3
"""What can never be processed: it goes to the dead letters as it was, or stops its own pipeline, and all else flows on.

  integration/bad-input/run.py [NAME...]    all tests, or those named (test_records, test_records.Records.test_..., ...)

Brings up one stack, on which each test class has a database, a connector, an index and a host of its own (SLUICE_BIN:
another binary), and takes all of it down again. WORKERS classes (3) run side by side.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "any-index"), str(HERE.parent / "lib")]

import worlds  # noqa: E402

if __name__ == "__main__":
    sys.exit(worlds.run("bad-input", HERE, sys.argv[1:]))
