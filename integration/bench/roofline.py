"""What the servers do with no host in between: a bare client posts ready-made bulk requests, while PostgreSQL reads all
rows and nobody looks at them."""

import csv
import http.client
import io
import itertools
import json
import subprocess
import threading
import time
import urllib.parse

SHAPES = [(connections, size) for connections in (1, 2, 4) for size in (500, 1000, 2500)]


class Roofline:
    """For one `Projects` whose index is filled. Reads its documents once; `best()` finds the fastest way to post them."""

    def __init__(self, projects):
        self.projects = projects
        self.url = urllib.parse.urlsplit(projects.opensearch_url)
        self.copy = projects.copy_all()
        self.documents = list(self._documents())
        self.shape = None
        self._numbers = itertools.count(1)

    def _documents(self):
        """Each as the two lines of a bulk request."""
        text = subprocess.run(self._command(), env=self.projects.database.env, capture_output=True, text=True, check=True)
        for *_, key, document in csv.reader(io.StringIO(text.stdout, newline=""), delimiter="\x01", quotechar="\x02"):
            if key:  # the first row is the snapshot's
                action = {"index": {"_id": key, "version": 1, "version_type": "external_gte"}}
                yield (json.dumps(action) + "\n" + document.replace("\n", " ") + "\n").encode()

    def find_best_shape(self, documents=50_000):
        """The number of connections and of documents in a request that is fastest on part of them."""
        part = self.documents[:documents]
        rates = {shape: self._post(part, *shape) for shape in SHAPES}
        self.shape = max(rates, key=rates.get)
        return rates

    def run(self):
        """Documents a second of all, with PostgreSQL at work beside: done when both are, and the index is refreshed."""
        began = time.monotonic()
        with subprocess.Popen(self._command(), env=self.projects.database.env, stdout=subprocess.DEVNULL) as reading:
            self._post(self.documents, *self.shape)
            assert reading.wait() == 0, "COPY failed"
        return len(self.documents) / (time.monotonic() - began)

    def _command(self):
        env = self.projects.env
        return ["psql", "-X", "-q", "-h", env["POSTGRES_HOST"], "-p", env["POSTGRES_PORT"], "-U", "postgres", "-d",
                env.get("POSTGRES_DB", "projectsdb"), "-c", self.copy]

    def _post(self, documents, connections, size):
        """Into an index made as a rebuild makes its own. Returns documents a second, the refresh with them."""
        index = f"roofline-{next(self._numbers)}"
        self._create(index)
        bodies = [b"".join(documents[at:at + size]) for at in range(0, len(documents), size)]
        failures = []
        began = time.monotonic()
        threads = [threading.Thread(target=self._post_all, args=(index, bodies[n::connections], failures))
                   for n in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.projects.opensearch("POST", f"/{index}/_refresh")
        taken = time.monotonic() - began
        count = self.projects.opensearch("GET", f"/{index}/_count")["count"]
        assert count == len(documents) and not failures, f"{count} of {len(documents)} documents came in: {failures[:1]}"
        self.projects.opensearch("DELETE", f"/{index}")
        return len(documents) / taken

    def _create(self, index):
        made = json.loads(json.dumps(self.projects.opensearch("GET", f"/{self.projects.index_in_use()}")))
        (like,) = made.values()
        settings = {"index": {"number_of_shards": like["settings"]["index"]["number_of_shards"],
                              "number_of_replicas": 0, "refresh_interval": "-1",
                              "analysis": like["settings"]["index"]["analysis"]}}
        mappings = {name: value for name, value in like["mappings"].items() if name != "_meta"}
        self.projects.opensearch("PUT", f"/{index}", {"settings": settings, "mappings": mappings})

    def _post_all(self, index, bodies, failures):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=120)
        for body in bodies:
            connection.request("POST", f"/{index}/_bulk?filter_path=errors", body,
                               {"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200 or b"true" in text:
                failures.append(text)
        connection.close()
