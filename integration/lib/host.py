"""The host under test: `sluice run` on a pipeline, as a child process."""

import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from sanitizers import refuse_reports

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("SLUICE_BIN", str(ROOT / "build" / "release" / "bin" / "sluice"))


def free_port():
    """Below the ephemeral range, so that it stays free while a host is restarted."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Host:
    """Context manager: runs `pipeline` until `ready_url` answers with 200; stops it with SIGTERM.

    `env` is its whole environment. The log goes to a file; its end is shown if the start fails.
    In between it can be stopped or killed, and started again. What a sanitizer reports is an error once the host has ended.
    """

    def __init__(self, pipeline, env, ready_url, arguments=()):
        self.command = [BINARY, *arguments, "run", str(pipeline)]
        self.env = env
        self.ready_url = ready_url
        self.log = tempfile.NamedTemporaryFile(prefix="sluice-host-", suffix=".log")
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            print(self.log_text()[-4000:])
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            self.log.close()

    def start(self):
        self.spawn()
        self._wait_until_ready()

    def spawn(self):
        """Starts the process without waiting for it to be ready."""
        self.process = subprocess.Popen(
            self.command, env=self.env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def stop(self):
        """The exit status; a host that does not leave by itself within 15 s is killed. None if it never started."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
        refuse_reports()
        return self.process.returncode

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            refuse_reports()

    def resident_megabytes(self, peak=False):
        """Memory of the process now, or the most that it has held."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", status)[1]) / 1024

    def descriptors(self):
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def log_text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def _wait_until_ready(self, seconds=60):
        deadline, last = time.monotonic() + seconds, "nothing"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.command} ended with status {self.process.returncode}")
            try:
                with urllib.request.urlopen(self.ready_url, timeout=2) as response:
                    if response.status == 200:
                        return
            except urllib.error.HTTPError as refusal:
                last = refusal.read().decode()
            except OSError as error:
                last = error
            time.sleep(0.05)
        raise RuntimeError(f"{self.ready_url} did not answer with 200 within {seconds} s, but with {last}; the host's log "
                           f"ends with:\n{self.log_text()[-4000:]}")
