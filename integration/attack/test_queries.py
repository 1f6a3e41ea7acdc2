"""What comes to OpenSearch: nothing but the words and numbers that were meant."""

import time
import urllib.parse

import attack
import dataset
from attack import PREFIX, ask, search
from http_json import call

SYNTAX = ("*", "?", "ledg*", "*edger", "l?dger", "/led.*/", "ledger~", "ledger~2", "name:ledger", "_exists_:name",
          "_id:1", "[* TO *]", "{a TO z}", "(ledger", "ledger)", "ledger AND (", "NOT ledger", "-ledger", "+ledger",
          "ledger^1000", '"ledger', "\\", "ledger\\", "&&", "||", "!", ":", "/", "' OR 1=1 --", "; DROP TABLE projects",
          "${jndi:ldap://localhost/x}", "<script>alert(1)</script>", "{{7*7}}")
JSON = ('"}', '"}}', '{"match_all":{}}', '"},"match_all":{"', '","fields":["*"],"x":"', "]}", '\\"}', "\\u0000",
        '"}}],"should":[{"match_all":{}}]', '{"script":{"source":"1"}}', "null", "true", "[]", "\x01", "\x7f", "\u2028")
ALL = len(dataset.DOCUMENTS)


class Injection(attack.Case):
    def harmless(self, answer):
        """A refusal, or hits for the words alone; never everything, and nothing of OpenSearch's own."""
        self.assertIn(answer.status, (200, 400), answer.body[:500])
        if answer.status == 200:
            self.assertLess(answer.json["total"], ALL)
        self.assertNotIn(b"exception", answer.body)

    def test_in_the_text(self):
        for text in SYNTAX + JSON:
            for options in ({}, {"fuzzy": "true"}, {"operator": "and"}):
                with self.subTest(text=text, **options):
                    self.harmless(search(q=text, **options))

    def test_syntax_has_no_meaning(self):
        """It finds what the words in it find."""
        for text, words in (("*edger", "edger"), ("ledge?", "ledge"), ("l?dger", "l dger"), ("/.*edger/", "edger"),
                            ("name:photo", "name photo"), ("ledger~9", "ledger 9"), ("photo^1000", "photo 1000"),
                            ("NOT photo", "not photo"), ("[a TO z]", "a to z"), ("-photo", "photo")):
            self.assertEqual(search(q=text).json["hits"], search(q=words).json["hits"], text)
        for text in ("*", "*:*", "?", "~", "/.*/", "*edger"):
            self.assertEqual(search(q=text).json["total"], 0, text)

    def test_in_terms_and_keys(self):
        for text in SYNTAX + JSON:
            for match in ("any", "all"):
                with self.subTest(text=text, match=match):
                    self.harmless(search("/by-hashtag", hashtags=text, match=match))
        for key in ("1 OR 1=1", "*", "1,2", '1"}', "-1", "1e3", "0x1", "9223372036854775808", "1.0", "１"):
            with self.subTest(key):
                self.assert_error(ask(f"{PREFIX}/by-user/{urllib.parse.quote(key, safe='')}"), 400)

    def test_in_every_other_parameter(self):
        for path, needed, names in (
                ("/search", {"q": "ledger"}, ("fuzzy", "operator", "fields", "limit", "offset", "sort_by", "sort_order",
                                              "date_from", "date_to")),
                ("/by-user/1", {}, ("limit", "offset", "match")),
                ("/by-hashtag", {"hashtags": "kafka"}, ("limit", "offset", "match"))):
            self.assertEqual(search(path, **needed).status, 200)
            for name in names:
                for text in SYNTAX + JSON + ("name.keyword", "_doc", "_script", "users.email", "name^1000", "_source"):
                    if (name, text) == ("fuzzy", "true"):
                        continue
                    with self.subTest(path=path, name=name, text=text):
                        self.assert_error(search(path, **needed, **{name: text}), 400)

    def test_parameters_of_opensearch_are_none_of_ours(self):
        for name in ("source", "_source", "scroll", "routing", "preference", "size", "from", "index", "timeout",
                     "filter_path", "allow_partial_search_results", "terminate_after", "rest_total_hits_as_int"):
            self.assert_error(search(q="ledger", **{name: "1"}), 400)


