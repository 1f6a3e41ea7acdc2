#!/usr/bin/env python3
"""Load on the search API while OpenSearch hangs, is killed, and is stopped and started again.

  integration/attack/outage.py [--minutes N]    10 minutes unless said otherwise

Counts answers by kind, and looks at the longest answer time, memory and descriptors of the host. Whatever OpenSearch
does, each request must be answered within 2.5 s, with 200, 400, or 503 with Retry-After, and searches must go on soon
after it is back.
"""

import argparse
import collections
import http.client
import pathlib
import random
import sys
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

import attack  # noqa: E402

CLIENTS = 8
BACK_WITHIN = 5  # seconds from OpenSearch's own first answer to the API's


class Load:
    """Clients that ask in turn, each over a connection that it keeps for a while."""

    def __init__(self):
        self.counts = collections.Counter()
        self.longest = 0.0
        self.wrong = []
        self.last_200 = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(seed,)) for seed in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, seed):
        dice = random.Random(seed)
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", attack.port, timeout=10)
            try:
                for _ in range(dice.randrange(1, 50)):
                    if self._stop.is_set():
                        break
                    self._ask(connection, target(dice))
                    self._stop.wait(0.01)
            except (OSError, http.client.HTTPException) as error:
                self._note(f"no answer ({type(error).__name__})", 0, f"no answer: {error!r}")
            finally:
                connection.close()

    def _ask(self, connection, path):
        started = time.monotonic()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        wrong = ""
        if answer.status not in (200, 400, 503) or (answer.status == 503 and not answer.headers["Retry-After"]):
            wrong = f"{answer.status} to {path}: {body[:300]!r}"
        self._note(str(answer.status), time.monotonic() - started, wrong)

    def _note(self, kind, seconds, wrong):
        with self._lock:
            self.counts[kind] += 1
            self.longest = max(self.longest, seconds)
            if kind == "200":
                self.last_200 = time.monotonic()
            if wrong and len(self.wrong) < 20:
                self.wrong.append(wrong)


def target(dice):
    kind = dice.randrange(10)
    word = dice.choice(("ledger", "paging", "realtime", "photo", "日本語", "nothing"))
    if kind == 0:
        return "/health"
    if kind == 1:
        return f"{attack.PREFIX}/search?limit=-1&q=a"
    if kind == 2:
        return f"{attack.PREFIX}/by-user/{dice.choice((1, 2, 900))}?limit=100"
    if kind == 3:
        return f"{attack.PREFIX}/by-hashtag?" + urllib.parse.urlencode({"hashtags": "web,paging", "match": "any"})
    options = {"q": word, "limit": dice.choice((1, 20, 100))}
    if kind > 6:
        options |= {"fuzzy": "true", "sort_by": dice.choice(("name", "created_at", "_score"))}
    return f"{attack.PREFIX}/search?" + urllib.parse.urlencode(options)


class Outage:
    """Three kinds of outage over `seconds`, under load."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.back = {}  # seconds from OpenSearch's return to the first 200, by kind of outage
        self.memory = []
        self.descriptors = []

    def run(self):
        with Load() as self.load:
            self._measure()
            time.sleep(self.seconds / 8)
            self._measure()
            self._outage("hangs", lambda: attack.stack.kill("opensearch", "STOP"),
                         lambda: attack.stack.kill("opensearch", "CONT"))
            self._outage("killed", lambda: attack.stack.kill("opensearch"), lambda: attack.stack.up("opensearch"))
            self._outage("stopped", lambda: attack.stack.down("opensearch"), lambda: attack.stack.up("opensearch"))
            time.sleep(self.seconds / 8)
            self._measure()
        return self

    def _outage(self, kind, begin, end):
        time.sleep(self.seconds / 8)
        begin()
        time.sleep(self.seconds / 8)
        end()
        returned = time.monotonic()
        while self.load.last_200 < returned and time.monotonic() < returned + 60:
            time.sleep(0.02)
        self.back[kind] = max(0.0, self.load.last_200 - returned) if self.load.last_200 >= returned else float("inf")
        self._measure()

    def _measure(self):
        self.memory.append(attack.resident_megabytes())
        self.descriptors.append(attack.descriptors())

    def faults(self):
        """What was not as it has to be."""
        faults = list(self.load.wrong)
        if self.load.longest >= attack.LONGEST:
            faults.append(f"an answer took {self.load.longest:.2f} s")
        faults += [f"{kind}: no 200 until {seconds:.1f} s after it was back"
                   for kind, seconds in self.back.items() if seconds > BACK_WITHIN]
        if not self.load.counts["200"] or not self.load.counts["503"]:
            faults.append(f"the load met no outage, or nothing else: {dict(self.load.counts)}")
        if self.memory[-1] > 1.1 * self.memory[1] + 8:
            faults.append(f"memory grew: {self.memory}")
        if self.descriptors[-1] > self.descriptors[1] + CLIENTS:
            faults.append(f"descriptors grew: {self.descriptors}")
        return faults

    def report(self):
        answers = ", ".join(f"{kind}: {count}" for kind, count in sorted(self.load.counts.items()))
        back = ", ".join(f"{kind}: {seconds:.2f} s" for kind, seconds in self.back.items())
        memory = ", ".join(f"{size:.1f}" for size in self.memory)
        return (f"answers: {answers}\nlongest: {self.load.longest:.2f} s\nfirst 200 after OpenSearch was back: {back}\n"
                f"memory in MB at the start, after the first eighth, after each outage, at the end: {memory}\n"
                f"descriptors at the same times: {self.descriptors}")


def main():
    from run import with_host
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=10)
    seconds = parser.parse_args().minutes * 60
    return with_host(lambda: end(Outage(seconds).run()))


def end(outage):
    faults = outage.faults()
    print(outage.report(), *(f"FAILED: {fault}" for fault in faults), sep="\n", flush=True)
    return not faults


if __name__ == "__main__":
    sys.exit(main())
