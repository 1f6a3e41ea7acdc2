"""The shipped pipeline on a stack of its own, with as many projects as a benchmark needs: two users and three hashtags each."""

import datetime
import json
import re

from deployment import Deployment
from host import ROOT, Host, free_port

PIPELINE = ROOT / "pipelines" / "projects.yaml"

TABLES = ("projects", "users", "hashtags", "user_projects", "project_hashtags")

# bulk-load.sh gives each project some; for figures that mean the same everywhere each gets as many.
_LINKS = """
TRUNCATE user_projects, project_hashtags;
INSERT INTO users (username, email) SELECT 'more' || n, 'more' || n || '@example.com' FROM generate_series(1, {users}) n;
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
    from then on, unless it is not `connected`. The host is started by whoever needs it."""

    def __init__(self, stack, count, users=2, hashtags=3, connected=True):
        super().__init__(stack, stack.env | {"PORT": str(free_port())}, PIPELINE)
        self.count = count
        self.connected = connected
        self._links = _LINKS.format(users=users, hashtags=hashtags)

    def __enter__(self):
        self.script("migrate.sh")
        self.script("bulk-load.sh", str(self.count))
        for statement in self._links.split(";"):
            self.database.run(statement)
        if self.connected:
            self.script("setup-debezium.sh")
        return self

    def __exit__(self, *_):
        self.host.stop()
        self.host.log.close()
        self.close()

    def events(self):
        """How many changes have come into Kafka."""
        return sum(self.kafka.written(f"cdc.public.{table}") for table in TABLES)

    def id_range(self):
        """The first project's id and the last one's; there is one for each number in between."""
        return map(int, self.database.value("SELECT min(id) || ' ' || max(id) FROM projects").split())

    def host_on(self, pipeline):
        """A host of its own on another pipeline, with this one's ports and yet to be started."""
        return Host(pipeline, self.env, f"{self.admin_url}/ready")

    def chunks(self):
        """All projects' ids, by first and last of a thousand each, which is what a transaction changes."""
        first, last = self.id_range()
        return [(low, min(low + 999, last)) for low in range(first, last + 1, 1000)]

    def change_all(self):
        """Each project, the rows of its users and those of its hashtags: with the usual numbers, six changes a project."""
        for low, high in self.chunks():
            self.database.run(f"UPDATE projects SET updated_at = now() WHERE id BETWEEN {low} AND {high}")
            self.database.run(f"UPDATE user_projects SET role = role WHERE project_id BETWEEN {low} AND {high}")
            self.database.run(f"UPDATE project_hashtags SET project_id = project_id WHERE project_id BETWEEN {low} AND {high}")

    def replaying(self, name, prefix="cdc"):
        """The pipeline as a group of its own, which begins at the first record of the topics `prefix`.public.*, with an
        index of its own and without jobs and search."""
        text = PIPELINE.read_text().replace("- cdc.public.", f"- {prefix}.public.").partition("\njobs:\n")[0]
        for pattern, replacement in ((r"(?m)^source:$", f"source:\n  group_id: bench-{name}"),
                                     (r"(?m)^    index: .*$", f"    index: {name}"),
                                     (r"(?m)^    mapping: ", f"    mapping: {PIPELINE.parent}/")):
            text, count = re.subn(pattern, replacement, text)
            assert count == 1, f"{pattern} is {count} times in {PIPELINE}"
        return self.file(f"{name}.yaml", text)

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
