"""What all benchmarks share: sides that run in turns, figures with their spread, and what the machine is."""

import os
import platform
import re
import statistics
import subprocess
from dataclasses import dataclass, field

from host import BINARY, ROOT

REPEATS = 5


def in_turns(repeats=REPEATS, **sides):
    """Runs the functions in turns, again and again, so that what else the machine does meets all of them alike. What they
    return, by name: a list with an entry for each repeat."""
    results = {name: [] for name in sides}
    for repeat in range(repeats):
        names = list(sides)
        for name in names if repeat % 2 == 0 else reversed(names):
            results[name].append(sides[name]())
            print(f"  {repeat + 1}/{repeats} {name}: {_shown(results[name][-1])}", flush=True)
    return results


def _shown(result):
    return f"{result:,.1f}" if isinstance(result, (int, float)) else result


def spread(values):
    """`median (lowest-highest)`."""
    return f"{statistics.median(values):,.1f} ({min(values):,.1f}-{max(values):,.1f})"


def ratio_of(values, rooflines):
    """The median of the repeats' own ratios: a slow minute meets both of a pair."""
    return statistics.median(value / roofline for value, roofline in zip(values, rooflines))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Result:
    """Of one benchmark. `value` and `roofline` are medians in `unit`. `goals`: what was to hold, in words with its figure,
    and whether it did."""

    unit: str
    value: float
    goals: dict
    roofline: float | None = None
    ratio: float | None = None
    raw: dict = field(default_factory=dict)   # every single figure
    notes: list = field(default_factory=list)  # further lines for people

    @property
    def ok(self):
        return all(self.goals.values())

    def as_json(self):
        return {"value": self.value, "roofline": self.roofline, "ratio": self.ratio, "goal": "; ".join(self.goals),
                "ok": self.ok, "unit": self.unit, "raw": self.raw}

    def lines(self):
        against = f", roofline {self.roofline:,.1f}, ratio {self.ratio:.2f}" if self.roofline else ""
        yield f"{self.value:,.1f} {self.unit}{against}"
        yield from self.notes
        for goal, holds in self.goals.items():
            yield f"{'ok  ' if holds else 'MISS'} {goal}"


def environment():
    """What the figures were measured on, and with: (name, text)."""
    cpu = re.search(r"model name\s*: (.*)", _read("/proc/cpuinfo"))
    memory = int(re.search(r"MemTotal:\s+(\d+)", _read("/proc/meminfo"))[1]) / 2**20
    jars = dict(re.findall(r"<(\w+)\.version>(.*?)</", _read(ROOT / "scripts/stack/maven/pom.xml")))
    return {"machine": f"{os.cpu_count()} x {cpu[1] if cpu else platform.machine()}, {memory:.0f} GB, "
                       f"Linux {platform.release()}",
            "sluice": f"{_said(BINARY, '--version')} ({_said('git', '-C', ROOT, 'describe', '--always', '--dirty')})",
            "PostgreSQL": _said("psql", "--version").split()[2],
            **{name.capitalize(): version for name, version in jars.items()}}


def _read(path):
    with open(path) as file:
        return file.read()


def _said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
