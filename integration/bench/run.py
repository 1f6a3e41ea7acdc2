#!/usr/bin/env python3
"""Benchmarks on the real servers, each against a roofline in the same run.

  integration/bench/run.py NAME... [--json FILE] [--small]     or `all`
  integration/bench/run.py --list

Each brings up a stack of its own on free ports, and takes it down again. `--json`: writes every figure to this file.
`--small`: a twentieth of the sizes, to see that all works; its figures mean nothing. Ends with 1 if a goal is missed.
Figures mean something on a machine that does nothing else.
"""

import argparse
import importlib
import json
import pathlib
import sys
import time
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

from harness import environment  # noqa: E402
from runner import end_on_sigterm  # noqa: E402

NAMES = ["reindex", "stream", "decode", "hot", "latency", "search", "footprint", "scale", "peers"]


@dataclass
class Sizes:
    """Of a full run; `small` divides them."""

    divisor: int = 1

    @property
    def projects(self):
        return 200_000 // self.divisor

    @property
    def backlog(self):
        """Changes that wait in Kafka."""
        return 500_000 // self.divisor

    @property
    def events(self):
        """Changes, where documents do not matter."""
        return 1_000_000 // self.divisor

    @property
    def seconds(self):
        """For which something is done at a steady rate."""
        return 60 / min(self.divisor, 4)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    unknown = set(options.names) - {*NAMES, "all"}
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
    return options


def about(name):
    return importlib.import_module(name).__doc__.splitlines()[0]


def main():
    options = arguments()
    if options.list or not options.names:
        print("\n".join(f"{name:10} {about(name)}" for name in NAMES))
        return 0
    end_on_sigterm()
    for name, text in environment().items():
        print(f"{name}: {text}")
    results = {}
    for name in NAMES if "all" in options.names else options.names:
        print(f"\n== {name}: {about(name)}", flush=True)
        began = time.monotonic()
        results[name] = importlib.import_module(name).run(Sizes(20 if options.small else 1))
        for line in results[name].lines():
            print(f"  {line}")
        print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
        if options.json:
            options.json.write_text(json.dumps({n: r.as_json() for n, r in results.items()}, indent=2) + "\n")
    return 0 if all(result.ok for result in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
