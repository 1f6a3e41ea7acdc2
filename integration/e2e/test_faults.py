"""Whatever stops and starts again, the index ends up as the database."""

import time

from case import Case, new_word
from http_json import call
from traffic import Writes


class HostRestarted(Case):
    def test_between_changes(self):
        host = self.world.host
        before, meanwhile = self.add_found_project(), new_word()
        self.assertEqual(host.stop(), 0)
        during = self.add_project()
        self.sql(f"UPDATE projects SET description = '{meanwhile}' WHERE id = {before.id}")
        host.start()
        self.is_found(during)
        self.becomes(lambda: self.field(before, "description"), meanwhile)
        self.is_found(self.add_project())

    def test_in_a_stream_of_writes_it_leaves_within_10_s(self):
        with Writes(self.world) as writes:
            writes.wait_for(200)
            started = time.monotonic()
            status = self.world.host.stop()
            self.assertLess(time.monotonic() - started, 10)
            writes.wait_for(50)
            self.world.host.start()
            writes.wait_for(50)
        self.assertEqual(status, 0)
        self.is_in_step()

    def test_killed_in_a_stream_of_writes(self):
        with Writes(self.world) as writes, Writes(self.world):
            writes.wait_for(200)
            self.world.host.kill()
            writes.wait_for(200)
            self.world.host.start()
            writes.wait_for(50)
        self.is_in_step()


    def test_another_host_takes_over(self):
        with Writes(self.world) as writes:
            with self.world.another_host():
                writes.wait_for(200)
                self.assertEqual(self.world.host.stop(), 0)
                writes.wait_for(200)
                self.world.host.start()
                writes.wait_for(50)
            writes.wait_for(50)
        self.is_in_step()


class ServerRestarted(Case):
    def test_opensearch(self):
        with Writes(self.world) as writes:
            writes.wait_for(100)
            self.world.stack.kill("opensearch")
            writes.wait_for(100)
            answer = call("GET", f"{self.world.api_url}/api/v1/projects/search?q=any")
            self.world.stack.up("opensearch")
        self.assertEqual(answer.status, 503)
        self.is_in_step()

    def test_postgresql(self):
        with Writes(self.world) as writes:
            writes.wait_for(100)
            self.world.stack.down("postgres")
            self.world.stack.up("postgres")
            self.world.database.close()
            writes.wait_for(100)
        self.is_in_step()

    def test_kafka(self):
        with Writes(self.world) as writes:
            writes.wait_for(100)
            self.world.stack.kill("kafka")
            writes.wait_for(100)
            self.world.stack.up("kafka")
            writes.wait_for(100)
        self.is_in_step(120)

    def test_kafka_connect(self):
        with Writes(self.world) as writes:
            writes.wait_for(100)
            self.world.stack.kill("connect")
            writes.wait_for(100)
            self.world.stack.up("connect")
        self.is_in_step(120)


class DeadLetters(Case):
    TOPIC = "sluice.projects.dlq"

    def letter_with(self, text):
        """The dead letter that holds `text`: headers, key and value."""
        letters = [letter for letter in self.world.kafka.records(self.TOPIC) if text in letter[2]]
        self.assertEqual(len(letters), 1)
        headers, key, value = letters[0]
        return dict(header.split(b"=", 1) for header in headers.split(b",") if b"=" in header), key, value

    def test_undecodable_record(self):
        poison = b"\xff\xfe not json: " + new_word().encode()
        self.world.kafka.produce("cdc.public.projects", "poisoned key", poison)
        headers, key, value = self.eventually(lambda: self.letter_with(poison))
        self.let_changes_pass()  # in every partition, so also in that one
        self.assertEqual((key, value), (b"poisoned key", poison))
        self.assertEqual(headers[b"__connect.errors.topic"], b"cdc.public.projects")
        self.assertEqual(headers[b"__connect.errors.connector.name"], b"projects")
        for name in (b"partition", b"offset", b"stage", b"class.name", b"exception.message"):
            self.assertIn(b"__connect.errors." + name, headers)

    def limit_nested(self, limit):
        self.world.opensearch("PUT", f"/{self.world.index}/_settings", {"index.mapping.nested_objects.limit": limit})

    def test_document_that_the_index_refuses(self):
        project, one, other = self.add_found_project(), self.add_hashtag(), self.add_hashtag()
        self.limit_nested(1)
        self.addCleanup(self.limit_nested, None)
        self.link_hashtag(one, project)
        self.becomes(lambda: len(self.field(project, "hashtags")), 1)
        self.link_hashtag(other, project)
        headers, _, _ = self.eventually(lambda: self.letter_with(f'"hashtag_id":{other}'.encode()))
        self.assertIn(b"nested", headers[b"__connect.errors.exception.message"])
        self.is_found(self.add_project())
        self.assertEqual(len(self.field(project, "hashtags")), 1)
        self.sql(f"DELETE FROM project_hashtags WHERE project_id = {project.id} AND hashtag_id = {one}")  # and so it heals
        self.becomes(lambda: [tag["id"] for tag in self.field(project, "hashtags")], [other])
