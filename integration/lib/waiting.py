"""Waiting for a condition, with a deadline."""

import time


def eventually(check, seconds=30):
    """Calls `check` until it raises neither AssertionError nor OSError, and returns what it returns. Past the
    deadline its last error is raised."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except (AssertionError, OSError):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
