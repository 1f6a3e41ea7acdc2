"""Waiting for a condition, with a deadline."""

import time


def eventually(check, seconds=30, passing=(AssertionError, OSError)):
    """Calls `check` until it raises none of the `passing` errors, and returns what it returns. Past the deadline its
    last error is raised."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except passing:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
