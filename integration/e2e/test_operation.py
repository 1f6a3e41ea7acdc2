"""What an operator sees."""

import pathlib
import re
import subprocess
import time

from case import Case
from host import BINARY, free_port
from http_json import call
from stack import Stack


class Standby(Stack):
    """A hot standby of another stack's PostgreSQL."""

    def __init__(self, primary):
        super().__init__("postgres")
        self.primary = primary

    def prepare(self):
        data = pathlib.Path(self.folder, "data")
        env = self.primary.env | {"PGPASSWORD": self.primary.env.get("POSTGRES_PASSWORD", "postgres")}
        subprocess.run(["pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", f"--pgdata={data}/postgres",
                        "--host=localhost", f"--port={env['POSTGRES_PORT']}", "--username=postgres"], env=env, check=True)
        subprocess.run(["chown", "-R", f"--reference={self.primary.folder}/data/postgres", data], check=True)


class Operation(Case):
    def test_ready(self):
        answer = call("GET", f"{self.world.admin_url}/ready")
        self.assertEqual((answer.status, answer.json["ready"], answer.json["problems"]), (200, True, []))

    def test_not_ready_says_why(self):
        self.add_found_project()  # an event, on which the broken pipeline fails
        broken = self.world.pipeline_variant(
            "broken.yaml", ("name: projects\n", "name: broken\n"), ("table: projects\n", "table: projcts\n"))
        host = self.world.another_host(broken)
        host.spawn()
        self.addCleanup(host.log.close)
        self.addCleanup(host.stop)

        def has_reason():
            answer = call("GET", host.ready_url)
            self.assertEqual(answer.status, 503)
            self.assertIn("projcts", answer.text)

        self.eventually(has_reason)
        self.assertEqual(call("GET", host.ready_url.replace("ready", "health")).status, 200)  # it lives, to tell

    def test_kafka_away(self):
        """Nothing is written meanwhile: a task that reads nothing must not take silence for an end."""
        def is_told():
            answer = call("GET", f"{self.world.admin_url}/ready")
            self.assertEqual(answer.status, 503)
            self.assertIn("Kafka does not answer: ", answer.text)

        self.world.stack.kill("kafka")
        try:
            self.eventually(is_told, 12)
        finally:
            self.world.stack.up("kafka")
        self.becomes(lambda: call("GET", f"{self.world.admin_url}/ready").status, 200, 60)
        self.is_found(self.add_project(), 120)

    def test_a_standby_is_refused(self):
        """Its snapshots have another order than the primary's, on which the versions of documents rest."""
        reason = "this PostgreSQL server is a standby; connect to the primary"
        pipeline = self.world.pipeline_variant("standby.yaml", ("name: projects\n", "name: on_a_standby\n"))
        host = self.world.another_host(pipeline)
        with Standby(self.world.stack) as standby:
            host.env["POSTGRES_PORT"] = standby.env["POSTGRES_PORT"]
            host.spawn()
            self.addCleanup(host.log.close)
            self.addCleanup(host.stop)
            self.add_found_project()  # an event, for which the host on the standby would read

            def is_refused():
                answer = call("GET", host.ready_url)
                self.assertEqual(answer.status, 503)
                self.assertIn(reason, answer.text)

            self.eventually(is_refused)
            run = subprocess.run([BINARY, "validate", "--connect", pipeline], env=host.env, capture_output=True, text=True)
            self.assertEqual(run.returncode, 1, run.stdout)
            self.assertIn(reason, run.stderr)

    def test_validate(self):
        misspelt = self.world.pipeline_variant("misspelt.yaml", ("  brokers:", "  borkers:"))
        run = self.world.sluice("validate", misspelt)
        self.assertEqual(run.returncode, 1)
        line = misspelt.read_text().split("borkers")[0].count("\n") + 1
        self.assertRegex(run.stderr, re.escape(f"{misspelt}:{line}:3: ") + ".*borkers.*brokers")
        self.assertEqual(self.world.sluice("validate", self.world.pipeline_variant("sound.yaml")).returncode, 0)


