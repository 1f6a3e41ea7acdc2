"""HTTP requests with JSON bodies."""

import http.client
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


def call(method, url, body=None, timeout=30, headers=None):
    """The answer, whatever its status; OSError if there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} | (headers or {}), method=method)
    try:
        with _sent(request, timeout) as response:
            return Answer(response.status, response.read().decode())
    except http.client.HTTPException as broken:
        raise ConnectionError(f"{method} {url}: {broken!r}") from broken


def _sent(request, timeout):
    try:
        return urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as refusal:
        return refusal
