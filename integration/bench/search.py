"""Searching: requests a second and latencies of search-api, against the same queries sent to OpenSearch directly."""

import json
import pathlib
import random
import statistics
import subprocess
import urllib.parse
import urllib.request

from harness import Result, in_turns, ratio_of, spread
from projects import PIPELINE, Projects
from recorder import Recorder
from stack import Stack

CONNECTIONS = (1, 8, 64)
SECONDS = 5  # of one run of wrk
GOAL_RATE = 0.90
GOAL_LATENCY = 1.15

_SCRIPT = pathlib.Path(__file__).with_name("requests.lua")
_WORDS = """open swift quiet bright urban northern shared living modular hidden global local simple atlas ledger garden beacon
compass studio library market observatory workshop network planner archive journal kitchen harbor teachers farmers cyclists
nurses musicians students researchers travellers makers measurements recipes lessons timetables photographs budgets
experiments stories forecasts""".split()
_HASHTAGS = ["open-source", "data", "search", "kafka", "postgresql", "cloud", "music-tools", "games-research"]


def queries(projects, count, rng):
    """Paths of search-api: single words, several, mistyped ones, sorted and dated ones, by user, by hashtag."""
    users = projects.database.run("SELECT id FROM users ORDER BY id LIMIT 1000")

    def mistyped(word):
        place = rng.randrange(1, len(word) - 1)
        return word[:place] + word[place + 1:]

    def search(**parameters):
        return "/search?" + urllib.parse.urlencode(parameters)

    kinds = {
        lambda: search(q=rng.choice(_WORDS)): 30,
        lambda: search(q=" ".join(rng.sample(_WORDS, 2))): 25,
        lambda: search(q=" ".join(rng.sample(_WORDS, 3)), operator="and"): 10,
        lambda: search(q=mistyped(rng.choice(_WORDS))): 10,
        lambda: search(q=rng.choice(_WORDS), sort_by="created_at", date_from="2023-01-01", limit=50): 10,
        lambda: f"/by-user/{rng.choice(users)}": 10,
        lambda: "/by-hashtag?" + urllib.parse.urlencode({"hashtags": ",".join(rng.sample(_HASHTAGS, 2))}): 5,
    }
    return [f"/api/v1/projects{make()}" for make in rng.choices(list(kinds), list(kinds.values()), k=count)]


def record(base, paths, recorder):
    """What search-api asks OpenSearch for each of the paths: (path, body)."""
    asked = []
    for path in paths:
        recorder.requests.clear()
        with urllib.request.urlopen(base + path, timeout=30) as answer:
            answer.read()
        (request,) = recorder.requests
        asked.append(request)
    return asked


def wrk(base, file, connections):
    """What wrk says of a run over the file's requests: rate, and p50 and p99 in milliseconds."""
    command = ["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{SECONDS}s", "--timeout", "30s",
               "-s", str(_SCRIPT), base, "--", str(file)]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    assert said["errors"] == 0, said
    return said


def measure(projects, direct, through):
    """By number of connections: what wrk said of each side in each repeat. `direct`, `through`: (base URL, file)."""
    figures = {}
    for connections in CONNECTIONS:
        said = {"opensearch": [], "sluice": []}

        def side(name, base, file):
            said[name].append(wrk(base, file, connections))
            return said[name][-1]["rate"]

        print(f"  {connections} connections", flush=True)
        in_turns(opensearch=lambda: side("opensearch", *direct), sluice=lambda: side("sluice", *through))
        figures[connections] = said
    return figures


def run(sizes):
    with Stack("postgres", "kafka", "connect", "opensearch") as stack, Projects(stack, sizes.projects) as projects, \
            Recorder(projects.opensearch_url) as recorder:
        paths = queries(projects, 1000, random.Random(1))
        base = f"http://127.0.0.1:{projects.env['PORT']}"
        through = projects.file("through.txt", "".join(f"{path}\n" for path in paths))
        with projects.host:
            pass  # fills the index
        with projects.host_on(_searching(projects, recorder.url)):
            asked = record(base, paths, recorder)
        direct = projects.file("direct.txt", "".join(f"{path} {body}\n" for path, body in asked))
        with projects.host_on(projects.pipeline):
            figures = measure(projects, (projects.opensearch_url, direct), (base, through))
    return _result(figures)


def _searching(projects, url):
    """The pipeline, with its search alone by way of the recorder."""
    head, services, tail = PIPELINE.read_text().partition("\nservices:\n")
    tail = tail.replace("url: ${OPENSEARCH_URL:-http://localhost:9200}", f"url: {url}")
    head = head.replace("mapping: ../", f"mapping: {PIPELINE.parent}/../")
    return projects.file("searching.yaml", head + services + tail)


def _result(figures):
    goals, notes = {}, []
    for connections, said in figures.items():
        ratio = ratio_of(_of(said, "sluice", "rate"), _of(said, "opensearch", "rate"))
        goals[f"{connections} connections: {ratio:.2f} of the requests/s (at least {GOAL_RATE})"] = ratio >= GOAL_RATE
        for share in ("p50", "p99"):
            slower = ratio_of(_of(said, "sluice", share), _of(said, "opensearch", share))
            goals[f"{connections} connections: {share} {slower:.2f} times (at most {GOAL_LATENCY})"] = slower <= GOAL_LATENCY
        notes.append(f"{connections} connections, requests/s: sluice {spread(_of(said, 'sluice', 'rate'))}, "
                     f"opensearch {spread(_of(said, 'opensearch', 'rate'))}")
    most = figures[CONNECTIONS[1]]
    value, roofline = _of(most, "sluice", "rate"), _of(most, "opensearch", "rate")
    return Result(unit=f"requests/s at {CONNECTIONS[1]} connections", value=statistics.median(value),
                  roofline=statistics.median(roofline), ratio=ratio_of(value, roofline), goals=goals, raw=figures, notes=notes)


def _of(said, side, figure):
    return [one[figure] for one in said[side]]
