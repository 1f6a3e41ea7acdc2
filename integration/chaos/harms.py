"""What can happen to a bulk request on its way: functions for `BulkProxy.harm`, made by functions that take `rng`."""

import json
import threading
import time

from bulk_proxy import Lost
from waiting import eventually

_JSON = [("Content-Type", "application/json")]
_REFUSALS = {429: "es_rejected_execution_exception", 503: "unavailable_shards_exception"}


def sometimes(rng, probability, harm):
    """A node in trouble answers right now and then, which is what makes it hard."""
    return lambda bulk: harm(bulk) if rng.random() < probability else bulk.forward()


def refused(status):
    """The node does not even look at it."""
    body = json.dumps({"error": {"type": _REFUSALS[status], "reason": "chaos"}, "status": status}).encode()
    return lambda bulk: (status, _JSON, body)


def items_refused(rng):
    """A 200 in which some items failed. Some of those were written all the same: a replica's failure, a lost answer."""

    def harm(bulk):
        refused = {place: rng.choice([429, 503]) for place in range(len(bulk.items)) if rng.random() < 0.5}
        withheld = {place for place in refused if rng.random() < 0.7}
        written = iter([])
        if len(withheld) < len(bulk.items):
            body = "".join(_lines(item) for place, item in enumerate(bulk.items) if place not in withheld)
            status, headers, answer = bulk.forward(body.encode())
            if status != 200:
                return status, headers, answer
            written = iter(json.loads(answer)["items"])
        outcomes = []
        for place, (action, metadata, _) in enumerate(bulk.items):
            outcome = None if place in withheld else next(written)
            if place in refused:
                error = {"type": _REFUSALS[refused[place]], "reason": "chaos"}
                outcome = {action: {**metadata, "status": refused[place], "error": error}}
            outcomes.append(outcome)
        return 200, _JSON, json.dumps({"took": 1, "errors": bool(refused), "items": outcomes}).encode()

    return harm


def answer_truncated(rng):
    """All is written, and half of the answer comes: by a broken connection, or as if it were whole."""

    def harm(bulk):
        status, headers, answer = bulk.forward()
        half = answer[: rng.randrange(len(answer))]
        return status, headers, (half, len(answer)) if rng.random() < 0.5 else half

    return harm


def lost_or_hanging(rng, until):
    """No answer until `until` is set; the write may have reached the node before, may do so after, or never."""

    def harm(bulk):
        fate = rng.choice(["written before", "written after", "never written"])
        if fate == "written before":
            bulk.forward()
        until.wait(60)
        if fate == "written after":
            bulk.forward()
        raise Lost

    return harm


class HeldBack:
    """Keeps the next bulk request that writes the document `id` away from the node; its client waits for as long as it
    likes. `deliver()` brings it to the node `seconds` after it was sent."""

    def __init__(self, id, seconds):
        self.id = str(id)
        self.seconds = seconds
        self.caught = threading.Event()
        self.delivered = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, bulk):
        with self._lock:
            if self.caught.is_set() or not any(
                    metadata["_id"] == self.id and source for _, metadata, source in bulk.items):
                return bulk.forward()
            self.bulk, self.at = bulk, time.monotonic()
            self.caught.set()
        self.delivered.wait(60)
        raise Lost

    def deliver(self):
        """What became of the document: the index that the request names, and the node's status for the item."""
        time.sleep(max(0.0, self.at + self.seconds - time.monotonic()))
        items = eventually(self._forward)
        self.delivered.set()
        outcomes = [outcome for item in items for outcome in item.values()]
        status = next(outcome["status"] for outcome, (_, metadata, _) in zip(outcomes, self.bulk.items)
                      if metadata["_id"] == self.id)
        return self.bulk.path.split("/")[1], status

    def _forward(self):
        status, _, answer = self.bulk.forward()
        assert status == 200, f"the node refuses the whole request: {answer}"
        return json.loads(answer)["items"]


def _lines(item):
    action, metadata, source = item
    text = json.dumps({action: metadata}) + "\n"
    return text if source is None else f"{text}{source}\n"
