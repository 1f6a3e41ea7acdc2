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


def wait_until(what, check, seconds=900, pause=0.2):
    """Until `check` returns something true. Raises TimeoutError, which says what was waited for."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(pause)
