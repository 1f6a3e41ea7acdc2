"""The shipped pipeline on tables, topics, a slot and an index of its own, with the sink behind a proxy."""

from host import ROOT, free_port
from http_json import call
from psql import DatabaseError
from waiting import eventually
from world import World

_TABLES = ("projects", "users", "hashtags", "user_projects", "project_hashtags")
_SHIPPED = ROOT / "pipelines" / "projects.yaml"


class ProjectsWorld(World):
    """`name`: of database, index, connector, topics and so on. `sink_url`: where the sink finds OpenSearch."""

    def __init__(self, name, sink_url):
        env = {"SINK_URL": sink_url, "PUBLICATION": "sluice", "SNAPSHOT_MODE": "no_data", "PORT": str(free_port()),
               "POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": "postgres"}
        super().__init__(name, {}, None, env, started=False, connected=False)
        self.pipeline.write_text(_own_names(_SHIPPED.read_text(), name))

    def _make_database(self):
        self.script("migrate.sh")

    @property
    def dead_letter_topic(self):
        return f"sluice.{self.name}.dlq"

    def changes(self):
        """How many have come into Kafka since the connector was made, its snapshot left out: it makes none."""
        return sum(self.kafka.written(f"{self.name}.public.{table}") for table in _TABLES)

    def session_value(self, statement, seconds=60):
        """One statement's one value, from a database that may be away."""
        return eventually(lambda: self.database.value(statement), seconds, DatabaseError)

    def document(self, id):
        """As it is in the index now, refreshed or not; None if it is not there. OSError while the node cannot tell."""
        answer = call("GET", f"{self.opensearch_url}/{self.index}/_doc/{id}")
        if answer.status not in (200, 404):
            raise OSError(f"document {id}: {answer.status} {answer.text}")
        return answer.json.get("_source")


def _own_names(text, name):
    """And times that are short enough for a fault to pass them."""
    changes = [("name: projects\n", f"name: {name}\n", 1),
               ("- cdc.public.", f"- {name}.public.", 5),
               ("sluice.projects.dlq", f"sluice.{name}.dlq", 1),
               ("sink:\n  plugin: opensearch-sink\n  config:\n    url: ${OPENSEARCH_URL:-http://localhost:9200}",
                "sink:\n  plugin: opensearch-sink\n  config:\n    request_timeout: 5s\n    url: ${SINK_URL}", 1),
               ("dbname: ${POSTGRES_DB:-projectsdb}\n",
                "dbname: ${POSTGRES_DB:-projectsdb}\n      statement_timeout: 2s\n", 1),
               ("mapping: ../", f"mapping: {_SHIPPED.parent}/../", 1)]
    for old, new, times in changes:
        assert text.count(old) == times, f"{old!r} is {text.count(old)} times in {_SHIPPED}"
        text = text.replace(old, new)
    return text
