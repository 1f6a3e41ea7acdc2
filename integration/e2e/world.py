"""What the tests work on: a stack with the database, the index, the connector and a running host."""

import json

from deployment import Deployment
from host import ROOT, free_port
from http_json import call
from projects_documents import DOCUMENTS
from waiting import eventually

PIPELINE = ROOT / "pipelines" / "projects.yaml"


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
        rows = self.database.run(f"SELECT document FROM ({DOCUMENTS}) AS expected (id, document)")
        return {str(document["id"]): document for document in map(json.loads, rows)}
