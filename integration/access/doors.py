"""A pipeline that is to get through the door of one server, or to be kept out."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from host import BINARY, Host
from http_json import call
from oracle import wait_until_equal
from waiting import eventually
from world import World, pipeline_for

SCHEMA = "CREATE TABLE thing (id int PRIMARY KEY, name text)"
DOCUMENTS = "SELECT id, row_to_json(thing) FROM thing"


def pipeline_of(name, **sections):
    return pipeline_for(name, {"table": "thing"}, mapping=pathlib.Path(__file__).with_name("thing.json"), **sections)


class Doors(unittest.TestCase):
    """A world whose host each test starts with a pipeline of its own: `is_refused`, `is_let_in`. All are of one consumer
    group and one index, so what came in while one was refused is there for the next that is not."""

    name = None

    @classmethod
    def setUpClass(cls):
        if cls.name is None:
            raise unittest.SkipTest("has no tests of its own")
        cls.stack = World.stack
        cls.world = cls.enterClassContext(World(cls.name, pipeline_of(cls.name), SCHEMA, cls.variables(), started=False))
        cls.rows = 0

    @classmethod
    def variables(cls):
        """Of the environment, for the pipeline and scripts/setup-debezium.sh."""
        return {}

    def write(self):
        """One more row; the rows so far."""
        cls = type(self)
        cls.rows += 1
        self.world.sql(f"INSERT INTO thing VALUES ({cls.rows}, 'of {self.id()}')")

    def use(self, pipeline):
        """The pipeline that the host and the commands of this test run."""
        self.file = self.world.file("variant.yaml", json.dumps(pipeline))

    def host(self, pipeline):
        """The host on that pipeline, yet to be started; it is stopped when the test ends."""
        self.use(pipeline)
        host = Host(self.file, self.world.env, f"{self.world.admin_url}/ready")
        self.addCleanup(host.log.close)
        self.addCleanup(host.stop)
        self.world.host, before = host, self.world.host
        self.addCleanup(setattr, self.world, "host", before)
        return host

    def is_refused(self, pipeline, *words, secrets=()):
        """All that the operator may ask says which server and why, and nothing is written or lost."""
        before = self.documents()
        self.write()
        host = self.host(pipeline)
        host.spawn()

        def says_why():
            ready = call("GET", f"{self.world.admin_url}/ready")
            self.assertEqual(ready.status, 503)
            self.ready = ready.text
            pipelines = call("GET", f"{self.world.admin_url}/pipelines").text
            for word in words:
                for text in (ready.text, pipelines, host.log_text()):
                    self.assertIn(word, text)

        try:
            eventually(says_why)
        except OSError:
            raise AssertionError(host.log_text()) from None
        host.stop()
        for secret in secrets:
            self.assertNotIn(secret, host.log_text())
        self.assertEqual(self.documents(), before)

    def command_says(self, *words, command):
        """One that tries for a minute or more is ended once it has said these words."""
        with tempfile.TemporaryFile("w+") as log:
            run = subprocess.Popen([BINARY, *command], env=self.world.env, stdout=log, stderr=log)
            try:
                eventually(lambda: self._contains(log, words))
            finally:
                run.terminate()
                self.assertNotEqual(run.wait(20), 0)

    def _contains(self, log, words):
        log.seek(0)
        text = log.read()
        for word in words:
            self.assertIn(word, text)

    def is_let_in(self, pipeline):
        """What comes now, and what came while others were refused; and what the commands need."""
        self.write()
        host = self.host(pipeline)
        try:
            host.start()
        except RuntimeError:
            raise AssertionError(host.log_text()) from None
        wait_until_equal(self.world, DOCUMENTS)
        self.let_in_as_well()
        verify = self.world.sluice("verify", str(self.file))
        self.assertEqual(verify.returncode, 0, verify.stderr)
        host.stop()

    def let_in_as_well(self):
        """What more there is to be seen of the host while it runs."""

    def documents(self):
        """How many there are; none while there is no index."""
        call("POST", f"{self.world.opensearch_url}/{self.world.index}/_refresh")
        answer = call("GET", f"{self.world.opensearch_url}/{self.world.index}/_count")
        return answer.json["count"] if answer.status == 200 else 0
