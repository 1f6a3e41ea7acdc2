#!/usr/bin/env python3
"""Faults, one after another, under a workload, on the whole stack; at the end the index must be what the tables say.

  integration/chaos/run.py [--seeds N]          seeds 1 to N (3)
  integration/chaos/run.py --seed S...          these seeds, for a failure says which it was
  integration/chaos/run.py --fault NAME...      one seed with these faults, in this order
  integration/chaos/run.py --list               the faults
  --table FILE                                  write the table of faults there, too (Markdown)

Brings up one stack, on which each seed has a database, a connector, an index and hosts of its own (SLUICE_BIN: another
binary), and takes all of it down again.
"""

import argparse
import pathlib
import statistics
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "any-index"), str(HERE.parent / "lib")]

from faults import FAULTS  # noqa: E402
from runner import end_on_sigterm  # noqa: E402
from stack import Stack  # noqa: E402
from trial import Trial  # noqa: E402
from world import World  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seed", type=int, nargs="+")
    parser.add_argument("--fault", choices=FAULTS, nargs="+")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--table", type=pathlib.Path)
    return parser.parse_args()


def was_interrupted(error):
    """Ending what was interrupted may fail in its turn, and that error is then the last."""
    while error and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def passes(trial):
    started = time.monotonic()
    print(f"seed {trial.seed}: {', '.join(trial.faults)}", flush=True)
    try:
        trial.run()
    except Exception as error:  # whatever it is, the other seeds go on
        if was_interrupted(error):
            raise KeyboardInterrupt from error
        print(f"seed {trial.seed}: FAILED after {time.monotonic() - started:.0f} s: {error or ''}")
        if not isinstance(error, AssertionError):
            traceback.print_exc(file=sys.stdout)
        print(f"--- again: integration/chaos/run.py --seed {trial.seed}", flush=True)
        return False
    print(f"seed {trial.seed}: passed in {time.monotonic() - started:.0f} s: {trial.summary}", flush=True)
    return True


def table(trials):
    """Each fault with how often it struck, and how long it took from its end until a change made then was in the index."""
    lines = ["| fault | struck | recovery: median | longest | |", "|---|---|---|---|---|"]
    for name in FAULTS:
        strikes = [strike for trial in trials for strike in trial.strikes if strike.fault == name]
        if strikes:
            seconds = [strike.recovery for strike in strikes]
            details = "; ".join(strike.detail for strike in strikes if strike.detail)
            lines.append(f"| {name} | {len(strikes)} | {statistics.median(seconds):.1f} s | {max(seconds):.1f} s | {details} |")
    right = [trial.documents for trial in trials if trial.documents is not None]
    others = [trial.seed for trial in trials if trial.is_started and trial.documents is None]
    return "\n".join(lines + ["", f"{sum(right)} documents of {len(right)} seeds were compared at the end: none was lost, wrong "
                                  "or too many." + (f" Seeds that failed or were cut off: {others}." if others else "")])


def run(trials):
    with Stack("postgres", "kafka", "connect", "opensearch", durable=True) as stack:
        World.stack = stack
        return [passes(trial) for trial in trials]


def main():
    options = arguments()
    if options.list:
        print("\n".join(FAULTS))
        return 0
    end_on_sigterm()
    trials = [Trial(seed, options.fault)
              for seed in options.seed or (range(1, 2) if options.fault else range(1, options.seeds + 1))]
    try:
        passed = run(trials)
    except KeyboardInterrupt:
        print(table(trials), flush=True)
        World.abandon_all()
    print(table(trials))
    if options.table:
        options.table.write_text(table(trials) + "\n")
    print(f"chaos: {sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
