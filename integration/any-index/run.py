#!/usr/bin/env python3
"""Tests of documents made by configuration alone: any tables, any index.

  integration/any-index/run.py [NAME...]    all tests, or those named (test_shop, test_shop.Shop.test_changes, ...)

Brings up one stack, on which each test class has a database, a connector, an index and a host of its own (SLUICE_BIN:
another binary), and takes all of it down again. WORKERS classes (3) run side by side, for most of the time is waiting.
Random tests print their seed; SEED=... runs one again.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

import worlds  # noqa: E402

if __name__ == "__main__":
    sys.exit(worlds.run("any-index", HERE, sys.argv[1:]))
