"""How the tests talk to the API."""

import http.client
import json
import time
import unittest
import urllib.parse

PREFIX = "/api/v1/projects"
port = None
stack = None


def configure(api_port, api_stack):
    global port, stack
    port, stack = api_port, api_stack


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    @property
    def json(self):
        return json.loads(self.text)


def request(method, target):
    """`target` is sent as it is: already encoded."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def get(path, raw="", **parameters):
    """A GET under the prefix; list values are repeated. `raw` goes into the query as it is."""
    query = urllib.parse.urlencode(parameters, doseq=True)
    query = "&".join(part for part in (query, raw) if part)
    return request("GET", f"{PREFIX}{path}?{query}" if query else PREFIX + path)


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {seconds} s")
        time.sleep(0.05)


class Case(unittest.TestCase):
    """A test case with assertions about answers."""

    def page(self, path, raw="", **parameters):
        answer = get(path, raw, **parameters)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(set(answer.json), {"total", "limit", "offset", "took_ms", "hits"})
        for hit in answer.json["hits"]:
            self.assertEqual(set(hit), {"id", "score", "document"})
            self.assertEqual(hit["id"], str(hit["document"]["id"]))
            self.assertIsInstance(hit["score"], float)
        return answer.json

    def ids(self, path, raw="", **parameters):
        return [hit["document"]["id"] for hit in self.page(path, raw, **parameters)["hits"]]

    def search(self, **parameters):
        return self.ids("/search", **parameters)

    def refused(self, parameter, path, raw="", **parameters):
        """The error of a 400 that names `parameter`."""
        answer = get(path, raw, **parameters)
        self.assertEqual(answer.status, 400, answer.text)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        error = answer.json["error"]
        self.assertEqual(error["status"], 400)
        self.assertEqual(error["parameter"], parameter)
        self.assertTrue(error["message"])
        self.assertTrue(error["allowed"])
        self.assertIn("value", error)
        return error
