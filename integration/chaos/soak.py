#!/usr/bin/env python3
"""One host for a long time, with changes all the while and a fault a minute: what does it keep?

  integration/chaos/soak.py [--minutes 60] [--statements 90] [--seed 1] [--csv FILE]

Faults are those that leave the host's process alive. Fails if, after a sixth of the time, memory grows by a tenth or
descriptors by ten; if after a fault the lag does not come down to a second's worth of changes; if there were fewer
than 500 changes a second; or by what fails a seed of run.py. --statements: a second, of eight writers; one changes about
seven rows, and the servers need processor time to spare for faults to pass. A minute with a fault that takes longer is
longer.
"""

import argparse
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "any-index"), str(HERE.parent / "lib")]

from background import Background  # noqa: E402
from faults import FAULTS  # noqa: E402
from runner import end_on_sigterm  # noqa: E402
from stack import Stack  # noqa: E402
from trial import Trial  # noqa: E402
from workload import Workload  # noqa: E402
from world import World  # noqa: E402

HOSTS_OWN = {"host_killed", "host_stopped", "host_of_three_killed", "clock_steps"}  # these end the process
RATE = 500  # changes a second
MAX_GROWTH = 1.1
MAX_DESCRIPTORS_MORE = 10


class Gauge(Background):
    """Looks at the host's process every few seconds: (seconds, resident MB, descriptors, lag)."""

    def __init__(self, world, pause=2):
        super().__init__(pause)
        self.world = world
        self.samples = []
        self._started = time.monotonic()

    def step(self):
        host = self.world.host
        try:
            self.samples.append((time.monotonic() - self._started, host.resident_megabytes(), host.descriptors(),
                                 self.world.metric("sluice_lag_records")))
        except (OSError, ValueError):
            pass  # the host is paused; the next look will tell

    def between(self, start, end):
        return [sample for sample in self.samples if start <= sample[0] <= end]


class Soak(Trial):
    look_every = 1  # to be asked for hundreds of documents that were just written is much work for OpenSearch

    def __init__(self, options):
        super().__init__(options.seed, allowed=FAULTS.keys() - HOSTS_OWN)
        self.options = options

    def _work(self, field):
        names = sorted(self.allowed)
        started, process = time.monotonic(), field.world.host.process.pid
        with Gauge(field.world) as self.gauge, \
                Workload(field.world, self.seed, writers=8, per_second=self.options.statements):
            for minute in range(self.options.minutes):
                field.turn = minute
                field.strike(field.rng.choice(names))
                field.wait_until(lambda: self._lag_is_small(field), "the lag is small again")
                time.sleep(max(0, started + (minute + 1) * 60 - time.monotonic()))
            self.rate = field.world.changes() / (time.monotonic() - started)
        assert field.world.host.process.pid == process, "the host is another process than at first"

    def _lag_is_small(self, field):
        try:
            return field.world.metric("sluice_lag_records") <= RATE
        except OSError:
            return False

    def report(self):
        samples = self.gauge.samples
        end = samples[-1][0]
        early, late = self.gauge.between(end / 6, end / 4), self.gauge.between(end * 11 / 12, end)
        memory, descriptors = [[statistics.median(sample[place] for sample in part) for part in (early, late)]
                               for place in (1, 2)]
        print(f"{end / 60:.0f} minutes, {self.rate:.0f} changes/s, {len(self.strikes)} faults\n"
              f"resident MB: {memory[0]:.1f} after a sixth, {memory[1]:.1f} at the end, "
              f"{max(sample[1] for sample in samples):.1f} at most\n"
              f"descriptors: {descriptors[0]:.0f} after a sixth, {descriptors[1]:.0f} at the end\n"
              f"lag: {statistics.median(sample[3] for sample in samples):.0f} records in the median, "
              f"{max(sample[3] for sample in samples):.0f} at most, {samples[-1][3]:.0f} at the end")
        assert self.rate >= RATE, f"only {self.rate:.0f} changes a second"
        assert memory[1] <= memory[0] * MAX_GROWTH, f"memory grew from {memory[0]:.1f} to {memory[1]:.1f} MB"
        assert descriptors[1] <= descriptors[0] + MAX_DESCRIPTORS_MORE, f"descriptors grew: {descriptors}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--statements", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--csv", type=pathlib.Path, help="all samples")
    return parser.parse_args()


def main():
    options = arguments()
    end_on_sigterm()
    soak = Soak(options)
    try:
        with Stack("postgres", "kafka", "connect", "opensearch", durable=True) as World.stack:
            soak.run()
            soak.report()
    except KeyboardInterrupt:
        World.abandon_all()
    finally:
        if options.csv and hasattr(soak, "gauge"):
            options.csv.write_text("".join(",".join(f"{value:.1f}" for value in sample) + "\n"
                                           for sample in soak.gauge.samples))
    print("soak: passed")


if __name__ == "__main__":
    sys.exit(main())
