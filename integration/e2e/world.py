"""What the tests work on: a stack with the database, the index, the connector and a running host."""

import json
import pathlib
import re
import subprocess
import tempfile

from host import BINARY, ROOT, Host, free_port
from http_json import call
from kafka import Kafka
from psql import Session

PIPELINE = ROOT / "pipelines" / "projects.yaml"

# The documents as they should be, written without a look at the product's own SQL.
_DOCUMENTS = """
SELECT json_build_object('id', p.id, 'name', p.name, 'slug', p.slug, 'description', p.description,
  'created_at', p.created_at, 'updated_at', p.updated_at,
  'users', (SELECT coalesce(json_agg(json_build_object(
      'id', u.id, 'username', u.username, 'email', u.email, 'role', l.role) ORDER BY u.id), '[]')
    FROM user_projects l JOIN users u ON u.id = l.user_id WHERE l.project_id = p.id),
  'hashtags', (SELECT coalesce(json_agg(json_build_object('id', h.id, 'name', h.name) ORDER BY h.id), '[]')
    FROM project_hashtags l JOIN hashtags h ON h.id = l.hashtag_id WHERE l.project_id = p.id))
FROM projects p
"""


class World:
    """Context manager around a stack that is up."""

    def __init__(self, stack):
        self.stack = stack
        self.folder = tempfile.TemporaryDirectory(prefix="sluice-e2e-")
        self.admin_url = f"http://127.0.0.1:{self._take_port('SLUICE_ADMIN', '127.0.0.1:{}')}"
        self.api_url = f"http://127.0.0.1:{self._take_port('PORT', '{}')}"
        self.opensearch_url = stack.env["OPENSEARCH_URL"]
        self.index = stack.env.setdefault("OPENSEARCH_INDEX", "projects")
        self.kafka = Kafka(stack.env["KAFKA_BROKER"])
        self.database = Session(stack.env)
        self.host = Host(PIPELINE, stack.env, f"{self.admin_url}/ready")

    def _take_port(self, variable, form):
        port = free_port()
        self.stack.env[variable] = form.format(port)
        return port

    def __enter__(self):
        self.stack.script("migrate.sh", "--seed")
        self.sluice("index", "init", PIPELINE, check=True)
        self.stack.script("setup-debezium.sh")
        self.host.__enter__()
        return self

    def __exit__(self, *_):
        self.host.__exit__()
        self.database.close()
        self.folder.cleanup()

    def session(self):
        return Session(self.stack.env)

    def sluice(self, *arguments, check=False):
        """Runs the program to its end."""
        return subprocess.run([BINARY, *arguments], env=self.stack.env, check=check, capture_output=True, text=True,
                              timeout=120)

    def pipeline_variant(self, name, *replacements):
        """A copy of the shipped pipeline with texts replaced: (old, new), each found once."""
        text = PIPELINE.read_text().replace("../schemas/", f"{ROOT}/schemas/")
        for old, new in replacements:
            assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {PIPELINE}"
            text = text.replace(old, new)
        file = pathlib.Path(self.folder.name) / name
        file.write_text(text)
        return file

    def opensearch(self, method, path, body=None):
        answer = call(method, f"{self.opensearch_url}{path}", body)
        assert answer.status < 300, f"{method} {path}: {answer.text}"
        return answer.json

    def indices(self):
        """The indices that the pipeline made, oldest name first."""
        return sorted(self.opensearch("GET", f"/{self.index}-*"))

    def index_in_use(self):
        (name,) = self.opensearch("GET", f"/_alias/{self.index}")
        return name

    def documents_in_index(self):
        self.opensearch("POST", f"/{self.index}/_refresh")
        page = self.opensearch("POST", f"/{self.index}/_search", {"size": 10000, "track_total_hits": True})["hits"]
        assert page["total"]["value"] == len(page["hits"]), "more documents than one page"
        return {hit["_id"]: hit["_source"] for hit in page["hits"]}

    def documents_in_database(self):
        return {str(document["id"]): document for document in map(json.loads, self.database.run(_DOCUMENTS))}

    def metric(self, name):
        """The sum over all labels."""
        text = call("GET", f"{self.admin_url}/metrics").text
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))
