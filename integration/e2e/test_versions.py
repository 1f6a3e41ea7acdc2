"""A document never goes backwards: a write that was long on its way is refused if a read that saw more was written before it."""

import contextlib

from case import Case, new_word
from http_json import call


class LateWrites(Case):
    """They are sent by hand, as the sink sends its own, with the version that a read of back then had."""

    def version_of_a_read(self):
        """Made now, some transactions after the last write of any document."""
        for _ in range(5):
            self.sql("SELECT pg_current_xact_id()")
        return int(self.world.database.value(
            "SELECT pg_snapshot_xmax(s)::text::bigint - (SELECT count(*) FROM pg_snapshot_xip(s)) FROM pg_current_snapshot() s"))

    def version(self, project):
        return self.world.opensearch("GET", f"/{self.world.index}/_doc/{project.id}")["_version"]

    def is_refused(self, project, version):
        late = {"id": project.id, "name": project.word, "description": "late"}
        answer = call("PUT", f"{self.world.opensearch_url}/{self.world.index}/_doc/{project.id}"
                             f"?version={version}&version_type=external_gte&refresh=true", late)
        self.assertEqual(answer.status, 409, answer.text)

    def test_after_a_newer_write(self):
        project = self.add_found_project()
        early = self.version_of_a_read()
        self.sql(f"UPDATE projects SET description = 'newer' WHERE id = {project.id}")
        self.becomes(lambda: self.field(project, "description"), "newer")
        self.is_refused(project, early)

    def test_after_a_delete(self):
        project = self.add_found_project()
        early = self.version_of_a_read()
        self.sql(f"DELETE FROM projects WHERE id = {project.id}")
        self.is_gone(project)
        self.is_refused(project, early)
        self.assertIsNone(self.found(project))

    def test_of_a_read_that_lacked_an_older_transaction(self):
        """Which began before the one that it saw, and ended after it."""
        old, new = new_word(), new_word()
        user = self.add_user(old)
        project = self.add_found_project(users=[user])
        with contextlib.closing(self.world.session()) as older:
            older.run(f"BEGIN; UPDATE users SET username = '{new}' WHERE id = {user}")
            self.sql(f"UPDATE projects SET description = 'seen' WHERE id = {project.id}")
            self.becomes(lambda: self.field(project, "description"), "seen")
            self.assertEqual(self.users_of(project), [old])
            early = self.version(project)
            older.run("COMMIT")
        self.becomes(lambda: self.users_of(project), [new])
        self.is_refused(project, early)


class Tombstones(Case):
    """A late write after a delete is refused for as long as the index remembers the delete: index.gc_deletes, by OpenSearch's
    own default a minute."""

    KEPT = "3600000ms"  # the sink's default; it refuses what is not above four times request_timeout, 120 s: the longest write

    def test_outlast_any_write_in_a_new_index_and_in_a_rebuilt_one(self):
        pipeline = self.world.pipeline_variant(
            "tombstones.yaml", ("name: projects\n", "name: tombstones\n"),
            ("index: ${OPENSEARCH_INDEX:-projects}\n    mapping", "index: tombstones\n    mapping"))
        self.addCleanup(self.world.opensearch, "DELETE", "/tombstones-*")
        self.world.sluice("index", "init", pipeline, check=True)
        self.is_kept_by("tombstones")
        before = self.world.index_in_use()
        self.world.sluice("job", "run", self.world.pipeline, "reconcile", check=True)
        self.assertNotEqual(self.world.index_in_use(), before)
        self.is_kept_by(self.world.index)

    def is_kept_by(self, index):
        ((name, answer),) = self.world.opensearch("GET", f"/{index}/_settings?flat_settings=true").items()
        self.assertEqual(answer["settings"].get("index.gc_deletes"), self.KEPT, name)
