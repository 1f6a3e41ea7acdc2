"""An HTTP proxy in front of the real OpenSearch node, which lets harm come to `_bulk` requests and to nothing else.

`BulkProxy.harm` is None, or a function that is given each bulk request, and answers it or does not:

    def harm(bulk):                  # a Bulk; several at a time, each in a thread of its own
        answer = bulk.forward()      # what the node says: (status, headers, body)
        raise Lost                   # the client's connection breaks, without an answer
"""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Lost(Exception):
    """The client gets no answer (more): its connection is closed."""


class Bulk:
    """One `_bulk` request. `items` are (action, metadata, source line or None)."""

    def __init__(self, node, method, path, headers, body):
        self._node = node
        self._method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.items = list(_items(body))

    def forward(self, body=None):
        return _send(self._node, self._method, self.path, self.headers, self.body if body is None else body)


class BulkProxy:
    """Context manager: listens on a free port, `url`."""

    def __init__(self, node_url):
        self.node = urlsplit(node_url).netloc
        self.harm = None
        self.harmed = 0  # bulk requests that met a harm

    def __enter__(self):
        proxy = self

        class Handler(_Handler):
            def __init__(self, *arguments):
                self.proxy = proxy
                super().__init__(*arguments)

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.harm = None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client may keep its connection for as long as it likes
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that went away is nobody's error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one packet

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            status, answer_headers, answer = self._decide(headers, body)
        except (Lost, OSError, http.client.HTTPException):
            self.close_connection = True  # what the client would see of a node that is away
            return
        self._write(status, answer_headers, answer)

    def _decide(self, headers, body):
        harm = self.proxy.harm
        if harm and "/_bulk" in self.path:
            self.proxy.harmed += 1
            return harm(Bulk(self.proxy.node, self.command, self.path, headers, body))
        return _send(self.proxy.node, self.command, self.path, headers, body)

    def _write(self, status, headers, body):
        """`body` may be (bytes, full length): cut off, and the connection with it."""
        text, length = body if isinstance(body, tuple) else (body, len(body))
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP | {"date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
        if length != len(text):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer

    def log_message(self, *_):
        pass


def _send(node, method, path, headers, body):
    connection = http.client.HTTPConnection(node, timeout=90)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


def _items(body):
    lines = iter(body.decode().split("\n"))
    for line in lines:
        if line:
            ((action, metadata),) = json.loads(line).items()
            yield action, metadata, None if action == "delete" else next(lines)
