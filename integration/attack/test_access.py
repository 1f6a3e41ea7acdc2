"""Keys and origins."""

import pathlib
import urllib.request

import attack
from attack import PREFIX, SEARCH, Client, ask, request

WEB = "https://pages.example"


class Guarded(attack.Case):
    def ask(self, target=SEARCH, headers="", method="GET"):
        return ask(target, headers, method, attack.guarded_port)


class Keys(Guarded):
    def test_strangers_learn_nothing(self):
        answers = [self.ask(target, headers, method) for target in (SEARCH, "/", "/nowhere", f"{PREFIX}/search?x=1")
                   for headers in ("", "X-API-Key: wrong\r\n", "Authorization: Bearer wrong\r\n",
                                   "Authorization: Basic d2ViOndlYg==\r\n")
                   for method in ("GET", "POST")]
        for answer in answers:
            self.assert_error(answer, 401)
            self.assertTrue(answer.headers["www-authenticate"].startswith("Bearer"))
            self.assertNotIn(b"projects", answer.body)

    def test_each_key_opens(self):
        for key in attack.keys.values():
            self.assertEqual(self.ask(headers=f"X-API-Key: {key}\r\n").status, 200)
            self.assertEqual(self.ask(headers=f"Authorization: Bearer {key}\r\n").status, 200)

    def test_nothing_near_a_key_opens(self):
        key = attack.keys["web"]
        for wrong in (key[:-1], key + "x", key.upper(), " ", '"' + key + '"', key + ", " + key):
            self.assert_error(self.ask(headers=f"X-API-Key: {wrong}\r\n"), 401)
        self.assert_error(self.ask(headers=f"X-API-Key: {key}\r\nX-API-Key: {key}\r\n"), 401)
        self.assert_error(self.ask(f"{SEARCH}&api_key={key}"), 401)

    def test_a_key_opens_one_request_not_those_behind_it(self):
        with Client(attack.guarded_port) as client:
            client.send(request(SEARCH, f"X-API-Key: {attack.keys['web']}\r\n") + request(SEARCH))
            self.assertEqual(client.answer().status, 200)
            self.assertEqual(client.answer().status, 401)

    def test_strangers_are_told_of_health_and_no_more(self):
        self.assertEqual(self.ask("/health").json, {"status": "ok"})
        self.assertIn("index", self.ask("/health", f"X-API-Key: {attack.keys['web']}\r\n").json)

    def test_keys_are_counted_by_name_and_shown_nowhere(self):
        self.ask(headers=f"X-API-Key: {attack.keys['batch']}\r\n")
        shown = attack.host.log_text()
        for path in ("/metrics", "/pipelines", "/ready"):
            with urllib.request.urlopen(attack.admin_url + path, timeout=10) as response:
                shown += response.read().decode()
        self.assertIn("sluice_plugin_requests_by_batch_total", shown)
        for key in attack.keys.values():
            self.assertNotIn(key, shown)
            self.assertNotIn(key.encode(), pathlib.Path(f"/proc/{attack.host.process.pid}/cmdline").read_bytes())


class Origins(Guarded):
    def test_preflight_needs_no_key(self):
        answer = self.ask(headers=f"Origin: {WEB}\r\nAccess-Control-Request-Method: GET\r\n"
                          "Access-Control-Request-Headers: authorization\r\n", method="OPTIONS")
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(answer.headers["access-control-allow-origin"], WEB)
        self.assertEqual(answer.headers["access-control-allow-methods"], "GET, HEAD")
        self.assertIn("Authorization", answer.headers["access-control-allow-headers"])
        self.assertEqual(answer.headers["access-control-max-age"], "3600")
        self.assertEqual(answer.headers["vary"], "Origin")

    def test_errors_can_be_read(self):
        key = f"X-API-Key: {attack.keys['web']}\r\n"
        for headers, target, status in (("", SEARCH, 401), (key, f"{PREFIX}/search", 400), (key, "/nowhere", 404),
                                        (key, SEARCH, 200)):
            answer = self.ask(target, headers + f"Origin: {WEB}\r\n")
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.headers["access-control-allow-origin"], WEB)
            self.assertEqual(answer.headers["vary"], "Origin")
            self.assertNotIn("access-control-allow-credentials", answer.headers)

    def test_other_origins_are_allowed_nothing(self):
        for origin in ("https://evil.example", WEB + ".evil.example", "null", "*", "http://localhost:3001",
                       WEB + "\r\nOrigin: https://evil.example"):
            for method in ("GET", "OPTIONS"):
                answer = self.ask(headers=f"Origin: {origin}\r\nAccess-Control-Request-Method: GET\r\n", method=method)
                self.assertEqual([name for name in answer.headers if name.startswith("access-control-")], [], origin)
                self.assertEqual(answer.headers["vary"], "Origin")

    def test_is_off_by_default(self):
        answer = ask(SEARCH, f"Origin: {WEB}\r\n")
        self.assertFalse({"vary", "access-control-allow-origin"} & set(answer.headers))
        self.assert_error(ask(SEARCH, f"Origin: {WEB}\r\nAccess-Control-Request-Method: GET\r\n", "OPTIONS"), 405)
