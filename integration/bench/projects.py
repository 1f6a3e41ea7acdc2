"""The shipped pipeline on a stack of its own, with as many projects as a benchmark needs: two users and three hashtags each."""

import datetime
import json

from deployment import Deployment
from host import ROOT, free_port

PIPELINE = ROOT / "pipelines" / "projects.yaml"

# bulk-load.sh gives each project some; for figures that mean the same everywhere each gets as many.
_LINKS = """
TRUNCATE user_projects, project_hashtags;
INSERT INTO user_projects (user_id, project_id, role)
  SELECT u.ids[1 + (p.id * 7919 + n * 104729) % cardinality(u.ids)], p.id, CASE n WHEN 1 THEN 'owner' ELSE 'member' END
  FROM projects p, generate_series(1, {users}) n, (SELECT array_agg(id ORDER BY id) AS ids FROM users) u
  ON CONFLICT DO NOTHING;
INSERT INTO project_hashtags (project_id, hashtag_id)
  SELECT p.id, h.ids[1 + (p.id * 31 + n * 37) % cardinality(h.ids)]
  FROM projects p, generate_series(1, {hashtags}) n, (SELECT array_agg(id ORDER BY id) AS ids FROM hashtags) h
  ON CONFLICT DO NOTHING;
VACUUM ANALYZE projects; VACUUM ANALYZE users; VACUUM ANALYZE hashtags; VACUUM ANALYZE user_projects;
VACUUM ANALYZE project_hashtags"""


class Projects(Deployment):
    """Context manager around a stack that is up: tables with `count` projects, and a connector that captures what changes
    from then on. The host is started by whoever needs it."""

    def __init__(self, stack, count, users=2, hashtags=3):
        super().__init__(stack, stack.env | {"PORT": str(free_port())}, PIPELINE)
        self.count = count
        self._links = _LINKS.format(users=users, hashtags=hashtags)

    def __enter__(self):
        self.script("migrate.sh")
        self.script("bulk-load.sh", str(self.count))
        for statement in self._links.split(";"):
            self.database.run(statement)
        self.script("setup-debezium.sh")
        return self

    def __exit__(self, *_):
        self.host.stop()
        self.host.log.close()
        self.close()

    def statement(self, name):
        """The SQL of one of the pipeline's statements, as `sluice explain` shows it."""
        answer = json.loads(self.sluice("explain", "--json", str(self.pipeline), check=True).stdout)
        return next(s["sql"] for s in answer["statements"] if s["name"].startswith(f"{name}:"))

    def copy_all(self):
        """`COPY` of the pipeline's own statement over all rows: the source's share of a rebuild."""
        scan = self.statement("scan")
        for parameter, value in (("$1", "-1"), ("$2", str(2**62)), ("$3", str(2**31))):
            scan = scan.replace(parameter, f"'{value}'")
        return f"COPY ({scan}) TO STDOUT (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')"


def log_time(log, message):
    """When the first line of a host's log whose message holds this text was written, in seconds."""
    for line in log.splitlines():
        if message in line:
            return datetime.datetime.fromisoformat(json.loads(line)["time"].replace("Z", "+00:00")).timestamp()
    raise LookupError(f"nothing in the log says '{message}':\n{log[-2000:]}")
