"""Single-row changes at a steady rate, each timed from COMMIT until the index shows it."""

import http.client
import json
import random
import threading
import time
import urllib.parse

from harness import percentile


class Changes:
    """Context manager: updates random projects, `rate` a second, until it ends.

    One thread writes and one looks. A project that was changed is asked for, together with all others that are not
    there yet, until it shows the new text; so the times are right to a few milliseconds. A change that takes longer
    than LOST counts with that time.
    """

    LOST = 60.0  # seconds

    def __init__(self, world, rate):
        self.session = world.session()
        self.interval = 1 / rate
        self.ids = world.database.run("SELECT id FROM projects")
        url = urllib.parse.urlsplit(world.opensearch_url)
        self.index = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        self.path = f"/{world.index}/_mget?_source_includes=description"
        self.lock = threading.Lock()
        self.waiting = {}  # id: (text, when it was committed)
        self.done = []  # (when it was committed, seconds until it was seen)
        self.stopping = threading.Event()
        self.failure = None
        self.threads = [threading.Thread(target=self._guard, args=(work,)) for work in (self._write, self._look)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.session.close()
        self.index.close()

    @staticmethod
    def mark():
        return time.monotonic()

    def collect(self, seconds):
        """The latencies, in seconds, of the changes that are committed from now on for so long."""
        began = self.mark()
        time.sleep(seconds)
        return self.since(began)

    def since(self, began):
        """The latencies of the changes that were committed from then until now; waits for the last of them."""
        until = self.mark()
        while self._any_waiting(until):
            if self.failure:
                raise self.failure
            time.sleep(0.01)
        with self.lock:
            return [latency for at, latency in self.done if began <= at < until]

    def _any_waiting(self, until):
        with self.lock:
            return any(at < until for _, at in self.waiting.values())

    def _guard(self, work):
        try:
            work()
        except Exception as failure:  # noqa: BLE001: shown by the thread that waits
            self.failure = failure

    def _write(self):
        number = 0
        due = time.monotonic()
        while not self.stopping.is_set():
            number += 1
            project, text = random.choice(self.ids), f"change {number}"
            with self.lock:
                if project in self.waiting:
                    continue
            self.session.run(f"UPDATE projects SET description = '{text}' WHERE id = {project}")
            with self.lock:
                self.waiting[project] = (text, time.monotonic())
            due = max(due + self.interval, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))

    def _look(self):
        while not self.stopping.is_set():
            with self.lock:
                wanted = dict(self.waiting)
            shown = self._texts(wanted) if wanted else {}
            now = time.monotonic()
            with self.lock:
                for project, (text, at) in wanted.items():
                    if shown.get(project) == text or now - at > self.LOST:
                        del self.waiting[project]
                        self.done.append((at, now - at))
            time.sleep(0.002)

    def _texts(self, ids):
        self.index.request("POST", self.path, json.dumps({"ids": list(ids)}), {"Content-Type": "application/json"})
        answer = json.loads(self.index.getresponse().read())
        return {document["_id"]: document["_source"]["description"] for document in answer["docs"] if document["found"]}


def summary(latencies):
    """Count, and percentiles in milliseconds."""
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {"count": len(latencies), **{name: 1000 * percentile(latencies, share) for name, share in shares.items()},
            "max": 1000 * max(latencies)}
