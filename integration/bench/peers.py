"""pgsync on the same tables and the same OpenSearch: filling an index, many changes at once, and lone changes."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

import changes
from harness import Result
from host import free_port
from projects import Projects
from stack import Stack
from waiting import wait_until

VERSION = "7.3.0"
AT_ONCE = 20_000
_INDEX = "pgsync"
_FOLDER = pathlib.Path(os.environ.get("SLUICE_CACHE", pathlib.Path.home() / ".cache/sluice"), f"pgsync-{VERSION}")


def _child(table, columns, through):
    return {"table": table, "columns": columns,
            "relationship": {"variant": "object", "type": "one_to_many", "through_tables": [through]}}


_SCHEMA = {
    "index": _INDEX,
    "nodes": {"table": "projects", "columns": ["id", "name", "slug", "description", "created_at", "updated_at"],
              "children": [_child("users", ["id", "username", "email"], "user_projects"),
                           _child("hashtags", ["id", "name"], "project_hashtags")]}}


def install():
    """From PyPI, once."""
    if not (_FOLDER / "bin/pgsync").exists():
        subprocess.run([sys.executable, "-m", "venv", _FOLDER], check=True)
        subprocess.run([_FOLDER / "bin/pip", "install", "-q", f"pgsync=={VERSION}"], check=True)


@contextlib.contextmanager
def _redis():
    """Its port. Debian's redis-tools has the server too, under the name by which one asks for it."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp"]
    with subprocess.Popen(command, executable="/usr/bin/redis-check-rdb", stdout=subprocess.DEVNULL) as server:
        try:
            yield port
        finally:
            server.terminate()


class Pgsync:
    """Context manager: set up, and then at work."""

    def __init__(self, projects, redis_port):
        self.projects = projects
        database = projects.env.get("POSTGRES_DB", "projectsdb")
        self.env = projects.env | {
            "PG_HOST": "127.0.0.1", "PG_PORT": projects.env["POSTGRES_PORT"], "PG_USER": "postgres",
            "PG_PASSWORD": "postgres", "PG_DATABASE": database, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis_port),
            "ELASTICSEARCH_URL": projects.opensearch_url, "OPENSEARCH": "true", "ELASTICSEARCH": "false",
            "CHECKPOINT_PATH": str(projects.folder.name)}
        self.schema = projects.file("pgsync.json", json.dumps([_SCHEMA | {"database": database}]))
        self.log = projects.file("pgsync.log", "")
        self.process = None

    def __enter__(self):
        subprocess.run([_FOLDER / "bin/bootstrap", "-c", self.schema], env=self.env, check=True, capture_output=True)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([_FOLDER / "bin/pgsync", "-c", self.schema, "-d"], env=self.env, stdout=log,
                                            stderr=log)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def count(self, query=None):
        assert self.process.poll() is None, f"pgsync has ended:\n{self.log.read_text()[-3000:]}"
        try:
            self.projects.opensearch("POST", f"/{_INDEX}/_refresh")
            return self.projects.opensearch("POST", f"/{_INDEX}/_count", query and {"query": query})["count"]
        except AssertionError:  # there is no index yet
            return 0

    def processor_seconds(self):
        ticks = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")

    def peak_megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure(projects, pgsync, began, seconds):
    wait_until("all documents are there", lambda: pgsync.count() == projects.count, 900, 0.2)
    filled = time.monotonic() - began
    cpu = pgsync.processor_seconds()
    first, _ = projects.id_range()
    many = min(AT_ONCE, projects.count)
    projects.database.run(f"UPDATE projects SET description = 'at once' WHERE id < {first + many}")
    changed = time.monotonic()
    wait_until("all changes are there", lambda: pgsync.count({"match_phrase": {"description": "at once"}}) == many, 900, 0.1)
    caught_up = time.monotonic() - changed
    with changes.Changes(projects, 1, {"searchable": changes.searchable(projects, _INDEX)}) as writers:
        latencies = writers.collect(seconds, "searchable")
    return {"filling documents/s": projects.count / filled, "filling processor seconds": cpu,
            "peak MB": pgsync.peak_megabytes(), "changes/s": many / caught_up,
            "searchable ms": changes.summary(latencies)}


def run(sizes):
    install()
    with Stack("postgres", "opensearch") as stack, Projects(stack, sizes.projects, connected=False) as projects, \
            _redis() as port:
        began = time.monotonic()
        with Pgsync(projects, port) as pgsync:
            figures = measure(projects, pgsync, began, sizes.seconds)
    latency = figures["searchable ms"]
    return Result(
        unit="documents/s", value=figures["filling documents/s"], goals={}, raw=figures,
        notes=[f"pgsync {VERSION}: {figures['filling processor seconds']:.0f} s of processor time, at most "
               f"{figures['peak MB']:.0f} MB",
               f"{AT_ONCE:,} rows changed at once: {figures['changes/s']:,.0f}/s",
               f"one change a second until searchable: p50 {latency['p50']:.0f} ms, p99 {latency['p99']:.0f} ms"])
