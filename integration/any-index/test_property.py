"""Random schemas, random trees over them, random transactions: in the end each index is what the tables say.

  PROPERTY_SEEDS=20    so many seeds (3). The first three are always the same, so that a new finding is not taken for the
                       fault of a change; those beyond are new in each run
  SEED="7 12"          these seeds
  STEPS=1000           statements or transactions for each
"""

import os
import pathlib
import random
import sys
import time
import traceback
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "property"))

from trial import Trial  # noqa: E402

FIXED = [5, 13, 46]
AT_ONCE = 2


def seeds():
    if "SEED" in os.environ:
        return [int(seed) for seed in os.environ["SEED"].split()]
    count = int(os.environ.get("PROPERTY_SEEDS", 3))
    return FIXED[:count] + random.sample(range(1000, 1_000_000), max(0, count - len(FIXED)))


def failure_of(seed):
    started = time.monotonic()
    trial = Trial(seed, int(os.environ.get("STEPS", 1000)))
    try:
        trial.run()
    except Exception as error:  # whatever it is, the other seeds go on
        print(f"  seed {seed}: FAILED after {time.monotonic() - started:.0f} s", flush=True)
        text = str(error) or traceback.format_exc()
        return f"seed {seed}: {text}\n{trial.description()}"
    print(f"  seed {seed}: {time.monotonic() - started:.0f} s, {trial.summary}", flush=True)
    return None


class Property(unittest.TestCase):
    def test_any_tree_over_any_schema_follows_any_changes(self):
        chosen = seeds()
        print(f"seeds {' '.join(map(str, chosen))}", flush=True)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            failures = [failure for failure in pool.map(failure_of, chosen) if failure]
        if failures:
            self.fail("\n\n".join(failures))