class Expensive(attack.Case):
    def test_deep_pages(self):
        self.assertEqual(search(q="paging", offset=10_000, limit=100).json["hits"], [])
        for offset in (10_001, 10**9, 2**63, 10**30):
            self.assert_error(search(q="paging", offset=offset), 400)
        for _ in range(20):
            with self.in_time():
                self.assertEqual(search(q="paging", offset=10_000, limit=100, sort_by="name").status, 200)

    def test_many_fuzzy_words(self):
        words = " ".join(f"{chr(97 + i % 26)}realtime{i}" for i in range(32))
        for text in (words, "a" * 1000, "é" * 1000, ".".join(["abcd"] * 200), "-".join(["ababab"] * 140), "日" * 1000,
                     "\U0001f50d" * 1000, "a\u0301" * 500, ".".join("a" * 500)):
            for fuzzy in ("false", "true"):
                for operator in ("or", "and"):
                    with self.subTest(text=text[:40], fuzzy=fuzzy, operator=operator), self.in_time():
                        answer = search(q=text, fuzzy=fuzzy, operator=operator, limit=100)
                        self.assertIn(answer.status, (200, 400), answer.body[:300])

    def test_many_terms(self):
        terms = [f"{i}{'x' * 250}" for i in range(45)]
        for match in ("any", "all"):
            with self.in_time():
                self.assertEqual(search("/by-hashtag", hashtags=terms, match=match).json["total"], 0)
        self.assert_error(search("/by-hashtag", hashtags=[str(i) for i in range(51)]), 400)

    def test_what_opensearch_says_when_a_search_is_ended(self):
        """The service goes by these words: asked of OpenSearch itself, with a query that no client can bring about."""
        url = f"{attack.stack.env['OPENSEARCH_URL']}/{dataset.ALIAS}/_search?allow_partial_search_results=false"
        script = "double x = 0; for (int i = 0; i < 900000; ++i) x += Math.sin(i); return x * x"
        slow = {"query": {"script_score": {"query": {"match_all": {}}, "script": {"source": script}}}}
        for limit, reason in (("timeout", "Time exceeded"), ("cancel_after_time_interval", "task_cancelled_exception")):
            answer = call("POST", f"{url}&{limit}=50ms", slow)
            self.assertEqual(answer.status, 500)
            self.assertIn(reason, answer.text)

    def test_no_more_documents_are_looked_at_than_the_service_allows(self):
        """The guarded one: 5."""
        key = f"X-API-Key: {attack.keys['web']}\r\n"
        for path in ("/search?q=paging&limit=100", "/search?q=paging&limit=100&sort_by=name", "/by-user/900?limit=100",
                     "/by-hashtag?hashtags=paging"):
            with self.subTest(path):
                whole = ask(PREFIX + path).json
                self.assertEqual(whole["total"], dataset.PAGING_COUNT)
                self.assertNotIn("terminated_early", whole)
                early = ask(PREFIX + path, key, to_port=attack.guarded_port).json
                self.assertIs(early["terminated_early"], True)
                self.assertEqual((early["total"], len(early["hits"])), (5, 5))
        few = ask(attack.SEARCH, key, to_port=attack.guarded_port).json
        self.assertEqual(few["hits"], ask(attack.SEARCH).json["hits"])
        self.assertNotIn("terminated_early", few)

    def test_many_at_once(self):
        clients = [attack.Client() for _ in range(200)]
        started = time.monotonic()
        for number, client in enumerate(clients):
            client.send(attack.request(f"{attack.PREFIX}/search?fuzzy=true&limit=100&q=" +
                                       "+".join(f"paging{number}word{i}" for i in range(32))))
        statuses = {client.answer().status for client in clients}
        self.assertLess(time.monotonic() - started, attack.LONGEST + 1)
        self.assertLessEqual(statuses, {200, 503})
        for client in clients:
            client.close()
