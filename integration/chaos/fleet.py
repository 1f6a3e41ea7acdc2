"""The hosts of one pipeline."""

import contextlib
import signal
import struct
import time

from preload import preload
from waiting import eventually


class Fleet:
    """`main` is the world's own host, `helpers` come and go."""

    def __init__(self, world):
        self.world = world
        self.main = world.host
        self._helpers = []

    @property
    def hosts(self):
        return [self.main, *self._helpers]

    @contextlib.contextmanager
    def helpers(self, count):
        """Hosts more, in the same consumer group, ready."""
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                self._helpers.append(stack.enter_context(self.world.another_host()))
            try:
                yield list(self._helpers)
            finally:
                self._helpers.clear()

    def check(self):
        """None has ended by itself."""
        for host in self.hosts:
            status = host.process.poll()
            assert status in (None, -signal.SIGKILL), (
                f"a host ended by itself with status {status}:\n{host.log_text()[-4000:]}")

    def stop_in_time(self, host):
        started = time.monotonic()
        status = host.stop()
        taken = time.monotonic() - started
        assert status == 0, f"the host ended with status {status} after SIGTERM:\n{host.log_text()[-4000:]}"
        assert taken < 11, f"the host took {taken:.1f} s to leave after SIGTERM"

    @contextlib.contextmanager
    def false_clock(self):
        """The main host, started again with a clock of its own; yields a function that sets it wrong by some hours."""
        true_env = self.main.env
        with preload("false_clock") as library:
            offset = library.with_name("offset")

            def is_asked():
                assert struct.unpack("=qq", offset.read_bytes())[1], "the host has not looked at its clock"

            def step(hours):
                with offset.open("r+b") as file:
                    file.write(struct.pack("=qq", hours * 3600, 0))
                eventually(is_asked)

            offset.write_bytes(bytes(16))
            self.stop_in_time(self.main)
            self.main.env = true_env | {"LD_PRELOAD": str(library), "FALSE_CLOCK": str(offset)}
            self.main.spawn()
            try:
                yield step
                self.stop_in_time(self.main)
            finally:
                self.main.kill()
                self.main.env = true_env
                self.main.spawn()
