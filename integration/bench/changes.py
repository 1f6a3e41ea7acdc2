"""Single-row changes at a steady rate, each timed from COMMIT until it is seen."""

import contextlib
import http.client
import itertools
import json
import random
import subprocess
import threading
import time
import urllib.parse

from harness import percentile

LOST = 60.0   # seconds, with which a change that takes longer counts
_AT_ONCE = 200  # changes that are asked for together; those that have waited longest come first
_A_WRITER = 250  # changes a second that one session is asked for


class Sight:
    """One way of seeing a change: what waits to be seen, and how long it took for what was. `shown(ids)` gives the texts
    that these projects have now, by id, as far as they are known."""

    def __init__(self, shown, pause):
        self._shown = shown
        self.pause = pause  # seconds between two looks
        self._lock = threading.Lock()
        self._waiting = {}  # id: (text, when it was committed)
        self._done = []     # (when it was committed, seconds until it was seen)

    def expect(self, project, text, at):
        with self._lock:
            self._waiting[project] = (text, at)

    def is_waiting_for(self, project):
        with self._lock:
            return project in self._waiting

    def look(self):
        with self._lock:
            wanted = dict(itertools.islice(self._waiting.items(), _AT_ONCE))
        texts = self._shown(list(wanted)) if wanted else {}
        now = time.monotonic()
        with self._lock:
            for project, (text, at) in wanted.items():
                if texts.get(project) == text or now - at > LOST:
                    del self._waiting[project]
                    self._done.append((at, now - at))

    def is_waiting_since(self, until):
        with self._lock:
            return any(at < until for _, at in self._waiting.values())

    def between(self, began, until):
        with self._lock:
            return [latency for at, latency in self._done if began <= at < until]


class Changes:
    """Context manager: updates random projects, `rate` a second, until it ends. `sights` are looked at all the while, each
    by a thread, so times are right to a few milliseconds; without any it is when the index gives the document by its id.
    `then(project, text)`: called after each COMMIT, by the session's thread.

    A project is not changed again until all sights have seen it.
    """

    def __init__(self, world, rate, sights=None, then=None):
        writers = int(1 + (rate - 1) // _A_WRITER)
        self.sessions = [world.session() for _ in range(writers)]
        self.interval = writers / rate
        self.ids = world.database.run("SELECT id FROM projects")
        self.sights = sights or {"written": written(world)}
        self.then = then
        self.stopping = threading.Event()
        self.failure = None
        self.threads = [threading.Thread(target=self._guard, args=(self._write, place)) for place in range(writers)]
        self.threads += [threading.Thread(target=self._guard, args=(self._look, sight)) for sight in self.sights.values()]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        for session in self.sessions:
            session.close()

    @staticmethod
    def mark():
        return time.monotonic()

    def collect(self, seconds, sight="written"):
        """The latencies, in seconds, of the changes that are committed from now on for so long."""
        began = self.mark()
        time.sleep(seconds)
        return self.since(began)[sight]

    def since(self, began):
        """The latencies of the changes that were committed from then until now, by sight; waits for the last of them."""
        until = self.mark()
        while any(sight.is_waiting_since(until) for sight in self.sights.values()):
            if self.failure:
                raise self.failure
            time.sleep(0.01)
        return {name: sight.between(began, until) for name, sight in self.sights.items()}

    def _guard(self, work, *arguments):
        try:
            work(*arguments)
        except Exception as failure:  # noqa: BLE001: shown by the thread that waits
            self.failure = failure

    def _write(self, place):
        session, own = self.sessions[place], self.ids[place::len(self.sessions)]
        due = time.monotonic()
        for number in itertools.count(1):
            if self.stopping.is_set():
                return
            project, text = random.choice(own), f"change {place}.{number}"
            if any(sight.is_waiting_for(project) for sight in self.sights.values()):
                continue
            session.run(f"UPDATE projects SET description = '{text}' WHERE id = {project}")
            at = time.monotonic()
            for sight in self.sights.values():
                sight.expect(project, text, at)
            if self.then:
                self.then(project, text)
            due = max(due + self.interval, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))

    def _look(self, sight):
        while not self.stopping.is_set():
            sight.look()
            time.sleep(sight.pause)


class Index:
    """A connection of one thread's own."""

    def __init__(self, world, index):
        url = urllib.parse.urlsplit(world.opensearch_url)
        self._connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        self._index = index or world.index

    def ask(self, method, path, body):
        self._connection.request(method, f"/{self._index}/{path}", json.dumps(body), {"Content-Type": "application/json"})
        return json.loads(self._connection.getresponse().read())


def written(world, index=None):
    """When the index gives the document by its id, refreshed or not."""
    connection = Index(world, index)

    def shown(ids):
        answer = connection.ask("POST", "_mget?_source_includes=description", {"ids": ids})
        return {document["_id"]: document["_source"]["description"] for document in answer["docs"] if document["found"]}

    return Sight(shown, 0.002)


def searchable(world, index=None):
    """When a search finds the document as it is now."""
    connection = Index(world, index)

    def shown(ids):
        answer = connection.ask("POST", "_search?_source_includes=description&request_cache=false",
                                {"query": {"ids": {"values": ids}}, "size": len(ids)})
        return {hit["_id"]: hit["_source"]["description"] for hit in answer["hits"]["hits"]}

    return Sight(shown, 0.005)


@contextlib.contextmanager
def delivered(world):
    """When Debezium's event can be read from Kafka."""
    command = ["kcat", "-b", world.env["KAFKA_BROKER"], "-C", "-u", "-q", "-o", "end", "-X", "fetch.wait.max.ms=5",
               "-t", "cdc.public.projects", "-f", "%s\n"]
    texts = {}

    def read(lines):
        for line in lines:
            if line.startswith("{"):
                after = json.loads(line)["after"]
                texts[str(after["id"])] = after["description"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as kcat:
        thread = threading.Thread(target=read, args=(kcat.stdout,))
        thread.start()
        try:
            yield Sight(lambda ids: texts, 0.001)
        finally:
            kcat.terminate()
            thread.join()


def summary(latencies):
    """Count, and percentiles in milliseconds."""
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {"count": len(latencies), **{name: 1000 * percentile(latencies, share) for name, share in shares.items()},
            "max": 1000 * max(latencies)}
