"""A pipeline at work on a stack: its host, and what tests look at around it."""

import json
import pathlib
import re
import subprocess
import tempfile

from host import BINARY, Host, free_port
from http_json import call
from kafka import Kafka
from psql import Session


class Deployment:
    """Starts nothing by itself.

    `env`: what scripts, host and psql are run with; gets a free port for the admin API. `pipeline`: its file, or a
    dictionary, of which a file is made.
    """

    def __init__(self, stack, env, pipeline):
        self.stack = stack
        self.env = env
        self.folder = tempfile.TemporaryDirectory(prefix="sluice-pipeline-")
        self.pipeline = self.file("pipeline.yaml", json.dumps(pipeline)) if isinstance(pipeline, dict) else pipeline
        self.index = env.setdefault("OPENSEARCH_INDEX", "projects")
        self.opensearch_url = env["OPENSEARCH_URL"]
        env["SLUICE_ADMIN"] = f"127.0.0.1:{free_port()}"
        self.admin_url = f"http://{env['SLUICE_ADMIN']}"
        self.kafka = Kafka(env["KAFKA_BROKER"])
        self.database = Session(env)
        self.host = Host(self.pipeline, env, f"{self.admin_url}/ready")

    def close(self):
        self.database.close()
        self.folder.cleanup()

    def session(self):
        """One more session with the database."""
        return Session(self.env)

    def another_host(self, pipeline=None):
        """One more, on the same pipeline unless another is named, yet to be started."""
        admin = f"127.0.0.1:{free_port()}"
        env = {**self.env, "SLUICE_ADMIN": admin, "PORT": str(free_port())}
        return Host(pipeline or self.pipeline, env, f"http://{admin}/ready")

    def script(self, name, *arguments):
        """Runs scripts/`name`."""
        self.stack.script(name, *arguments, env=self.env)

    def sluice(self, *arguments, check=False, timeout=120):
        """Runs the program to its end."""
        return subprocess.run([BINARY, *arguments], env=self.env, check=check, capture_output=True, text=True,
                              timeout=timeout)

    def pipeline_variant(self, name, *replacements):
        """A copy of the pipeline with texts replaced: (old, new), each found once. Paths in it still lead to the same
        files."""
        text = self.pipeline.read_text()
        for old, new in replacements:
            assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {self.pipeline}"
            text = text.replace(old, new)
        return self.file(name, re.sub(r"\bmapping: (?=[^/\s])", f"mapping: {self.pipeline.parent}/", text))

    def file(self, name, text):
        """The path of a new temporary file."""
        path = pathlib.Path(self.folder.name) / name
        path.write_text(text)
        return path

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

    def metric(self, name, admin_url=None):
        """The sum over all labels, of this host or another."""
        text = call("GET", f"{admin_url or self.admin_url}/metrics").text
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))
