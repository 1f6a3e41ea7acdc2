"""A reader who keeps looking at documents while they change, and notes each one that it sees going backwards."""

import random
import threading
import time
from typing import NamedTuple

from background import Background
from http_json import call

_WATCHED = 300  # documents in one look: the newest in the index, the newest known, and any known
_RENEW = 20     # looks after which the newest documents are watched, too
_UNSAFE = 10    # seconds; by then OpenSearch has answered a write, and made it safe


class Sight(NamedTuple):
    index: str
    version: int  # None: not there
    content: dict
    seen: float   # when first, by the monotonic clock


class Watcher(Background):
    """Context manager. Looks at documents by id, as they are at that moment, refreshed or not, past the proxy.

    `backwards`: what must not be: within one index a lower version, a lower count, or a deleted document back again.
    `after_swap`: the same between the index before a swap of the alias and the one after it; but there the same content
    may have a lower version, for of two reads that saw the same, each index may have got either.
    """

    def __init__(self, world, pause):
        super().__init__(pause)
        self.world = world
        self.backwards = []
        self.after_swap = []
        self.looks = 0
        self._ids = []
        self._last = {}
        self._lock = threading.Lock()

    def node_was_killed(self):
        """A document is shown by id before its write is safe; such a write the node forgets, and it is sent again."""
        with self._lock:
            now = time.monotonic()
            self._last = {id: sight for id, sight in self._last.items() if now - sight.seen > _UNSAFE}

    def step(self):
        try:
            if self.looks % _RENEW == 0:
                known, third = sorted(self._last, key=int), _WATCHED // 3
                self._ids = self._newest(third) + known[-third:] + random.sample(known, min(third, len(known)))
            if self._ids:
                self._look(self._ids)
            self.looks += 1
        except (OSError, ValueError, KeyError):
            time.sleep(0.2)  # the node is away, or the alias is yet to be made

    def _newest(self, count):
        answer = call("GET", f"{self.world.opensearch_url}/{self.world.index}/_search?size={count}&sort=id:desc"
                             "&_source=false", timeout=5)
        return [hit["_id"] for hit in answer.json["hits"]["hits"]]

    def _look(self, ids):
        answer = call("POST", f"{self.world.opensearch_url}/{self.world.index}/_mget",
                      {"ids": list(dict.fromkeys(ids))}, timeout=5)
        with self._lock:
            for document in answer.json["docs"]:
                if "error" not in document:
                    self._compare(document["_id"], _sight(document))

    def _compare(self, id, now):
        before = self._last.get(id)
        if before and before.version is None and now.version is None:
            return
        if before and _is_older(now, before):
            found = self.backwards if now.index == before.index else self.after_swap
            found.append(f"{id}: {before} and then {now}")
        if before and now.version is None and now.index != before.index:
            now = before._replace(version=None, content=None)  # deleted, or yet to come in the index after a swap
        if before and now[:-1] == before[:-1]:
            return
        if before or now.version is not None:
            self._last[id] = now


def _sight(document):
    if not document["found"]:
        return Sight(document["_index"], None, None, time.monotonic())
    return Sight(document["_index"], document["_version"], document["_source"], time.monotonic())


def _count(sight):
    """How often the row has been changed."""
    return int(sight.content["description"] or 0)


def _is_older(now, before):
    if now.version is None:
        return False  # deleted
    if before.version is None:
        return True  # ids are not used again
    if now.index != before.index and now.content == before.content:
        return False
    return now.version < before.version or _count(now) < _count(before)
