"""What the tests work on: a stack with the database, the index, the connector and a running host."""

import json

from deployment import Deployment
from host import ROOT, free_port
from http_json import call
from waiting import eventually

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


class World(Deployment):
    """Context manager around a stack that is up."""

    def __init__(self, stack):
        port = free_port()
        super().__init__(stack, stack.env | {"PORT": str(port)}, PIPELINE)
        self.api_url = f"http://127.0.0.1:{port}"

    def __enter__(self):
        self.script("migrate.sh", "--seed")
        self.sluice("index", "init", PIPELINE, check=True)
        self.script("setup-debezium.sh")
        self.host.__enter__()
        eventually(self._has_filled_the_index, 60)
        return self

    def _has_filled_the_index(self):
        """The sample rows were there before the connector: the host reads them at its start, by a job."""
        (pipeline,) = call("GET", f"{self.admin_url}/pipelines").json["pipelines"]
        (job,) = pipeline["jobs"]
        assert job["state"] == "SUCCEEDED", job

    def __exit__(self, *_):
        self.host.__exit__()
        self.close()

    def documents_in_index(self):
        self.opensearch("POST", f"/{self.index}/_refresh")
        page = self.opensearch("POST", f"/{self.index}/_search", {"size": 10000, "track_total_hits": True})["hits"]
        assert page["total"]["value"] == len(page["hits"]), "more documents than one page"
        return {hit["_id"]: hit["_source"] for hit in page["hits"]}

    def documents_in_database(self):
        return {str(document["id"]): document for document in map(json.loads, self.database.run(_DOCUMENTS))}
