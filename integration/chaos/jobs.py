"""Rebuilds of the index, each in a process of its own."""

import contextlib
import signal
import subprocess
import time

from background import Background
from http_json import call
from job_run import JobRun
from preload import preload
from waiting import eventually

_DEADLINE = 240


class Jobs:
    """Context manager: ends what still runs."""

    def __init__(self, world):
        self.world = world
        self._runs = []
        self.failed = 0  # runs that a fault made fail

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for run in self._runs:
            run.end()

    def start(self, env=()):
        self._runs.append(JobRun(self.world.pipeline, self.world.host.env | dict(env)))
        return self._runs[-1]

    def wait_for(self, run):
        """The exit status."""
        try:
            status = run.process.wait(_DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"reconcile is not done after {_DEADLINE} s:\n{run.log_text()[-4000:]}") from None
        assert status >= 0, f"reconcile crashed with {status}:\n{run.log_text()[-4000:]}"
        self.failed += status != 0
        return status

    def expect_success(self, run):
        status = self.wait_for(run)
        assert status == 0, f"reconcile failed:\n{run.log_text()[-4000:]}"

    def run_to_success(self):
        self._repeat_while_skipped(lambda runs: self.expect_success(runs[0]))

    def run_two(self):
        """At once, each to its success."""
        def wait(runs):
            for run in runs:
                self.expect_success(run)

        return self._repeat_while_skipped(wait, 2)

    def run_in_host(self):
        """In the pipeline's main host, by its admin API."""
        before, url = self.world.index_in_use(), f"{self.world.admin_url}/pipelines/{self.world.name}/jobs/reconcile/run"

        def is_in_use():
            if self.world.index_in_use() == before:
                answer = call("POST", url)  # again and again, for it may be skipped
                raise AssertionError(f"no new index; the host answers {answer.status}: {answer.text}")

        eventually(is_in_use, _DEADLINE)

    @contextlib.contextmanager
    def one_after_another(self):
        """One is always tried. Leaving waits until one has come to work, and the last has ended: the lock may be held by a
        run in a host that was paused, and the database be away."""
        with _Rebuilds(self) as rebuilds:
            yield
            eventually(rebuilds.expect_work, _DEADLINE)

    def kill_at(self, step, rng):
        """Kills a run as it comes to the step, or, half of the time, a moment later; once that is over, another."""
        deadline = time.monotonic() + _DEADLINE
        with preload("stop_at") as library:
            env = {"LD_PRELOAD": str(library), "STOP_AT": f"job reconcile: {step}"}
            while not self._is_killed_at(step, rng.choice([0, rng.uniform(0, 0.05)]), env):
                assert time.monotonic() < deadline, f"no run could be killed at its step '{step}'"
                self.run_to_success()  # none of this one's is left

    def _is_killed_at(self, step, delay, env):
        (run,) = self._repeat_while_skipped(lambda runs: runs[0].wait_until_stopped(_DEADLINE), env=env)
        if delay:
            run.process.send_signal(signal.SIGCONT)
            time.sleep(delay)
        run.process.kill()
        return run.process.wait() == -signal.SIGKILL and run.last_step().startswith(step)

    def _repeat_while_skipped(self, wait, count=1, env=()):
        """The lock may be held by the pipeline's own first run, or by one that was killed and whose session has yet to end."""
        deadline = time.monotonic() + _DEADLINE
        while True:
            runs = [self.start(env) for _ in range(count)]
            wait(runs)
            if not all(run.is_skipped() for run in runs):
                return runs
            assert time.monotonic() < deadline, "another run holds the lock all the time"
            time.sleep(0.2)


class _Rebuilds(Background):
    def __init__(self, jobs):
        super().__init__(pause=0.1)
        self._jobs = jobs
        self.at_work = 0

    def step(self):
        run = self._jobs.start()
        self._jobs.wait_for(run)
        self.at_work += "job reconcile: " in run.log_text() and not run.is_skipped()

    def expect_work(self):
        assert self.at_work or self._error, "no rebuild has come to work"  # leaving raises the error
