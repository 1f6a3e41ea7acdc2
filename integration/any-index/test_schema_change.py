"""Tables are altered while the host runs and others write."""

import contextlib
import threading
import time
import unittest

from http_json import call
from oracle import wait_until_equal
from psql import DatabaseError
from waiting import eventually
from world import World, pipeline_for

SCHEMA = """
CREATE TABLE author (id int PRIMARY KEY, name text, born int, secret text);
CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author, title text, pages int);
CREATE INDEX ON book (author_id);
CREATE TABLE loan (id int PRIMARY KEY, book_id int REFERENCES book, who text);
CREATE INDEX ON loan (book_id);
ALTER TABLE author REPLICA IDENTITY FULL; ALTER TABLE loan REPLICA IDENTITY FULL;
"""
ROWS = """
INSERT INTO author SELECT i, 'author ' || i, 1900 + i, 'hidden' FROM generate_series(1, 5) i;
INSERT INTO book SELECT i, 1 + i % 5, 'book ' || i, 100 * i FROM generate_series(1, 30) i;
INSERT INTO loan SELECT i, 1 + i % 30, 'reader ' || i FROM generate_series(1, 60) i;
"""
# Of a book all columns, of the others those that are named.
DOCUMENTS = """SELECT id, to_jsonb(book) || jsonb_build_object(
    'author', (SELECT jsonb_build_object('id', a.id, 'name', a.name, 'born', a.born) FROM author a WHERE a.id = author_id),
    'loans', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'who', l.who) ORDER BY l.id), '[]')
      FROM loan l WHERE l.book_id = book.id)) FROM book"""
DOCUMENT = {"table": "book", "children": [
    {"name": "author", "table": "author", "columns": ["id", "name", "born"]},
    {"name": "loans", "table": "loan", "columns": ["id", "who"]}]}


