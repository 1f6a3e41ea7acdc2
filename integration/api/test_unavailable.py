"""What clients see while OpenSearch hangs, is away, or lacks the index."""

import threading
import time

import api
import dataset
from api import Case, get, request, wait_for


class Unavailable(Case):
    def assert_503_in_time(self, answer_of):
        started = time.monotonic()
        answer = answer_of()
        self.assertLess(time.monotonic() - started, 2)
        self.assertEqual(answer.status, 503, answer.text)
        self.assertEqual(answer.headers["Retry-After"], "1")
        self.assertEqual(answer.json["error"]["status"], 503)
        self.assertNotIn(api.stack.env["OPENSEARCH_URL"].split("//")[1], answer.text)
        return answer.json["error"]["message"]

    def wait_until_served(self):
        wait_for(lambda: request("GET", "/health").status == 200, 60)
        self.assertCountEqual(self.search(q="ledger"), [1, 2])

    def test_a_node_that_hangs(self):
        api.stack.kill("opensearch", "STOP")
        try:
            self.assert_503_in_time(lambda: get("/search", q="ledger"))
            self.assert_503_in_time(lambda: get("/by-user/1"))
            self.assert_503_in_time(lambda: request("GET", "/health"))
            self.assertEqual(get("/search").status, 400)
        finally:
            api.stack.kill("opensearch", "CONT")
        self.wait_until_served()

    def test_a_node_that_hangs_under_load(self):
        statuses, slow = [], []

        def client():
            started = time.monotonic()
            statuses.append(get("/search", q="ledger").status)
            if time.monotonic() - started >= 2:
                slow.append(1)

        api.stack.kill("opensearch", "STOP")
        try:
            clients = [threading.Thread(target=client) for _ in range(30)]
            for thread in clients:
                thread.start()
            for thread in clients:
                thread.join()
        finally:
            api.stack.kill("opensearch", "CONT")
        self.assertEqual((set(statuses), slow), ({503}, []))
        self.wait_until_served()

    def test_an_index_that_does_not_exist(self):
        dataset.remove_alias(api.stack.env["OPENSEARCH_URL"])
        try:
            message = self.assert_503_in_time(lambda: request("GET", "/health"))
            self.assertIn(f"'{dataset.ALIAS}' does not exist", message)
            self.assert_503_in_time(lambda: get("/search", q="ledger"))
        finally:
            dataset.add_alias(api.stack.env["OPENSEARCH_URL"])
        self.wait_until_served()

    def test_a_node_that_is_gone(self):
        api.stack.kill("opensearch")
        try:
            self.assert_503_in_time(lambda: get("/search", q="ledger"))
            self.assert_503_in_time(lambda: request("GET", "/health"))
        finally:
            api.stack.up("opensearch")
        self.wait_until_served()
