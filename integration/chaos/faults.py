"""The faults. Each strikes, lasts, and is gone again when its function returns; the workload goes on all the while.

`FAULTS` has them by name. What a fault is given: a `Field` (trial.py).
"""

import contextlib
import random
import signal
import threading
import time

import harms
from http_json import call
from psql import DatabaseError
from waiting import eventually

FAULTS = {}
LONG = 30  # seconds: longer than a consumer's session and a request's time-out


def fault(function):
    FAULTS[function.__name__] = function
    return function


def last(field, low, high):
    """Lets a fault last for a while, in which changes are made."""
    time.sleep(field.rng.uniform(low, high))


def _goes_and_comes(field, end, server):
    try:
        end(server)
        last(field, 0, 3)
    finally:
        field.world.stack.up(server)


# The host

@fault
def host_killed(field):
    field.fleet.main.kill()
    last(field, 0, 3)
    field.fleet.main.spawn()


@fault
def host_stopped(field):
    field.fleet.stop_in_time(field.fleet.main)
    last(field, 0, 3)
    field.fleet.main.spawn()


@fault
def host_paused(field):
    """Alone, or, in turn, with another that takes over meanwhile: what it had in hand then comes behind the other's."""
    others = field.turn % 2
    with field.fleet.helpers(others):
        process = field.fleet.main.process
        process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(LONG)
        finally:
            process.send_signal(signal.SIGCONT)
        if others:
            field.expect_progress()
    return "while another took over" if others else "alone"


@fault
def host_of_three_killed(field):
    """Three share the group, and one is gone without a word."""
    with field.fleet.helpers(2) as helpers:
        hosts = [field.fleet.main, *helpers]
        last(field, 0, 3)
        killed = field.rng.choice(hosts)
        killed.kill()
        last(field, 0, 3)
        field.expect_progress()  # by the two that are left
        if killed is field.fleet.main:
            killed.spawn()


@fault
def clock_steps(field):
    """Hours forth and back, as the host sees the time, which rebuilds the index then."""
    with field.fleet.false_clock() as step:
        for hours in field.rng.choice([(+3, -5), (-4, +6)]):
            step(hours)
            field.expect_progress()
        field.jobs.run_in_host()


# OpenSearch

@fault
def opensearch_restarted(field):
    _goes_and_comes(field, field.world.stack.down, "opensearch")


@fault
def opensearch_killed(field):
    def kill(name):
        field.world.stack.kill(name)
        field.watcher.node_was_killed()

    _goes_and_comes(field, kill, "opensearch")


@fault
def opensearch_paused(field):
    field.world.stack.kill("opensearch", "STOP")
    try:
        last(field, 3, 12)
    finally:
        field.world.stack.kill("opensearch", "CONT")


@fault
def disk_watermark(field):
    """What the node does to an index when its disk is full, and takes back when it is not."""
    block = "index.blocks.read_only_allow_delete"
    pattern = f"/{field.world.index}-*/_settings"
    field.world.opensearch("PUT", pattern, {block: True})
    try:
        refusal = call("PUT", f"{field.world.opensearch_url}/{field.world.index}/_doc/0", {})
        assert "cluster_block_exception" in refusal.text, f"the index takes writes: {refusal.text}"
        last(field, 2, 6)
    finally:
        eventually(lambda: field.world.opensearch("PUT", pattern, {block: None}))


# Bulk requests and their answers

def _rng(field):
    """For what draws as often as there happen to be requests, or tries: the rest of the seed stays as it is."""
    return random.Random(field.rng.random())


def _harm(field, harm, low=2, high=6):
    seen = field.proxy.harmed
    field.proxy.harm = harm
    try:
        last(field, low, high)
        field.wait_until(lambda: field.proxy.harmed > seen, "a bulk request meets the fault")
    finally:
        field.proxy.harm = None


@fault
def bulk_429(field):
    _harm(field, harms.sometimes(_rng(field), 0.8, harms.refused(429)))


@fault
def bulk_503(field):
    _harm(field, harms.sometimes(_rng(field), 0.8, harms.refused(503)))


@fault
def bulk_items_refused(field):
    _harm(field, harms.items_refused(_rng(field)))


@fault
def bulk_answer_truncated(field):
    _harm(field, harms.sometimes(_rng(field), 0.7, harms.answer_truncated(_rng(field))))


@fault
def bulk_hangs(field):
    over = threading.Event()
    try:
        _harm(field, harms.lost_or_hanging(_rng(field), over), 3, 20)
    finally:
        over.set()


