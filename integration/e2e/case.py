"""What the tests are written in: rows in PostgreSQL, searches over HTTP, and waiting for the one to show in the other."""

import random
import string
import unittest
import urllib.parse
from typing import NamedTuple

from http_json import call
from psql import literal
from waiting import eventually


class Project(NamedTuple):
    id: int
    word: str  # of its name, and of no other project's


def new_word():
    return "".join(random.choices(string.ascii_lowercase, k=14))


class Case(unittest.TestCase):
    world = None  # set by run.py
    maxDiff = 4000

    # Writing

    def sql(self, text):
        return self.world.database.run(text)

    def insert(self, table, **columns):
        """The new row's id."""
        values = ", ".join(literal(value) for value in columns.values())
        return int(self.world.database.value(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) RETURNING id"))

    def add_project(self, word=None, **columns):
        """A project that a search for its word finds; it need not be in the index yet."""
        word = word or new_word()
        return Project(self.insert("projects", **{"name": f"Project {word}", "slug": new_word(), **columns}), word)

    def add_user(self, name=None):
        name = name or new_word()
        return self.insert("users", username=name, email=f"{name}@example.com")

    def add_hashtag(self, name=None):
        return self.insert("hashtags", name=name or new_word())

    def link_user(self, user, project):
        self.sql(f"INSERT INTO user_projects (user_id, project_id) VALUES ({user}, {project.id})")

    def link_hashtag(self, hashtag, project):
        self.sql(f"INSERT INTO project_hashtags (hashtag_id, project_id) VALUES ({hashtag}, {project.id})")

    def add_found_project(self, users=(), hashtags=()):
        project = self.add_project()
        for user in users:
            self.link_user(user, project)
        for hashtag in hashtags:
            self.link_hashtag(hashtag, project)
        self.becomes(lambda: len(self.users_of(project)), len(users))
        self.becomes(lambda: len(self.hashtags_of(project)), len(hashtags))
        return project

    # Reading, through the HTTP API

    def api(self, path, **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        answer = call("GET", f"{self.world.api_url}/api/v1/projects{path}?{query}")
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json

    def ids(self, path, **parameters):
        return [hit["document"]["id"] for hit in self.api(path, **parameters)["hits"]]

    def total(self, word):
        return self.api("/search", q=word, limit=1)["total"]

    def found(self, project):
        """The project's document, or nothing."""
        documents = [hit["document"] for hit in self.api("/search", q=project.word)["hits"]]
        return next((document for document in documents if document["id"] == project.id), None)

    def field(self, project, name):
        document = self.found(project)
        self.assertIsNotNone(document, f"no search finds {project}")
        return document[name]

    def users_of(self, project):
        return [user["username"] for user in self.field(project, "users")]

    def hashtags_of(self, project):
        return [hashtag["name"] for hashtag in self.field(project, "hashtags")]

    # Waiting

    eventually = staticmethod(eventually)

    def becomes(self, read, expected, seconds=30):
        self.eventually(lambda: self.assertEqual(read(), expected), seconds)

    def is_found(self, project, seconds=30):
        self.eventually(lambda: self.field(project, "id"), seconds)

    def is_gone(self, project):
        self.becomes(lambda: self.found(project), None)

    def let_changes_pass(self):
        """Returns when all that was written until now has gone through: enough later rows to be in every
        partition are found, and nothing is pending."""
        word = new_word()
        self.sql(f"""INSERT INTO projects (name, slug) SELECT '{word}', '{word}-' || i FROM generate_series(1, 40) i""")
        self.becomes(lambda: self.total(word), 40)
        self.sql(f"DELETE FROM projects WHERE name = '{word}'")
        self.becomes(lambda: self.total(word), 0)
        self.becomes(lambda: self.world.metric("sluice_pending_keys"), 0)

    def is_in_step(self, seconds=60):
        """The index holds just what the database says."""
        self.becomes(self._differences, {}, seconds)

    def _differences(self):
        rows, documents = self.world.documents_in_database(), self.world.documents_in_index()
        keys = [key for key in rows.keys() | documents.keys() if rows.get(key) != documents.get(key)]
        return {key: {"database": rows.get(key), "index": documents.get(key)} for key in sorted(keys)[:3]}
