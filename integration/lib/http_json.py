"""HTTP requests with JSON bodies."""

import json
import urllib.error
import urllib.request


class Answer:
    def __init__(self, status, text):
        self.status = status
        self.text = text

    @property
    def json(self):
        return json.loads(self.text)


def call(method, url, body=None, timeout=30):
    """The answer, whatever its status; OSError if there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return Answer(response.status, response.read().decode())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.read().decode())
