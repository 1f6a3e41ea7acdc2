"""A change of columns that the document does not use writes nothing, in any table of the tree."""

import unittest

from http_json import call
from oracle import wait_until_equal
from waiting import eventually
from world import World, pipeline_for

IGNORED = "sluice_plugin_ignored_changes_total"
SCHEMA = """
CREATE TABLE author (id int PRIMARY KEY, name text, email text);
CREATE TABLE book (id int PRIMARY KEY, title text, shelf text, status text DEFAULT 'in', author_id int REFERENCES author);
CREATE TABLE loan (id int PRIMARY KEY, book_id int REFERENCES book, who text, began int, fee int);
CREATE TABLE tag (id int PRIMARY KEY, label text, colour text);
CREATE TABLE book_tag (book_id int REFERENCES book, tag_id int REFERENCES tag, weight int, note text, PRIMARY KEY (book_id, tag_id));
CREATE INDEX ON book (author_id); CREATE INDEX ON loan (book_id); CREATE INDEX ON book_tag (tag_id, book_id);
ALTER TABLE author REPLICA IDENTITY FULL; ALTER TABLE book REPLICA IDENTITY FULL; ALTER TABLE loan REPLICA IDENTITY FULL;
ALTER TABLE tag REPLICA IDENTITY FULL; ALTER TABLE book_tag REPLICA IDENTITY FULL;
INSERT INTO author SELECT i, 'author ' || i, 'mail' FROM generate_series(1, 3) i;
INSERT INTO book SELECT i, 'book ' || i, 'shelf', 'in', 1 + i % 3 FROM generate_series(1, 12) i;
INSERT INTO loan SELECT i, 1 + i % 12, 'reader ' || i, i, 5 FROM generate_series(1, 24) i;
INSERT INTO tag SELECT i, 'tag ' || i, 'red' FROM generate_series(1, 4) i;
INSERT INTO book_tag SELECT i, 1 + i % 4, i, 'note' FROM generate_series(1, 12) i;
"""
DOCUMENT = {"table": "book", "columns": ["id", {"as": "title", "sql": "upper(book.title)"}], "where": "book.status <> 'lost'",
            "children": [
                {"name": "author", "table": "author", "columns": ["name"]},
                {"name": "loans", "table": "loan", "columns": ["who"], "order_by": [{"column": "began", "direction": "desc"}]},
                {"name": "tags", "table": "tag", "columns": ["label"], "through": {"table": "book_tag", "columns": ["weight"]}}]}
DOCUMENTS = """SELECT id, json_build_object('id', id, 'title', upper(title),
    'author', (SELECT json_build_object('name', name) FROM author a WHERE a.id = author_id),
    'loans', (SELECT coalesce(json_agg(json_build_object('who', who) ORDER BY began DESC, l.id), '[]') FROM loan l
              WHERE l.book_id = book.id),
    'tags', (SELECT coalesce(json_agg(json_build_object('label', t.label, 'weight', b.weight) ORDER BY t.id), '[]')
             FROM book_tag b JOIN tag t ON t.id = b.tag_id WHERE b.book_id = book.id))
  FROM book WHERE status <> 'lost'"""


class UnusedColumns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # The first rows are read from the tables: their events could come late, and write the same once more.
        fill = {"plugin": "reconcile-job", "schedule": "never", "bootstrap": True}
        cls.world = cls.enterClassContext(World("unused", pipeline_for("unused", DOCUMENT, jobs={"fill": fill}), SCHEMA,
                                                env={"SNAPSHOT_MODE": "no_data"}))
        eventually(cls.is_filled)

    @classmethod
    def is_filled(cls):
        (pipeline,) = call("GET", f"{cls.world.admin_url}/pipelines").json["pipelines"]
        assert pipeline["jobs"][0]["state"] == "SUCCEEDED", pipeline

    def setUp(self):
        wait_until_equal(self.world, DOCUMENTS)

    def writes(self):
        """What OpenSearch counts at each write, by document."""
        self.world.opensearch("POST", f"/{self.world.index}/_refresh")
        answer = call("POST", f"{self.world.opensearch_url}/{self.world.index}/_search",
                      {"size": 1000, "_source": False, "version": True, "seq_no_primary_term": True}).json
        return {hit["_id"]: (hit["_version"], hit["_seq_no"]) for hit in answer["hits"]["hits"]}

    def writes_only(self, ids, unused, used):
        """The first statement writes nothing; the second, of a column that is used, the documents of these ids."""
        before, ignored = self.writes(), self.world.metric(IGNORED)
        changed = self.world.sql(f"WITH changed AS ({unused} RETURNING 1) SELECT count(*) FROM changed")
        eventually(lambda: self.assertEqual(self.world.metric(IGNORED), ignored + int(changed[0])))
        self.assertEqual(self.writes(), before)
        self.world.sql(used)
        wait_until_equal(self.world, DOCUMENTS)
        after = self.writes()
        self.assertEqual({int(id) for id in before if before[id] != after[id]}, set(ids))
        self.assertEqual(self.world.metric(IGNORED), ignored + int(changed[0]))

    def test_of_the_root(self):
        self.writes_only([3], "UPDATE book SET shelf = 'other'", "UPDATE book SET title = 'another' WHERE id = 3")

    def test_of_an_object(self):
        self.writes_only([1, 4, 7, 10], "UPDATE author SET email = 'other'", "UPDATE author SET name = 'Ada' WHERE id = 2")

    def test_of_an_array(self):
        self.writes_only([6], "UPDATE loan SET fee = fee + 1", "UPDATE loan SET who = 'another' WHERE id = 5")

    def test_of_a_table_behind_a_junction(self):
        self.writes_only([3, 7, 11], "UPDATE tag SET colour = 'blue'", "UPDATE tag SET label = 'another' WHERE id = 4")

    def test_of_a_junction(self):
        self.writes_only([8], "UPDATE book_tag SET note = 'other'", "UPDATE book_tag SET weight = 100 WHERE book_id = 8")

    def test_what_only_the_order_uses(self):
        self.writes_only([2], "UPDATE loan SET fee = fee + 1", "UPDATE loan SET began = began + 100 WHERE id = 1")

    def test_what_only_the_condition_uses(self):
        self.world.sql("UPDATE book SET status = 'lost' WHERE id = 12")
        wait_until_equal(self.world, DOCUMENTS)
        self.assertNotIn("12", self.writes())
        self.world.sql("UPDATE book SET status = 'in' WHERE id = 12")
        wait_until_equal(self.world, DOCUMENTS)
        self.assertIn("12", self.writes())
