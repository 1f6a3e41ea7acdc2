"""A job of a pipeline's, in a process of its own."""

import contextlib
import pathlib
import subprocess
import tempfile
import time

from host import BINARY


class JobRun:
    """`sluice job run PIPELINE reconcile`. Begins at once; `end()` ends it at the latest."""

    def __init__(self, pipeline, env):
        self._log = tempfile.NamedTemporaryFile(prefix="sluice-job-", suffix=".log")
        self.process = subprocess.Popen([BINARY, "job", "run", str(pipeline), "reconcile"], env=env,
                                        stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)

    def is_skipped(self):
        """Another run held the lock."""
        return self.process.poll() == 0 and "another run holds the lock" in self.log_text()

    def log_text(self):
        return pathlib.Path(self._log.name).read_text(errors="replace")

    def last_step(self):
        return self.log_text().rpartition("job reconcile: ")[2]

    def wait_for_step(self, step, seconds=60):
        """Returns as soon as the run has come to the step (to any, if it is empty), or was skipped."""
        self._wait(lambda: f"job reconcile: {step}" in self.log_text(), f"come to its step '{step}'", seconds, 0.005)

    def wait_until_stopped(self, seconds=60):
        """Returns as soon as a signal has stopped the run, or it was skipped."""
        self._wait(self._is_stopped, "stop", seconds, 0.02)

    def _wait(self, check, what, seconds, pause):
        deadline = time.monotonic() + seconds
        while not check() and not self.is_skipped():
            assert self._may_go_on(), f"reconcile ended and did not {what}:\n{self.log_text()[-4000:]}"
            assert time.monotonic() < deadline, f"reconcile did not {what} in time:\n{self.log_text()[-4000:]}"
            time.sleep(pause)

    def _may_go_on(self):
        """Also if it was skipped just now."""
        return self.process.poll() is None or self.is_skipped()

    def _is_stopped(self):
        with contextlib.suppress(OSError):
            return pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        return False

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._log.close()
