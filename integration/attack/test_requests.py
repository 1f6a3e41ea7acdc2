"""Requests that are no good, and what could be hidden in them."""

import random

import attack
from attack import PREFIX, SEARCH, Client, ask, request

HIDDEN = request(f"{PREFIX}/search?q=hidden")


class Malformed(attack.Case):
    def refused(self, data, *statuses):
        """One answer, an error in time, and then the end: nothing behind it is read."""
        with Client() as client, self.in_time():
            try:
                client.send(data)
            except ConnectionError:
                pass  # it has not read to the end
            answer = client.answer()
            self.assert_error(answer, *statuses)
            self.assertEqual(answer.headers["connection"], "close")
            self.assertTrue(client.is_closed(), data[:100])

    def test_huge_urls_and_headers(self):
        for size in (17_000, 1_000_000, 8_000_000):
            self.refused("GET /" + "a" * size, 414)
            self.refused(f"GET {SEARCH}&x=" + "%41" * (size // 3), 414)
            self.refused("GET / HTTP/1.1\r\nHost: h\r\nA: " + "a" * (2 * size), 431)
        self.refused("GET / HTTP/1.1\r\nHost: h\r\n" + "A: b\r\n" * 101 + "\r\n", 431)
        self.refused("GET / HTTP/1.1\r\nHost: h\r\n" + "A:\r\n" * 100_000, 431)
        self.refused("A" * 100_000, 414)

    def test_requests_that_two_servers_could_read_in_two_ways(self):
        for head in (
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: xchunked\r\n\r\n",
                "Transfer-Encoding : chunked\r\n\r\n",
                "Transfer-Encoding\x0b: chunked\r\n\r\n",
                "X: y\r\n Transfer-Encoding: chunked\r\n\r\n",
                "X: y\rTransfer-Encoding: chunked\r\n\r\n",
                "X: y\nTransfer-Encoding: chunked\r\n\r\n",
                "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
                "Content-Length: 0, 44\r\n\r\n",
                "Content-Length: +0\r\n\r\n",
                "Content-Length: 0x0\r\n\r\n",
                "Content-Length: -1\r\n\r\n",
                "Content-Length: 1e1\r\n\r\n",
                "Content-Length: \r\n\r\n",
                "Content-Length: 99999999999999999999\r\n\r\n",
                "Content\0-Length: 44\r\n\r\n",
                "X: \0\r\n\r\n",
                "Host: other\r\n\r\n",
                ": no name\r\n\r\n",
                "no colon\r\n\r\n"):
            with self.subTest(head):
                self.refused("POST / HTTP/1.1\r\nHost: h\r\n" + head + HIDDEN, 400, 413, 501)

    def test_lines_that_do_not_end_as_they_should(self):
        for data in ("GET / HTTP/1.1\nHost: h\n\n", "GET / HTTP/1.1\r\nHost: h\n\r\n", "\nGET / HTTP/1.1\r\n\r\n",
                     "GET /\r\nHost: h\r\n\r\n", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "GET\t/\tHTTP/1.1\r\n\r\n",
                     "GET / HTTP/9.9\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "\0" * 100,
                     "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with self.subTest(data):
                self.refused(data + HIDDEN, 400, 505)

    def test_a_body_with_a_request_in_it_is_not_answered(self):
        with Client() as client:
            client.send(request(SEARCH, f"Content-Length: {len(HIDDEN)}\r\n") + HIDDEN + request("/nowhere"))
            self.assertEqual(client.answer().json["total"], 2)
            self.assertEqual(client.answer().status, 404)

    def test_random_damage(self):
        good = (request(SEARCH, "Accept: */*\r\nContent-Length: 3\r\n") + "abc" + request("/nowhere")).encode()
        seed = random.randrange(2**32)
        dice = random.Random(seed)
        for _ in range(300):
            data = bytearray(good)
            for _ in range(dice.randrange(1, 6)):
                at = dice.randrange(len(data))
                data[at:at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
            with self.subTest(seed=seed, data=bytes(data)), Client(timeout=3) as client:
                client.send(bytes(data) + b"\r\n\r\n")
                client.socket.shutdown(1)
                while not client.is_closed():  # whatever it answers, it closes
                    client.received = b""


class Encodings(attack.Case):
    BAD = ("%", "%4", "%zz", "%u0041", "%00", "%ff", "%c0%80", "%c0%af", "%e0%80%af", "%ed%a0%80", "%ed%bf%bf",
           "%f4%90%80%80", "%f8%88%80%80%80", "%80", "%e6%97", "%fe", "%c3")

    def test_in_every_parameter_and_in_paths(self):
        for text in self.BAD:
            for target in (f"/search?q=a{text}", f"/search?{text}=a", f"/search?q=a&fields={text}",
                           f"/search?q=a&limit={text}", f"/search?q=a&offset={text}", f"/search?q=a&sort_by={text}",
                           f"/search?q=a&date_from={text}", f"/by-hashtag?hashtags={text}", f"/by-user/{text}",
                           f"/{text}"):
                with self.subTest(target):
                    self.assert_error(ask(PREFIX + target), 400)

    def test_raw_bytes(self):
        for raw in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe6\x97"):
            with Client() as client:
                client.send(b"GET /api/v1/projects/search?q=" + raw + b" HTTP/1.1\r\nHost: h\r\n\r\n")
                self.assert_error(client.answer(), 400)

    def test_paths_lead_nowhere_else(self):
        for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/_cat/indices", "/_search", "/_cluster/health",
                     f"{PREFIX}/search/../../../_all/_search", f"{PREFIX}%2fsearch?q=a", f"{PREFIX}/search%3fq=a",
                     "//search", "http://localhost:9200/_search", "*", f"{PREFIX}/by-user/1/../../_search"):
            with self.subTest(path):
                self.assert_error(ask(path), 400, 404)
