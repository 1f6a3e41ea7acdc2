"""What the host takes: time until it is ready, memory when idle and with a backlog; and what Kafka Connect takes here."""

import pathlib
import statistics
import subprocess
import tempfile
import time

from harness import REPEATS, Result, spread
from host import ROOT
from http_json import call
from projects import Projects
from stack import Stack
from waiting import wait_until

GOAL_READY = 100    # milliseconds
GOAL_IDLE = 40      # megabytes of resident memory
GOAL_BACKLOG = 200
_IDLE_AFTER = 10    # seconds


def time_to_ready(host):
    """Milliseconds from the start of the process until it says that it is ready."""
    began = time.monotonic()
    host.spawn()
    wait_until("the host is ready", lambda: _answers(host.ready_url), 60, 0.002)
    return 1000 * (time.monotonic() - began)


def _answers(url):
    try:
        return call("GET", url).status == 200
    except OSError:
        return False


def starts(projects):
    """Times until ready, and memory when idle."""
    ready, idle = [], []
    for _ in range(REPEATS):
        ready.append(time_to_ready(projects.host))
        time.sleep(_IDLE_AFTER)
        idle.append(projects.host.resident_megabytes())
        projects.host.stop()
    return ready, idle


def peak_with_backlog(projects, events):
    """The most memory while the backlog is read, in megabytes."""
    pipeline = projects.replaying("footprint")
    projects.sluice("index", "init", str(pipeline), check=True)
    with projects.host_on(pipeline) as host:
        wait_until("all is read", lambda: projects.metric("sluice_records_total") >= events
                   and projects.metric("sluice_pending_keys") == 0)
        return host.resident_megabytes(peak=True)


def connect(projects):
    """Milliseconds until Kafka Connect's task runs, and its memory when idle, in megabytes."""
    connector = f"{projects.env['CONNECT_URL']}/connectors/sluice/status"
    projects.stack.down("connect")
    began = time.monotonic()
    projects.stack.up("connect")
    wait_until("the connector runs", lambda: call("GET", connector).text.count('"RUNNING"') == 2, 120, 0.01)
    taken = 1000 * (time.monotonic() - began)
    time.sleep(_IDLE_AFTER)
    pid = pathlib.Path(projects.stack.folder, "run", "connect.pid").read_text().split()[0]
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return taken, int(status.partition("VmRSS:")[2].split()[0]) / 1024


def installed_megabytes():
    """The program and its plugins, as the image has them; the image's packages are not in it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cmake", "--install", ROOT / "build/release", "--component", "host", "--strip", "--prefix", folder],
                       check=True, capture_output=True)
        return sum(file.stat().st_size for file in pathlib.Path(folder).rglob("*") if file.is_file()) / 2**20


def run(sizes):
    with Stack("postgres", "kafka", "connect", "opensearch") as stack, \
            Projects(stack, sizes.projects) as projects:
        projects.host.start()  # fills the index
        projects.host.stop()
        ready, idle = starts(projects)
        before = projects.events()
        for _ in range(max(1, sizes.events // (6 * projects.count))):
            projects.change_all()
        wait_until("all events are in Kafka", lambda: projects.events() - before >= sizes.events)
        peak = peak_with_backlog(projects, projects.events())
        connect_ready, connect_idle = connect(projects)
    return _result(ready, idle, peak, connect_ready, connect_idle)


def _result(ready, idle, peak, connect_ready, connect_idle):
    taken, rested = statistics.median(ready), statistics.median(idle)
    return Result(
        unit="ms until ready", value=taken, roofline=connect_ready, ratio=taken / connect_ready,
        goals={f"ready after {taken:.0f} ms (under {GOAL_READY})": taken < GOAL_READY,
               f"{rested:.0f} MB when idle (under {GOAL_IDLE})": rested < GOAL_IDLE,
               f"{peak:.0f} MB at most with a backlog (under {GOAL_BACKLOG})": peak < GOAL_BACKLOG},
        raw={"ready_ms": ready, "idle_mb": idle, "backlog_peak_mb": peak, "connect_ready_ms": connect_ready,
             "connect_idle_mb": connect_idle, "installed_mb": installed_megabytes()},
        notes=[f"until ready: {spread(ready)} ms; idle: {spread(idle)} MB",
               f"Kafka Connect with the source connector: ready after {connect_ready:,.0f} ms, {connect_idle:.0f} MB when idle",
               f"host and plugins installed: {installed_megabytes():.1f} MB"])
