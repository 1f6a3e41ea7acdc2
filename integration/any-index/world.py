"""One pipeline with all that belongs to it: a database, a connector, an index and a host of its own, on the stack that
the whole group shares. Writing a test:

    from oracle import wait_until_equal
    from world import World, pipeline_for

    SCHEMA = "CREATE TABLE author (id int PRIMARY KEY, name text); CREATE TABLE post (id int PRIMARY KEY, ...); ..."
    DOCUMENTS = '''SELECT id, json_build_object('id', id, 'title', title, 'author', (SELECT ...)) FROM post'''

    class Posts(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            pipeline = pipeline_for("posts", {"table": "post", "children": [{"name": "author", "table": "author"}]})
            cls.world = cls.enterClassContext(World("posts", pipeline, SCHEMA))

        def test_rename(self):
            self.world.sql("UPDATE author SET name = 'Ida' WHERE id = 1")
            wait_until_equal(self.world, DOCUMENTS)      # the whole index says what the query says

`waiting.eventually(check)` waits for any other condition. What else there is: `world.host` (stop, kill, start,
log_text), `world.sluice("job", "run", world.pipeline, "reconcile")`, `world.session()`, `world.metric(name)`,
`world.opensearch(method, path, body)`, `world.kafka`, `world.stack` (see lib/deployment.py). Worlds may be up side by
side, but a stack has 10 replication slots. `World.stack` is set by run.py.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess

import sanitizers
from deployment import Deployment
from http_json import call
from psql import DatabaseError, Session
from waiting import eventually

_MAPPING = pathlib.Path(__file__).with_name("any-document.json")


class World(Deployment):
    """Context manager.

    `name`: of the database, index, connector, slot and topic prefix (topics are `name.schema.table`); letters of lower
    case, digits and `_`, and not used twice in a run, for topics stay. `pipeline`: a file, or a dictionary as from
    `pipeline_for`. `schema`: SQL file or text; psql runs it. If it makes no publication `sluice_NAME`, all tables are
    captured, by the superuser. `env`: further variables, for the pipeline and for scripts/setup-debezium.sh.
    `started`: with the host running; otherwise `world.host.start()` does it. `connected`: with the connector running;
    otherwise `world.connect()` does it.
    """

    stack = None  # of the group
    _up = []

    def __init__(self, name, pipeline, schema, env=None, started=True, connected=True):
        assert re.fullmatch("[a-z][a-z0-9_]*", name), name
        self.name = name
        self.schema = schema
        self.started = started
        self.connected = connected
        super().__init__(World.stack, self._environment(env or {}), pipeline)

    def _environment(self, env):
        names = {"POSTGRES_DB": self.name, "OPENSEARCH_INDEX": self.name, "CONNECTOR_NAME": self.name,
                 "TOPIC_PREFIX": self.name, "REPLICATION_SLOT": f"sluice_{self.name}",
                 "PUBLICATION": f"sluice_{self.name}",
                 "SNAPSHOT_MODE": "when_needed"}  # rows of the schema come as events; see test_bootstrap
        return World.stack.env | names | env

    @classmethod
    def abandon_all(cls):
        """After an interrupt, which skips the tests' own endings: ends all child processes (hosts, jobs, sessions), leaves
        no temporary file, and ends this process, past the threads that still wait for something."""
        subprocess.run(["pkill", "-KILL", "-P", str(os.getpid())])
        for world in cls._up:
            world.host.log.close()
            world.folder.cleanup()
        sanitizers.forget()
        os._exit(130)

    def __enter__(self):
        World._up.append(self)
        try:
            self._make_database()
            if self.connected:
                self.connect()
            if self.started:
                self.host.__enter__()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.host.stop()
        self.host.log.close()
        call("DELETE", f"{self.env['CONNECT_URL']}/connectors/{self.name}")
        self.database.close()
        eventually(self._drop_database, passing=(DatabaseError, OSError))
        self.opensearch("DELETE", f"/{self.index}-*")
        self.close()
        World._up.remove(self)

    def sql(self, text):
        return self.database.run(text)

    def connect(self):
        """Registers the connector; its topics are named by this world."""
        self.script("setup-debezium.sh")

    def connector_status(self):
        return call("GET", f"{self.env['CONNECT_URL']}/connectors/{self.name}/status").json

    def revive_connector(self):
        """Starts Debezium's task again if it has failed, which is not what is tested here: it does at times at a row that
        was written while the type of its column changed ("NumberFormatException: 1905.00"). Nothing is lost: it goes on
        where it was."""
        for task in self.connector_status().get("tasks", []):
            if task["state"] == "FAILED":
                cause = task["trace"].strip().split("Caused by: ")[-1].splitlines()[0]
                print(f"  {self.name}: Debezium's task is started again after: {cause}", flush=True)
                with contextlib.suppress(subprocess.CalledProcessError):  # failed again: so it will be started again
                    self.connect()

    def state(self):
        """Where changes may have got stuck, for the message of a failure."""
        parts = {"the connector's status": self.connector_status,
                 "the host's pipelines": lambda: call("GET", f"{self.admin_url}/pipelines").json,
                 "its lag": lambda: self.metric("sluice_lag_records"),
                 "its dead letters": lambda: self.metric("sluice_dead_letters_total"),
                 "records it has read since its start": lambda: self.metric("sluice_records_total")}
        lines = []
        for name, read in parts.items():
            try:
                said = read()
            except (OSError, ValueError) as error:
                said = str(error)
            lines.append(f"--- {name}\n{said if isinstance(said, str) else json.dumps(said, indent=1)}")
        return "\n".join(lines)

    def _cluster(self):
        return Session(self.env | {"POSTGRES_DB": "postgres"})

    def _make_database(self):
        cluster = self._cluster()
        cluster.run(f"CREATE DATABASE {self.name}")
        cluster.close()
        self.sql(f"\\i {self.schema}" if isinstance(self.schema, pathlib.Path) else self.schema)
        self.database.close()  # so that no setting of the schema's stays
        publication = self.env["PUBLICATION"]
        if not self.sql(f"SELECT oid FROM pg_publication WHERE pubname = '{publication}'"):
            self._publish_all(publication)
        tables = self.sql(f"""SELECT schemaname || '.' || tablename FROM pg_publication_tables
            WHERE pubname = '{publication}' AND tablename <> 'sluice_heartbeat' ORDER BY 1""")
        self.env["CAPTURED_TABLES"] = ",".join(tables)

    def _publish_all(self, publication):
        self.sql(f"""
            CREATE TABLE public.sluice_heartbeat (id int PRIMARY KEY, written_at timestamptz NOT NULL);
            INSERT INTO public.sluice_heartbeat VALUES (1, now());
            CREATE PUBLICATION {publication} FOR ALL TABLES""")
        self.env["DEBEZIUM_USER"] = self.env.setdefault("POSTGRES_USER", "postgres")
        self.env["DEBEZIUM_PASSWORD"] = self.env.setdefault("POSTGRES_PASSWORD", "postgres")

    def _drop_database(self):
        cluster = self._cluster()
        try:
            cluster.run(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")  # and its slot, once nobody reads it
        finally:
            cluster.close()


def pipeline_for(name, document, mapping=_MAPPING, denormalizer=None, **sections):
    """A pipeline of this name as a dictionary, around a `document` as project-denormalizer takes it.

    `mapping`: a file; the default one takes any document. `denormalizer`: further options of that plugin.
    `sections`: further sections of the file, or others than here.
    """
    connection = {"host": "${POSTGRES_HOST}", "port": "${POSTGRES_PORT}", "user": "${POSTGRES_USER:-postgres}",
                  "password": "${POSTGRES_PASSWORD:-postgres}", "dbname": "${POSTGRES_DB}"}
    sink = {"url": "${OPENSEARCH_URL}", "index": "${OPENSEARCH_INDEX}",
            "mapping": str(mapping)}
    return {
        "name": name,
        "source": {"brokers": "${KAFKA_BROKER}", "topics": [f"^{name}[.]"],
                   "properties": {"topic.metadata.refresh.interval.ms": "700"}},
        "decode": {"plugin": "debezium-source-decoder"},
        "denormalize": {"plugin": "project-denormalizer",
                        "config": {"connection": connection, "document": document, **(denormalizer or {})}},
        "sink": {"plugin": "opensearch-sink", "config": sink},
        "jobs": {"reconcile": {"plugin": "reconcile-job", "schedule": "0 3 * * *"}},
    } | sections
