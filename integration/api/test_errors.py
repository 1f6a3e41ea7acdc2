"""What the search refuses, and what is not a search at all."""

import socket

import api
from api import Case, request


class BadParameters(Case):
    CASES = [
        # query, parameter, value, part of the message
        ("", "q", "", "required"),
        ("q=", "q", "", "blank"),
        ("q=%20%09", "q", " \t", "blank"),
        ("q=a&q=b", "q", "b", "2 times"),
        ("q=a&fuzzy=1", "fuzzy", "1", "false, true"),
        ("q=a&operator=xor", "operator", "xor", "or, and"),
        ("q=a&fields=nam", "fields", "nam", "Did you mean 'name'?"),
        ("q=a&fields=", "fields", "", "empty item"),
        ("q=a&limit=0", "limit", "0", "from 1 to 100"),
        ("q=a&limit=101", "limit", "101", "from 1 to 100"),
        ("q=a&limit=-1", "limit", "-1", "integer"),
        ("q=a&limit=%2B5", "limit", "+5", "integer"),
        ("q=a&limit=1x", "limit", "1x", "integer"),
        ("q=a&limit=1e1", "limit", "1e1", "integer"),
        ("q=a&limit=", "limit", "", "integer"),
        ("q=a&limit=18446744073709551617", "limit", "18446744073709551617", "integer"),
        ("q=a&limit=5&limit=5", "limit", "5", "2 times"),
        ("q=a&offset=10001", "offset", "10001", "from 0 to 10000"),
        ("q=a&offset=-1", "offset", "-1", "integer"),
        ("q=a&sort_by=id", "sort_by", "id", "must be one of"),
        ("q=a&sort_by=name.keyword", "sort_by", "name.keyword", "must be one of"),
        ("q=a&sort_order=DESC", "sort_order", "DESC", "Did you mean 'desc'?"),
        ("q=a&date_from=today", "date_from", "today", "ISO 8601"),
        ("q=a&date_from=2025-02-29", "date_from", "2025-02-29", "ISO 8601"),
        ("q=a&date_to=2025-01-01T25:00", "date_to", "2025-01-01T25:00", "ISO 8601"),
        ("q=a&date_to=2025-01-01T00:00:00+01:00", "date_to", "2025-01-01T00:00:00 01:00", "%2B"),
        ("q=a&date_from=2025-01-02&date_to=2025-01-01", "date_from", "2025-01-02", "later"),
        ("q=a&lmit=5", "lmit", "5", "Did you mean 'limit'?"),
        ("q=a&hashtags=b", "hashtags", "b", "no parameter"),
        ("q=%", "q", "%", "hexadecimal"),
        ("q=%zz", "q", "%zz", "hexadecimal"),
        ("q=%ff", "q", "%ff", "UTF-8"),
        ("q=%C0%80", "q", "%C0%80", "UTF-8"),
        ("q=a%00b", "q", "a%00b", "NUL"),
    ]

    def test_are_refused_by_name(self):
        for query, parameter, value, message in self.CASES:
            with self.subTest(query):
                error = self.refused(parameter, "/search", query)
                self.assertEqual(error["value"], value)
                self.assertIn(message, error["message"])

    def test_lists_what_is_allowed(self):
        self.assertEqual(self.refused("sort_by", "/search", "q=a&sort_by=x")["allowed"],
                         ["created_at", "name", "slug", "updated_at", "_score"])
        self.assertEqual(self.refused("limit", "/search", "q=a&limit=x")["allowed"],
                         "an integer from 1 to 100")
        self.assertIn("date_from", self.refused("x", "/search", "q=a&x=1")["allowed"])

    def test_a_text_that_is_too_long_is_refused(self):
        self.refused("q", "/search", q="é" * 1001)
        self.refused("q", "/search", q=" ".join(["word"] * 33))

    def test_health_needs_none(self):
        self.assertEqual(request("GET", "/health").status, 200)


class Http(Case):
    def test_unknown_paths_are_404(self):
        for path in ("/", "/api/v1/projects", "/api/v1/projects/search/", "/api/v1/projects/Search",
                     "/search", "/health/", "/favicon.ico"):
            answer = request("GET", path)
            self.assertEqual(answer.status, 404, path)
            self.assertEqual(answer.json["error"]["status"], 404)

    def test_other_methods_are_405(self):
        for path in ("/api/v1/projects/search?q=a", "/api/v1/projects/by-user/1", "/health"):
            for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                answer = request(method, path)
                self.assertEqual(answer.status, 405, method)
                self.assertEqual(answer.headers["Allow"], "GET, HEAD")
                self.assertEqual(answer.json["error"]["status"], 405)

    def test_head_is_get_without_a_body(self):
        for path, status in (("/api/v1/projects/search?q=ledger", 200), ("/health", 200),
                             ("/api/v1/projects/search", 400), ("/nowhere", 404)):
            answer = request("HEAD", path)
            self.assertEqual((answer.status, answer.text), (status, ""))
            self.assertGreater(int(answer.headers["Content-Length"]), 0)

    def test_pipelined_requests_are_answered_in_order(self):
        with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
            ask = "GET /api/v1/projects/search?q=ledger&limit={} HTTP/1.1\r\nHost: x\r\n{}\r\n"
            requests = "".join(ask.format(n, "") for n in range(1, 10)) + ask.format(10, "Connection: close\r\n")
            connection.sendall(requests.encode())
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        answers = received.split(b"HTTP/1.1 200 OK\r\n")[1:]
        self.assertEqual(len(answers), 10)
        for number, answer in enumerate(answers, 1):
            self.assertIn(b'"limit":%d,' % number, answer)

    def test_raw_utf8_in_the_target_is_understood(self):
        with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
            connection.sendall("GET /api/v1/projects/search?q=日本語 HTTP/1.1\r\nHost: x\r\n"
                               "Connection: close\r\n\r\n".encode())
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        self.assertIn(b'"total":1', received)
