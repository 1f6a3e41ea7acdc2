"""Something that goes on beside a test."""

import threading


class Background:
    """Context manager: repeats `step` in a thread of its own, `pause` seconds apart, until it is left, or `step` raises:
    then leaving it raises the same."""

    def __init__(self, pause):
        self.pause = pause
        self._stop = threading.Event()
        self._error = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *raised):
        self._stop.set()
        self._thread.join()
        if self._error and raised[0] is None:
            raise self._error

    def step(self):
        raise NotImplementedError

    def _run(self):
        try:
            while not self._stop.wait(self.pause):
                self.step()
        except Exception as error:  # whatever it is, nobody is there to see it
            self._error = error
