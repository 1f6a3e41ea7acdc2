"""Nobody gets to see a secret: not in a log at its most talkative, nor in an answer or an error, whatever fails; neither as it
is, nor in base64 as in `Authorization: Basic`, nor percent-encoded."""

import base64
import json
import re
import subprocess
import tempfile
import unittest
import urllib.parse

from doors import DOCUMENTS, SCHEMA, pipeline_of
from host import BINARY, Host, free_port
from http_json import call
from oracle import wait_until_equal
from secure_stack import BROKER_PASSWORD, KEY_PASSWORD, SEARCH_PASSWORD, USER
from waiting import eventually
from world import World

SENTINEL = re.compile("sentinel-[a-z]+-word[^ ]{0,40}")
BASE64 = re.compile("[A-Za-z0-9+/_-]{16,}")
ADMIN_TOKEN = "sentinel-token-word-of-the-admin-api"
SEARCH_KEY = "sentinel-visitor-word-of-the-search-api"


def sentinels(text):
    """What there is of secrets in the text, in whatever form."""
    plain = urllib.parse.unquote(text)
    readings = {text, plain} | {reading for word in set(BASE64.findall(plain)) for reading in decoded(word)}
    return sorted({sentinel for reading in readings for sentinel in SENTINEL.findall(reading)})


def decoded(word):
    """If it is base64, of which the first letters may belong to something else."""
    word = word.replace("-", "+").replace("_", "/")
    for start in range(4):
        padding = "A" * ((start - len(word)) % 4)
        yield base64.b64decode(word[start:] + padding).decode(errors="replace")


class Secrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = World.stack
        env = {"SLUICE_ADMIN_TOKEN": ADMIN_TOKEN}
        cls.world = cls.enterClassContext(World("secrets", pipeline_of("secrets"), SCHEMA, env, started=False))

    def setUp(self):
        self.said = []

    def file(self, name, secret):
        """A secret as orchestrators mount it: a file whose text ends with a line break."""
        return "${file:%s}" % self.world.file(name, secret + "\n")

    def pipeline(self, broker=BROKER_PASSWORD, search=SEARCH_PASSWORD, database="${POSTGRES_PASSWORD}"):
        pipeline = pipeline_of("secrets", source={
            "brokers": f"localhost:{self.stack.doors['sasl']}", "topics": ["^secrets[.]"],
            "properties": {"security.protocol": "SASL_SSL", "ssl.ca.location": str(self.stack.authority.certificate),
                           "sasl.mechanism": "PLAIN", "sasl.username": USER, "debug": "security,conf,broker",
                           "sasl.password": self.file("broker", broker), "ssl.certificate.location":
                           str(self.stack.client.certificate), "ssl.key.location": str(self.stack.client.key),
                           "ssl.key.password": KEY_PASSWORD}})
        pipeline["denormalize"]["config"]["connection"] |= {
            "password": database, "sslrootcert": str(self.stack.authority.certificate), "sslpassword": "sentinel-client-word"}
        server = {"url": f"https://localhost:{self.stack.doors['search']}", "ca_file": str(self.stack.authority.certificate),
                  "username": USER, "password": self.file("search", search)}
        pipeline["sink"]["config"] |= server
        search = {"port": free_port(), "opensearch": server, "index": "${OPENSEARCH_INDEX}", "base_path": "/things",
                  "api_keys": [{"name": "tester", "key": SEARCH_KEY}], "tiebreak": "id",
                  "routes": [{"path": "/search", "kind": "search", "fields": {"name": ["name"]}, "default_fields": ["name"]}]}
        self.search_url = f"http://127.0.0.1:{search['port']}/things/search?q=of"
        return pipeline | {"services": {"search": {"plugin": "search-api", "config": search}}}

    def hears(self, text):
        self.said.append(text)

    def run_command(self, *arguments):
        """Some try for minutes: two seconds of what they say are enough."""
        with tempfile.TemporaryFile("w+") as log:
            command = subprocess.Popen([BINARY, "--log-level", "trace", *arguments], env=self.world.env, stdout=log, stderr=log)
            try:
                command.wait(2)
            except subprocess.TimeoutExpired:
                command.terminate()
                command.wait(20)
            log.seek(0)
            self.hears(log.read())
            return command.returncode

    def run_all_commands(self, path):
        for command in (["validate"], ["validate", "--connect"], ["explain"], ["explain", "--json"], ["verify"], ["mapping"],
                        ["index", "init"], ["dlq", "list"]):
            self.run_command(*command, path)
        self.run_command("job", "run", path, "reconcile")
        for command in (["--help"], ["run", "--help"], ["options"], ["plugins", "list"], ["plugins", "describe", "search-api"],
                        ["health"]):
            self.run_command(*command)

    def run_host(self, path, until):
        """Its log, and all that it answers, once `until` (a check of its log so far) passes."""
        host = Host(path, self.world.env, f"{self.world.admin_url}/health", ["--log-level", "trace"])
        with host:
            eventually(lambda: until(host.log_text()))
            eventually(self.ask, passing=OSError)
            self.hears(self.call("POST", f"{self.world.admin_url}/pipelines/secrets/jobs/reconcile/run", ADMIN_TOKEN))
            self.hears(host.log_text())

    def ask(self):
        """All that can be asked of a host that runs."""
        for url in ("/health", "/ready", "/metrics", "/pipelines"):
            for token in (ADMIN_TOKEN, "wrong"):
                self.hears(self.call("GET", self.world.admin_url + url, token))
        for key in (SEARCH_KEY, "wrong"):
            self.hears(self.call("GET", self.search_url, key))

    def call(self, method, url, token):
        return call(method, url, headers={"Authorization": f"Bearer {token}"}).text

    def nothing_was_told(self):
        self.assertEqual(sentinels("\n".join(self.said)), [])

    def write(self, pipeline, name="secrets.yaml"):
        return str(self.world.file(name, json.dumps(pipeline)))

    def test_all_is_well(self):
        path = self.write(self.pipeline())
        self.world.sql("INSERT INTO thing VALUES (1, 'of all')")
        self.world.host = host = Host(path, self.world.env, f"{self.world.admin_url}/health", ["--log-level", "trace"])
        self.addCleanup(host.log.close)
        self.addCleanup(host.stop)
        host.start()
        wait_until_equal(self.world, DOCUMENTS)  # so files without their line breaks are what the servers were given
        eventually(self.ask, passing=OSError)
        self.hears(host.log_text())
        self.run_all_commands(path)
        self.nothing_was_told()

    def test_every_server_refuses(self):
        def refused_by(*servers):
            def check(text):
                for words in servers:
                    self.assertIn(words, text)
            return check

        wrong = "sentinel-wrong-word"
        path = self.write(self.pipeline(broker=wrong))
        self.run_host(path, refused_by("Invalid username or password"))
        path = self.write(self.pipeline(database=wrong))
        self.world.sql("INSERT INTO thing VALUES (2, 'of all') ON CONFLICT DO NOTHING")
        self.run_all_commands(path)
        self.run_host(path, refused_by("password authentication failed"))
        path = self.write(self.pipeline(search=wrong))
        self.run_all_commands(path)
        self.run_host(path, refused_by("status 401"))
        self.nothing_was_told()

    def refused(self, change, *words):
        pipeline = self.pipeline()
        change(pipeline)
        path = self.write(pipeline, "mistaken.yaml")
        for command in (["validate"], ["run"]):
            self.said.clear()
            self.assertEqual(self.run_command(*command, path), 1)
            self.assertRegex("".join(self.said), r"mistaken\.yaml:1:\d+: error: ")
            for word in words:
                self.assertIn(word, "".join(self.said))

    def test_mistakes_in_the_file(self):
        def connection(pipeline):
            return pipeline["denormalize"]["config"]["connection"]

        mistakes = [
            (lambda p: connection(p).update(password="${file:/nowhere/secret}"), "cannot read the file /nowhere/secret"),
            (lambda p: connection(p).update(password="${NOT_SET_ANYWHERE}"), "environment variable NOT_SET_ANYWHERE is not set"),
            (lambda p: connection(p).update(password=["sentinel-list-word"]), "password"),
            (lambda p: connection(p).update(passwort="x"), "did you mean"),
            (lambda p: p["sink"]["config"].update(url="https://me:sentinel-url-word@localhost:1"), "url"),
            (lambda p: p["sink"]["config"].update(url="me:sentinel-url-word@localhost"), "url"),
        ]
        for change, words in mistakes:
            with self.subTest(words):
                self.refused(change, words)
                self.nothing_was_told()

    def test_what_is_no_secret_is_told(self):
        """So the other tests would hear one, in any form."""
        word = "sentinel-port-word"
        forms = [word, "".join(f"%{letter:02X}" for letter in word.encode())]
        forms += [base64.b64encode(f"{user}:{word}".encode()).decode() for user in ("me", USER, "other")]
        for form in forms:
            with self.subTest(form):
                self.refused(lambda p: p["denormalize"]["config"]["connection"].update(port=form), form)
                with self.assertRaises(AssertionError):
                    self.nothing_was_told()