class ReplicationSlot(Case):
    def state(self):
        answer = call("GET", f"{self.world.admin_url}/ready")
        self.assertEqual(answer.status, 200)  # whatever it is
        return answer.json["sources"]["projects"], [w for w in answer.json["warnings"] if "slot" in w]

    def is_read(self):
        source, warnings = self.state()
        self.assertEqual((source["replication_slot_active"], warnings), (True, []))
        self.assertEqual(self.world.metric("sluice_source_replication_slot_active"), 1)
        return source

    def test_is_told(self):
        source = self.eventually(self.is_read)
        self.assertEqual(source["replication_slot"], self.world.env.get("REPLICATION_SLOT", "sluice"))
        self.assertGreaterEqual(source["replication_slot_lag_bytes"], 0)
        self.assertIn("sluice_source_replication_slot_lag_bytes{", call("GET", f"{self.world.admin_url}/metrics").text)

    def test_without_a_connector_it_is_a_warning_and_its_lag_grows(self):
        def is_warned_of():
            source, warnings = self.state()
            self.assertEqual(source["replication_slot_active"], False)
            self.assertIn("no connector reads", warnings[0])
            self.assertEqual(self.world.metric("sluice_source_replication_slot_active"), 0)
            return source["replication_slot_lag_bytes"]

        self.eventually(self.is_read)
        self.world.stack.kill("connect")
        try:
            lag = self.eventually(is_warned_of)
            self.sql("SELECT pg_logical_emit_message(false, 'x', repeat('x', 1048576))")
            self.eventually(lambda: self.assertGreater(is_warned_of(), lag + 1048576))
        finally:
            self.world.stack.up("connect")
        self.eventually(self.is_read, 120)


class FailedTask(Case):
    """Two pipelines of one host; a document that the one's index refuses fails it."""

    def setUp(self):
        host = self.world.another_host(self.pipeline("fragile"))
        host.command.append(str(self.pipeline("sturdy")))
        self.admin_url = host.ready_url.removesuffix("/ready")
        self.addCleanup(self.world.opensearch, "DELETE", "/fragile-*,sturdy-*")
        self.enterContext(host)
        self.have_caught_up(self.add_project())
        self.becomes(self.filled, {"fragile": "SUCCEEDED", "sturdy": "SUCCEEDED"}, 150)
        self.restart_without_tolerance(host)

    def restart_without_tolerance(self, host):
        """Not before now: the tests before may have left a record in Kafka that cannot be decoded."""
        host.stop()
        self.pipeline("fragile", ("tolerance: all\n  dead_letter_topic: sluice.projects.dlq", "tolerance: none"))
        host.start()
        self.have_caught_up(self.add_project())

    def have_caught_up(self, project):
        """Both begin with all that the tests before have left in Kafka."""
        for index in ("fragile", "sturdy"):
            self.eventually(lambda: self.tags_in(index, project), 120)
        self.becomes(lambda: self.world.metric("sluice_lag_records", self.admin_url), 0, 120)

    def pipeline(self, name, *more):
        return self.world.pipeline_variant(
            f"{name}.yaml", ("name: projects\n", f"name: {name}\n"), ("port: ${PORT:-8080}", f"port: {free_port()}"),
            ("index: ${OPENSEARCH_INDEX:-projects}\n    mapping", f"index: {name}\n    mapping"), *more)

    def filled(self):
        """The jobs that fill the indices; such a record hinders them for as long as it is newer than a minute."""
        return {pipeline["name"]: pipeline["jobs"][0]["state"] for pipeline in self.pipelines()}

    def states(self):
        return {pipeline["name"]: pipeline["state"] for pipeline in self.pipelines()}

    def task(self):
        return self.pipelines()[0]["tasks"][0]

    def pipelines(self):
        return call("GET", f"{self.admin_url}/pipelines").json["pipelines"]

    def tags_in(self, index, project):
        document = self.world.opensearch("GET", f"/{index}/_doc/{project.id}")
        return len(document["_source"]["hashtags"])

    def limit_nested(self, limit):
        self.world.opensearch("PUT", "/fragile/_settings", {"index.mapping.nested_objects.limit": limit})

    def has_failed(self):
        answer = call("GET", f"{self.admin_url}/ready")
        self.assertEqual(answer.status, 503)
        self.assertRegex(answer.text, "fragile: task 0 is FAILED: .*nested")
        self.assertNotIn("sturdy", " ".join(answer.json["problems"]))
        self.assertEqual(self.states(), {"fragile": "FAILED", "sturdy": "RUNNING"})

    def test_is_told_within_5_s_leaves_the_other_pipeline_alone_and_is_over_with_its_cause(self):
        project, tags = self.add_project(), [self.add_hashtag() for _ in range(2)]
        self.eventually(lambda: self.tags_in("fragile", project))
        self.limit_nested(1)
        for tag in tags:
            self.link_hashtag(tag, project)
        self.becomes(lambda: self.tags_in("sturdy", project), 2)  # so the other has read the change, too
        started = time.monotonic()
        self.eventually(self.has_failed, 5)
        self.assertLessEqual(time.monotonic() - started, 5)  # an answer may have been awaited past the deadline

        other = self.add_project()
        self.eventually(lambda: self.tags_in("sturdy", other))
        self.eventually(lambda: self.assertGreaterEqual(self.task()["restarts"], 2), 150)
        self.limit_nested(None)
        self.becomes(lambda: self.tags_in("fragile", project), 2, 90)
        self.becomes(lambda: self.tags_in("fragile", other), 0)
        self.becomes(lambda: call("GET", f"{self.admin_url}/ready").status, 200)
        self.assertEqual(self.states(), {"fragile": "RUNNING", "sturdy": "RUNNING"})
