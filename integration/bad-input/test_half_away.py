"""One of the index's two shards is away: OpenSearch refuses half of each bulk request, item by item."""

import pathlib
import unittest

from feed import Feed, change
from waiting import eventually

_SINK = {"url": "${OPENSEARCH_URL}", "index": "${OPENSEARCH_INDEX}", "request_timeout": "2s",
         "mapping": str(pathlib.Path(__file__).with_name("two-shards.json"))}  # of which the one node may hold one
IDS = set(range(1, 61))


class HalfAway(unittest.TestCase):
    def test_what_was_refused_is_tried_again_alone_and_not_lost_when_the_host_is_killed(self):
        with Feed("half", sink={"plugin": "opensearch-sink", "config": _SINK}) as self.feed:
            self.index = self.feed.index_in_use()
            there = {id for id in IDS if self.has_shard(id)}
            away = IDS - there
            self.feed.insert(min(IDS), max(IDS))
            for count, name in enumerate(["meanwhile", "once more"], 1):
                retried = self.feed.metric("sluice_documents_retried_total")
                self.feed.sql(f"UPDATE item SET name = '{name}'")
                self.feed.send(*map(change, IDS))
                eventually(lambda: self.assertEqual({self.name_of(id) for id in there}, {name}))
                eventually(lambda: self.assertEqual(self.feed.metric("sluice_pending_keys"), len(away)))
                eventually(lambda: self.assertGreater(  # each more than once
                    self.feed.metric("sluice_documents_retried_total"), retried + len(away)))
                self.assertEqual(self.feed.metric("sluice_documents_written_total"), count * len(there))
            self.feed.host.kill()
            self.feed.opensearch("PUT", f"/{self.index}/_settings", {"index.routing.allocation.total_shards_per_node": 2})
            self.feed.host.start()
            self.feed.wait_until_in_step()
            self.feed.wait_until_all_is_committed()
            self.assertEqual(self.feed.letters(), [])

    def has_shard(self, id):
        (copies,) = self.feed.opensearch("GET", f"/{self.index}/_search_shards?routing={id}")["shards"]
        return bool(copies)

    def name_of(self, id):
        return self.feed.opensearch("GET", f"/{self.index}/_doc/{id}")["_source"]["name"]
