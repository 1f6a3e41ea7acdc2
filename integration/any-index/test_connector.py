"""scripts/setup-debezium.sh on a connector that is there already: it adds tables, and takes none away unasked."""

import subprocess
import unittest

from http_json import call
from stack import SCRIPTS
from world import World, pipeline_for

SCHEMA = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY)"


class Connector(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World("connector", pipeline_for("connector", {"table": "a"}), SCHEMA, started=False))

    def setUp(self):
        """Whatever another test made of it."""
        self.succeeds(CAPTURED_TABLES="public.a,public.b", REPLACE_CONNECTOR="yes")

    def setup_debezium(self, **variables):
        return subprocess.run([SCRIPTS / "setup-debezium.sh"], env=self.world.env | variables, capture_output=True, text=True,
                              timeout=120)

    def config(self):
        return call("GET", f"{self.world.env['CONNECT_URL']}/connectors/connector/config").json

    def succeeds(self, **variables):
        run = self.setup_debezium(**variables)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("connector connector runs", run.stdout)
        return self.config()["table.include.list"]

    def is_refused(self, *words, **variables):
        before = self.config()
        run = self.setup_debezium(**variables)
        self.assertEqual(run.returncode, 1, run.stdout)
        for word in (*words, "CONNECTOR_NAME", "REPLACE_CONNECTOR"):
            self.assertIn(word, run.stderr)
        self.assertEqual(self.config(), before)

    def test_the_same_tables_in_any_order_and_more_of_them(self):
        self.assertEqual(self.succeeds(CAPTURED_TABLES="public.b, public.a"), "public.b, public.a")
        self.assertEqual(self.succeeds(CAPTURED_TABLES="public.c,public.a,public.b"), "public.c,public.a,public.b")

    def test_a_pattern_that_covers_what_was_named_and_the_same_pattern_again(self):
        pattern = r"public\.[a-c]"
        self.assertEqual(self.succeeds(CAPTURED_TABLES=pattern), pattern)
        self.assertEqual(self.succeeds(CAPTURED_TABLES=pattern), pattern)
        self.is_refused(f"capture: {pattern}\n", CAPTURED_TABLES="public.a,public.b,public.c")

    def test_tables_are_not_taken_away(self):
        self.is_refused("capture: public.b\n", CAPTURED_TABLES="public.a,public.c")
        self.is_refused("capture: public.a public.b\n", CAPTURED_TABLES="public.aa")

    def test_database_slot_and_prefix_are_not_changed(self):
        same = {"CAPTURED_TABLES": "public.a,public.b"}
        self.is_refused("database.dbname is 'connector' there, not 'postgres'", POSTGRES_DB="postgres", **same)
        self.is_refused("slot.name is 'sluice_connector' there, not 'sluice'", REPLICATION_SLOT="sluice", **same)
        self.is_refused("topic.prefix is 'connector' there, not 'cdc'", TOPIC_PREFIX="cdc", **same)
        self.assertEqual(self.world.sql("SELECT slot_name FROM pg_replication_slots WHERE slot_name = 'sluice'"), [])

    def test_tables_are_taken_away_if_that_is_meant(self):
        self.assertEqual(self.succeeds(CAPTURED_TABLES="public.b", REPLACE_CONNECTOR="yes"), "public.b")