@fault
def bulk_arrives_late(field):
    """A write that was given up arrives after all, when its row has long been deleted, by a newer read. In turn, the index
    has been rebuilt meanwhile, from rows of which it is none."""
    id = field.world.session_value("""INSERT INTO projects (name, slug, description)
        VALUES ('late', 'late-' || gen_random_uuid(), '0') RETURNING id""")
    field.wait_until(lambda: field.document(id), "the document is in the index")
    held = field.proxy.harm = harms.HeldBack(id, LONG)
    try:
        field.world.session_value(f"UPDATE projects SET description = '1' WHERE id = {id} RETURNING id")
        field.wait_until(held.caught.is_set, "a bulk request with the document is held back")
    finally:
        field.proxy.harm = None
    field.world.session_value(f"DELETE FROM projects WHERE id = {id} RETURNING id")
    field.wait_until(lambda: not field.document(id), "the document is deleted")
    if field.turn % 2 == 0:
        field.jobs.run_to_success()
    index, status = held.deliver()
    is_rebuilt = eventually(field.world.index_in_use) != index  # also by the host's own first run
    if not is_rebuilt:
        assert status == 409, f"a write that came late, after a delete, was taken by {index}: {status}"
    brought_back = eventually(lambda: field.document(id))
    assert not brought_back, f"a write that came late, to {index} ({status}), brought a deleted document back: {brought_back}"
    return "past a rebuild" if is_rebuilt else "in the same index"


# Kafka and Debezium

@fault
def kafka_restarted(field):
    _goes_and_comes(field, field.world.stack.down, "kafka")


@fault
def kafka_killed(field):
    _goes_and_comes(field, field.world.stack.kill, "kafka")


@fault
def connect_killed(field):
    _goes_and_comes(field, field.world.stack.kill, "connect")


# PostgreSQL

@fault
def postgres_restarted(field):
    _goes_and_comes(field, field.world.stack.down, "postgres")


@fault
def postgres_killed(field):
    _goes_and_comes(field, field.world.stack.kill, "postgres")


@fault
def postgres_disconnects(field):
    """Every session is terminated, again and again: the host's, Debezium's, the writers'."""
    for _ in range(field.rng.randint(2, 6)):
        with contextlib.suppress(DatabaseError):  # its own as well
            field.world.sql("""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()""")
        last(field, 0.2, 1)


@fault
def statements_time_out(field):
    """The host's reads wait for a lock, and are cut off again and again (after 2 s: projects_world.py)."""
    seen = len(field.fleet.main.log_text())
    with _locked(field, "users"):
        field.wait_until(lambda: field.fleet.main.log_text()[seen:].count("statement timeout") > 2, "reads time out")


@fault
def tables_locked(field):
    with _locked(field, "users, user_projects, projects"):
        last(field, 2, 8)


@contextlib.contextmanager
def _locked(field, tables):
    """Nobody else reads or writes them."""
    with contextlib.closing(field.world.session()) as session:
        eventually(lambda: session.run(f"ROLLBACK; BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"),
                   passing=DatabaseError)  # chosen to end a deadlock with writers
        yield
        session.run("ROLLBACK")


# Rebuilds. Which step, and which other fault, goes in turn from one seed to the next.

@fault
def reconcile_killed(field):
    """At one of its steps; the next run must get on with what it left."""
    steps = ["clean up", "copy", "catch up", "finish", "check", "come level", "swap", "settle", "remove old"]
    step = steps[field.turn % len(steps)]
    field.jobs.run_to_success()  # so that none of an earlier run is left, of which this one would begin
    field.jobs.kill_at(step, _rng(field))
    field.jobs.run_to_success()
    return f"at '{step}'"


@fault
def two_reconciles(field):
    """At once: the second finds the first at work, and leaves it alone."""
    runs = field.jobs.run_two()
    skipped = [run.is_skipped() for run in runs]
    assert skipped.count(True) == 1, f"of two rebuilds at once {skipped.count(True)} were skipped"


@fault
def reconcile_meanwhile(field):
    """Rebuilds run all the while something else goes wrong, three times. They may fail, but the one after them must not."""
    others = [name for name in FAULTS if name in field.allowed - {reconcile_meanwhile.__name__, reconcile_killed.__name__,
                                                                  two_reconciles.__name__}]
    chosen = [others[(3 * field.turn + place) % len(others)] for place in range(3)]
    for name in chosen:
        with field.jobs.one_after_another():
            field.strike(name)
    field.jobs.run_to_success()
    return f"during {', '.join(chosen)}"
