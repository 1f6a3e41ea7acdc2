"""Writers at work on the tables of projects: whatever happens to them, the tables say what is right."""

import random
import threading
import time

from psql import DatabaseError

_NEW = "'chaos-' || gen_random_uuid()"


def _any(table, name):
    """One row's id at random, or none."""
    return f"(SELECT id FROM {table} WHERE {name} LIKE 'chaos-%' ORDER BY random() LIMIT 1)"


_PROJECT, _USER, _HASHTAG = _any("projects", "slug"), _any("users", "username"), _any("hashtags", "name")
_LINK = "(SELECT user_id, project_id FROM user_projects ORDER BY random() LIMIT 1)"

# A project's description counts its changes: a reader who sees it fall has seen the document go backwards.
_COUNT = "UPDATE projects SET description = (description::bigint + 1)::text WHERE id IN"

# What grows is bounded: over an hour documents must not become ever larger, and writing them ever slower.
_STATEMENTS = {  # and how often, relatively
    f"INSERT INTO projects (name, slug, description) VALUES ({_NEW}, {_NEW}, '0')": 8,
    f"{_COUNT} {_PROJECT}": 20,
    f"UPDATE projects SET slug = {_NEW} WHERE id = {_PROJECT}": 2,
    f"DELETE FROM projects WHERE id = {_PROJECT}": 5,
    f"INSERT INTO users (username, email) VALUES ({_NEW}, {_NEW})": 1,
    f"UPDATE users SET username = {_NEW} WHERE id = {_USER}": 2,
    f"DELETE FROM users WHERE id = {_USER} AND random() < 0.3": 1,
    f"INSERT INTO hashtags (name) VALUES ({_NEW})": 1,
    f"UPDATE hashtags SET name = {_NEW} WHERE id = {_HASHTAG}": 2,
    f"DELETE FROM hashtags WHERE id = {_HASHTAG} AND random() < 0.3": 1,
    f"INSERT INTO user_projects SELECT u, p FROM {_USER} u(u), {_PROJECT} p(p) ON CONFLICT DO NOTHING": 6,
    f"INSERT INTO project_hashtags SELECT p, h FROM {_PROJECT} p(p), {_HASHTAG} h(h) ON CONFLICT DO NOTHING": 6,
    f"UPDATE user_projects SET role = left(role || 'x', 20) WHERE (user_id, project_id) IN {_LINK}": 3,
    f"UPDATE user_projects SET project_id = {_PROJECT} WHERE (user_id, project_id) IN {_LINK}": 4,
    "DELETE FROM user_projects WHERE ctid IN (SELECT ctid FROM user_projects ORDER BY random() LIMIT 1)": 3,
    "DELETE FROM project_hashtags WHERE ctid IN (SELECT ctid FROM project_hashtags ORDER BY random() LIMIT 1)": 5,
    f"BEGIN; UPDATE projects SET name = {_NEW} WHERE id = {_PROJECT}; ROLLBACK": 2,
    f"""BEGIN; INSERT INTO projects (name, slug, description) VALUES ({_NEW}, {_NEW}, '0'); SAVEPOINT half;
       {_COUNT} {_PROJECT}; ROLLBACK TO half; {_COUNT} {_PROJECT}; COMMIT""": 2,
    f"""BEGIN; DELETE FROM projects WHERE id = {_PROJECT}; {_COUNT} {_PROJECT};
       INSERT INTO projects (name, slug, description) VALUES ({_NEW}, {_NEW}, '0'); COMMIT""": 2,
    # In bulk: the many rows of a backfill, and documents that come and go within one transaction.
    f"""INSERT INTO projects (name, slug, description)
       SELECT 'chaos-' || i, 'chaos-' || gen_random_uuid(), '0' FROM generate_series(1, 200) i
       WHERE (SELECT count(*) FROM projects) < 5000""": 0.3,
    f"{_COUNT} (SELECT id FROM projects WHERE slug LIKE 'chaos-%' ORDER BY random() LIMIT 300)": 0.3,
    """DELETE FROM projects WHERE id IN
       (SELECT id FROM projects WHERE slug LIKE 'chaos-%' ORDER BY random() LIMIT 200)""": 0.3,
    f"""INSERT INTO user_projects SELECT u, p.id FROM {_USER} u(u),
       (SELECT id FROM projects WHERE slug LIKE 'chaos-%' AND (SELECT count(*) FROM user_projects) < 8000
        ORDER BY random() LIMIT 400) p ON CONFLICT DO NOTHING""": 0.2,
}

_FIRST_ROWS = """
    INSERT INTO projects (name, slug, description)
      SELECT 'chaos-' || i, 'chaos-' || gen_random_uuid(), '0' FROM generate_series(1, 500) i;
    INSERT INTO users (username, email)
      SELECT 'chaos-' || gen_random_uuid(), 'chaos-' || gen_random_uuid() FROM generate_series(1, 20) i;
    INSERT INTO hashtags (name) SELECT 'chaos-' || gen_random_uuid() FROM generate_series(1, 20) i;
    INSERT INTO user_projects SELECT u.id, p.id FROM users u, projects p WHERE random() < 0.1;
    INSERT INTO project_hashtags SELECT p.id, h.id FROM projects p, hashtags h WHERE random() < 0.1"""


def fill(database):
    database.run(_FIRST_ROWS)


class Workload:
    """Context manager: `writers` sessions that write at random, each its own sequence by `seed`. At the end all have
    stopped. `per_second`: statements of all writers together; they fall behind when the database does."""

    def __init__(self, world, seed, writers=4, per_second=60):
        self._writers = [_Writer(world.session(), random.Random(f"{seed}/{place}"), writers / per_second)
                         for place in range(writers)]

    def __enter__(self):
        for writer in self._writers:
            writer.start()
        return self

    def __exit__(self, *_):
        for writer in self._writers:
            writer.stopping.set()
        for writer in self._writers:
            writer.join()

    @property
    def all_wrote(self):
        return all(writer.done > max(10, writer.refused) for writer in self._writers)

    @property
    def done(self):
        return sum(writer.done for writer in self._writers)

    @property
    def refused(self):
        """Deadlocks, terminated sessions, a database that was away."""
        return sum(writer.refused for writer in self._writers)


class _Writer(threading.Thread):
    def __init__(self, session, rng, pause):
        super().__init__(daemon=True)
        self.session = session
        self.rng = rng
        self.pause = pause
        self.stopping = threading.Event()
        self.done = self.refused = 0

    def run(self):
        statements, weights = zip(*_STATEMENTS.items())
        due = time.monotonic()
        while not self.stopping.wait(max(0.0, due - time.monotonic())):
            try:
                self.session.run(self.rng.choices(statements, weights)[0])
                self.done += 1
            except DatabaseError:
                self.refused += 1
                self.stopping.wait(0.1)
            due = max(due + self.rng.expovariate(1 / self.pause), time.monotonic() - 1)
        self.session.close()
