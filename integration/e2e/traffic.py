"""What goes on while something breaks: somebody who writes, and somebody who searches."""

import random
import time

from background import Background
from http_json import call
from psql import DatabaseError

_ANY_PROJECT = "(SELECT id FROM projects WHERE slug LIKE 'traffic-%' ORDER BY random() LIMIT 1)"
_ANY_USER = "(SELECT id FROM users WHERE username LIKE 'traffic-%' ORDER BY random() LIMIT 1)"
_ANY_HASHTAG = "(SELECT id FROM hashtags WHERE name LIKE 'traffic-%' ORDER BY random() LIMIT 1)"
_NEW = "'traffic-' || gen_random_uuid()"

_STATEMENTS = {  # and how often, relatively
    f"INSERT INTO projects (name, slug) VALUES ({_NEW}, {_NEW})": 8,
    f"UPDATE projects SET description = {_NEW} WHERE id = {_ANY_PROJECT}": 6,
    f"DELETE FROM projects WHERE id = {_ANY_PROJECT}": 4,
    f"INSERT INTO users (username, email) VALUES ({_NEW}, {_NEW})": 1,
    f"UPDATE users SET username = {_NEW} WHERE id = {_ANY_USER}": 1,
    f"DELETE FROM users WHERE id = {_ANY_USER} AND random() < 0.2": 1,
    f"INSERT INTO hashtags (name) VALUES ({_NEW})": 1,
    f"UPDATE hashtags SET name = {_NEW} WHERE id = {_ANY_HASHTAG}": 1,
    f"DELETE FROM hashtags WHERE id = {_ANY_HASHTAG} AND random() < 0.2": 1,
    f"INSERT INTO user_projects SELECT u, p FROM {_ANY_USER} u(u), {_ANY_PROJECT} p(p) ON CONFLICT DO NOTHING": 6,
    f"INSERT INTO project_hashtags SELECT p, h FROM {_ANY_PROJECT} p(p), {_ANY_HASHTAG} h(h) ON CONFLICT DO NOTHING": 6,
    """UPDATE user_projects SET role = role || 'x' WHERE (user_id, project_id) IN
       (SELECT user_id, project_id FROM user_projects ORDER BY random() LIMIT 1)""": 2,
    "DELETE FROM project_hashtags WHERE ctid IN (SELECT ctid FROM project_hashtags ORDER BY random() LIMIT 1)": 2,
    f"BEGIN; UPDATE projects SET name = {_NEW} WHERE id = {_ANY_PROJECT}; ROLLBACK": 1,
    f"""BEGIN; INSERT INTO projects (name, slug) VALUES ({_NEW}, {_NEW}); SAVEPOINT half;
       UPDATE projects SET name = {_NEW} WHERE id = {_ANY_PROJECT}; ROLLBACK TO half; COMMIT""": 1,
    f"BEGIN; DELETE FROM projects WHERE id = {_ANY_PROJECT}; INSERT INTO projects (name, slug) VALUES ({_NEW}, {_NEW}); COMMIT": 1,
}


class _Counted(Background):
    """Knows how many steps are done."""

    def __init__(self, pause):
        super().__init__(pause)
        self.count = 0

    def wait_for(self, count, seconds=60):
        """Returns when `count` more steps are done."""
        goal, deadline = self.count + count, time.monotonic() + seconds
        while self.count < goal:
            assert time.monotonic() < deadline, f"{self} made {self.count} of {goal} steps within {seconds} s"
            time.sleep(0.01)

    def step(self):
        self.do()
        self.count += 1


class Writes(_Counted):
    """Random small transactions on all tables. A database that is away is waited for."""

    def __init__(self, world, pause=0.005):
        super().__init__(pause)
        self._session = world.session()

    def __exit__(self, *_):
        super().__exit__()
        self._session.close()

    def do(self):
        (statement,) = random.choices(*zip(*_STATEMENTS.items()))
        try:
            self._session.run(statement)
        except DatabaseError:
            time.sleep(0.1)


class Searches(_Counted):
    """A client that looks for one word all the time, and keeps every answer that lacks the document."""

    def __init__(self, world, project, pause=0.002):
        super().__init__(pause)
        self._url = f"{world.api_url}/api/v1/projects/search?q={project.word}"
        self._id = str(project.id)
        self.failures = []

    def do(self):
        try:
            answer = call("GET", self._url)
            if answer.status != 200 or [hit["id"] for hit in answer.json["hits"]] != [self._id]:
                self.failures.append(f"{answer.status} {answer.text}")
        except OSError as error:
            self.failures.append(str(error))