class SchemaChange(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World("altered", pipeline_for("altered", DOCUMENT), SCHEMA))
        cls.world.sql(ROWS)

    def setUp(self):
        wait_until_equal(self.world, DOCUMENTS, 75)

    @contextlib.contextmanager
    def state_is_told(self):
        """With a failure, where the changes may have got stuck."""
        try:
            yield
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.world.state()}") from None

    def leads_to_the_same(self, sql=""):
        """Also documents that the change itself does not touch are right, once their rows have been touched."""
        with self.writes():
            self.world.sql(sql)
        self.world.sql("UPDATE book SET pages = pages + 1; UPDATE author SET born = born + 1")
        wait_until_equal(self.world, DOCUMENTS, 75)
        self.is_running()

    @contextlib.contextmanager
    def writes(self):
        """Others write before, during and after what is done within."""
        stop, errors = threading.Event(), []
        writer = threading.Thread(target=self._write, args=(stop, errors))
        writer.start()
        try:
            time.sleep(0.2)
            yield
            time.sleep(0.2)
        finally:
            stop.set()
            writer.join()
        self.assertEqual(errors, [], "the writer broke off")

    def _write(self, stop, errors):
        session, number = self.world.session(), 0
        while not stop.wait(0.01):
            number += 1
            try:
                session.run(f"UPDATE book SET title = 'title {number}' WHERE id = {1 + number % 30}")
                session.run(f"UPDATE loan SET who = 'reader {number}' WHERE id = {1 + number % 60}")
                session.run(f"UPDATE author SET name = 'author {number}' WHERE id = {1 + number % 5}")
            except DatabaseError as error:
                # The table or column is away just now; or the change and this, each with rows of its own, wait for each other.
                if not any(words in str(error) for words in ("does not exist", "deadlock detected")):
                    errors.append(str(error))
                    break
        session.close()

    def task(self):
        (pipeline,) = call("GET", f"{self.world.admin_url}/pipelines").json["pipelines"]
        return pipeline["tasks"][0]

    def is_running(self):
        with self.state_is_told():
            eventually(lambda: self.assertEqual(self.task()["state"], "RUNNING"), 60)

    def has_failed(self, *words):
        def failed():
            task = self.task()
            self.assertEqual(task["state"], "FAILED", task)
            for word in words:
                self.assertIn(word, task["trace"])
        with self.state_is_told():
            eventually(failed)

    def fails_until(self, change, remedy, *words):
        """The task fails and says why; what is written meanwhile is in the index once it is mended."""
        with self.writes():
            self.world.sql(change)
            try:
                self.has_failed(*words)
                self.world.sql("UPDATE book SET pages = pages + 1")
                self.assertEqual(call("GET", f"{self.world.admin_url}/ready").status, 503)
            finally:
                self.world.sql(remedy)
        wait_until_equal(self.world, DOCUMENTS, 90)
        self.is_running()

    # Columns

    def test_a_new_column_where_all_are_taken(self):
        self.leads_to_the_same("ALTER TABLE book ADD COLUMN isbn text; UPDATE book SET isbn = 'isbn ' || id WHERE id < 9")
        self.leads_to_the_same("ALTER TABLE book ADD COLUMN stars int DEFAULT 3")
        self.leads_to_the_same("ALTER TABLE book DROP COLUMN isbn, DROP COLUMN stars")

    def test_a_new_column_where_some_are_taken(self):
        self.leads_to_the_same("ALTER TABLE author ADD COLUMN died int DEFAULT 2000; UPDATE author SET died = 2001")
        self.leads_to_the_same("ALTER TABLE author DROP COLUMN died")

    def test_a_column_that_is_not_used_is_dropped(self):
        self.leads_to_the_same("ALTER TABLE author DROP COLUMN secret")

    def test_a_column_where_all_are_taken_is_renamed_and_back(self):
        self.leads_to_the_same("ALTER TABLE book RENAME COLUMN pages TO length; ALTER TABLE book ADD COLUMN pages int")
        self.leads_to_the_same("ALTER TABLE book DROP COLUMN pages; ALTER TABLE book RENAME COLUMN length TO pages")

    def test_a_column_that_is_used_is_dropped_and_put_back(self):
        self.fails_until("ALTER TABLE author DROP COLUMN born",
                         "ALTER TABLE author ADD COLUMN born int; UPDATE author SET born = 1950 + id", "author", "born")

    def test_a_column_that_is_used_is_renamed_and_back(self):
        self.fails_until("ALTER TABLE loan RENAME COLUMN who TO reader", "ALTER TABLE loan RENAME COLUMN reader TO who",
                         "loan", "who")

    def test_the_column_of_a_foreign_key_is_renamed_and_back(self):
        """The relation was found in the catalog, and is found again."""
        self.leads_to_the_same("""ALTER TABLE loan RENAME COLUMN book_id TO of_book;
            UPDATE book SET title = 'renamed' WHERE id = 3; UPDATE loan SET who = 'renamed' WHERE id = 4;
            ALTER TABLE loan RENAME COLUMN of_book TO book_id""")

    def test_a_failed_task_forgets_nothing_when_its_host_is_started_anew(self):
        with self.writes():
            self.world.sql("ALTER TABLE author RENAME COLUMN name TO called")
            try:
                self.has_failed("author", "name")
                self.world.sql("UPDATE book SET pages = -pages")
                self.assertEqual(self.world.host.stop(), 0)
            finally:
                self.world.sql("ALTER TABLE author RENAME COLUMN called TO name")
        self.world.host.start()
        wait_until_equal(self.world, DOCUMENTS, 75)

    # Types

    def test_a_column_gets_another_type(self):
        self.leads_to_the_same("ALTER TABLE book ALTER COLUMN pages TYPE bigint")
        self.leads_to_the_same("ALTER TABLE author ALTER COLUMN born TYPE numeric(10, 2)")
        self.leads_to_the_same("ALTER TABLE loan ALTER COLUMN who TYPE varchar(200)")

    def test_the_key_gets_another_type(self):
        self.leads_to_the_same("ALTER TABLE book ALTER COLUMN id TYPE bigint; ALTER TABLE loan ALTER COLUMN book_id TYPE bigint")
        self.leads_to_the_same("UPDATE book SET id = 3000000000 WHERE id = 30 AND id NOT IN (SELECT book_id FROM loan)")

    # Tables

    def test_a_table_gets_its_old_rows_into_the_log(self):
        self.leads_to_the_same("ALTER TABLE book REPLICA IDENTITY FULL")
        self.leads_to_the_same("ALTER TABLE book REPLICA IDENTITY DEFAULT")

    def test_a_table_is_renamed_and_back(self):
        with self.writes():
            # What is written to it under its other name is not captured.
            self.world.sql("ALTER TABLE loan RENAME TO lent")
            try:
                self.world.sql("UPDATE book SET pages = pages + 1")
                self.has_failed("loan")
            finally:
                self.world.sql("ALTER TABLE lent RENAME TO loan")
        wait_until_equal(self.world, DOCUMENTS, 90)
        self.is_running()

    def test_a_table_is_dropped_and_made_anew(self):
        self.fails_until("ALTER TABLE loan RENAME TO loan_old", """
            CREATE TABLE loan (LIKE loan_old INCLUDING ALL, FOREIGN KEY (book_id) REFERENCES book);
            ALTER TABLE loan REPLICA IDENTITY FULL;
            INSERT INTO loan SELECT * FROM loan_old; DROP TABLE loan_old""", "loan")
