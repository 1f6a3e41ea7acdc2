"""What the attacks are made of: raw sockets, and a look at the host's resources."""

import contextlib
import json
import os
import pathlib
import socket
import struct
import time
import unittest
import urllib.parse

from waiting import eventually

PREFIX = "/api/v1/projects"
SEARCH = f"{PREFIX}/search?q=ledger"
TO_OPENSEARCH = 8  # connections that two services keep, once each thread has asked for something
LONGEST = 2.5  # seconds that any answer may take, whatever happens

port = None
guarded_port = None
keys = None  # of the guarded service, by name
stack = None
host = None
admin_url = None


def configure(**settings):
    globals().update(settings)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # names in lower case
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """A connection that sends exactly the bytes it is told to."""

    def __init__(self, to_port=None, timeout=10, small_buffers=False):
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if small_buffers:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", to_port or port))
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Leaves without an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def answer(self, head=False):
        """The next answer; ConnectionError if there is none."""
        while b"\r\n\r\n" not in self.received:
            self._receive()
        text, self.received = self.received.split(b"\r\n\r\n", 1)
        lines = text.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        length = 0 if head else int(headers.get("content-length", 0))
        while len(self.received) < length:
            self._receive()
        body, self.received = self.received[:length], self.received[length:]
        return Answer(int(lines[0].split(" ")[1]), headers, body)

    def is_closed(self):
        """Waits for the end; False where bytes come instead."""
        if self.received:
            return False
        try:
            return self.socket.recv(65536) == b""
        except ConnectionError:
            return True

    def _receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"closed after {self.received[:200]!r}")
        self.received += data


def request(target, headers="", method="GET"):
    """The text of a request. `headers`: lines, each with its CRLF."""
    return f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"


def ask(target, headers="", method="GET", to_port=None):
    with Client(to_port) as client:
        client.send(request(target, headers, method))
        return client.answer(head=method == "HEAD")


def search(path="/search", **parameters):
    return ask(f"{PREFIX}{path}?{urllib.parse.urlencode(parameters, doseq=True)}")


def descriptors():
    return host.descriptors()


def resident_megabytes():
    return host.resident_megabytes()


def processor_seconds():
    fields = pathlib.Path(f"/proc/{host.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Case(unittest.TestCase):
    """Before and after each attack, others are served; after it, the host has no descriptor more than before."""

    def setUp(self):
        self.assert_served()
        self.descriptors_before = descriptors()

    def tearDown(self):
        self.assertIsNone(host.process.poll(), "the host has ended")
        self.assert_served()
        eventually(self.assert_no_descriptor_is_left)

    def assert_no_descriptor_is_left(self):
        self.assertLessEqual(descriptors(), self.descriptors_before + TO_OPENSEARCH)

    def assert_served(self):
        started = time.monotonic()
        answer = ask(SEARCH)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertLess(time.monotonic() - started, LONGEST)

    @contextlib.contextmanager
    def in_time(self):
        started = time.monotonic()
        yield
        self.assertLess(time.monotonic() - started, LONGEST)

    def assert_error(self, answer, *statuses):
        """An error of ours, as JSON."""
        self.assertIn(answer.status, statuses, answer.body[:500])
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(answer.json["error"]["status"], answer.status)
