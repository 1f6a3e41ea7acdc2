"""`sluice explain` and `sluice validate --connect`: what a configuration comes to in a database, and what is wrong with it,
to the line and column."""

import json
import unittest

from host import ROOT
from world import World

SCHEMA = """
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, email text);
CREATE TABLE article (id int PRIMARY KEY, title text NOT NULL, slug text NOT NULL UNIQUE, author_id int REFERENCES person,
  editor_id int REFERENCES person);
CREATE TABLE comment (id int PRIMARY KEY, article_id int REFERENCES article, answers int REFERENCES comment, body text);
CREATE INDEX ON article (author_id);
CREATE INDEX ON comment (article_id);
ALTER TABLE comment REPLICA IDENTITY FULL;
"""
# Of each problem, ▸ marks the place in the file.
PIPELINE = """\
name: explained
source: {brokers: "${KAFKA_BROKER}", topics: ["^explained[.]"]}
decode: {plugin: debezium-source-decoder}
denormalize:
  plugin: project-denormalizer
  config:
    connection: {host: "${POSTGRES_HOST}", port: "${POSTGRES_PORT}", user: "${POSTGRES_USER:-postgres}",
      password: "${POSTGRES_PASSWORD:-postgres}", dbname: "${POSTGRES_DB}"}
    replication_slot: "${REPLICATION_SLOT}"
    document:
%s
sink:
  plugin: opensearch-sink
  config: {url: "${OPENSEARCH_URL}", index: explained, mapping: %s}
"""
SOUND = """
      table: article
      columns: [id, title]
      children:
        - {name: author, table: person, on: {id: author_id}, columns: [name]}
        - {name: comments, table: comment, columns: [body]}"""


class Explain(unittest.TestCase):
    """On a configuration and a database that each test spoils in one way."""

    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World("explained", ROOT / "pipelines" / "shop" / "shop.yaml", SCHEMA,
                                                started=False, connected=False))
        cls.world.sql("SELECT pg_create_logical_replication_slot('sluice_explained', 'pgoutput')")
        cls.mapping = cls.world.file("mapping.json", "{}")

    def file(self, document):
        return self.world.file("explained.yaml", PIPELINE % (document.lstrip("\n"), self.mapping))

    def explain(self, document):
        run = self.world.sluice("explain", "--json", self.file(document))
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)

    def has_problem(self, document, *words):
        """This one and no other, just there."""
        before, mark, _ = (PIPELINE % (document.lstrip("\n"), self.mapping)).partition("▸")
        self.assertTrue(mark)
        place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        file = self.file(document.replace("▸", ""))
        for command in (["explain"], ["explain", "--json"], ["validate", "--connect"]):
            run = self.world.sluice(*command, file)
            self.assertEqual(run.returncode, 1, run.stdout)
            (line,) = run.stderr.splitlines()
            self.assertTrue(line.startswith(f"{file}:{place}: error: "), f"{place} expected: {line}")
            for word in words:
                self.assertIn(word, line)
        self.assertEqual(self.world.sluice("validate", file).returncode, 0)  # which asks no database

    def test_a_sound_one(self):
        found = self.explain(SOUND)
        self.assertEqual(found["warnings"], [])
        self.assertEqual([table["table"] for table in found["tables"]], ["public.article", "public.person", "public.comment"])
        self.assertEqual(self.world.sluice("validate", "--connect", self.file(SOUND)).returncode, 0)

    def test_unknown_table(self):
        self.has_problem("      table: ▸artikle", "public.artikle", "did you mean public.article?")
        self.has_problem(SOUND.replace("table: comment", "table: ▸coment"), "public.coment", "did you mean public.comment?")
        self.has_problem(SOUND.replace("table: comment", "table: ▸talk.comment"), "talk.comment")

    def test_unknown_column(self):
        self.has_problem(SOUND.replace("title]", "▸titel]"), "public.article", "titel", "did you mean title?",
                         "id, title, slug, author_id, editor_id")
        self.has_problem(SOUND.replace("body]", "▸text]"), "public.comment", "text", "id, article_id, answers, body")
        self.has_problem(SOUND.replace("{id: author_id}", "{id: ▸writer_id}"), "public.article", "writer_id", "author_id")

    def test_ambiguous_foreign_key(self):
        self.has_problem(SOUND.replace("{name: author, table: person, on: {id: author_id}, columns: [name]}",
                                       "▸{name: author, table: person, columns: [name]}"),
                         "which foreign key between public.person and public.article",
                         "article_author_id_fkey: public.article(author_id) references public.person(id)",
                         "article_editor_id_fkey: public.article(editor_id) references public.person(id)")

    def test_a_table_that_refers_to_itself(self):
        self.has_problem("""
      table: comment
      children:
        - ▸{name: answers_to, table: comment}""", "which foreign key between public.comment and public.comment",
                         "comment_answers_fkey: public.comment(answers) references public.comment(id)")

    def test_no_foreign_key(self):
        self.has_problem("""
      table: comment
      children:
        - ▸{table: person}""", "no foreign key between public.person and public.comment: name the columns with on")

    def test_key_without_unique_index(self):
        self.has_problem("      {table: article, key: ▸title}", "no unique index on public.article(title)", "(id)", "(slug)")
        self.assertEqual(self.explain("      {table: article, key: slug}")["routes"][0]["way"], "slug is the document's key")

    def test_a_cycle(self):
        self.has_problem("""
      table: article
      columns: [id]
      children:
        - name: comments
          table: comment
          children:
            - ▸name: article
              table: article""", "comment_article_id_fkey", "leads back to the row that it came from")

    def test_several_problems_are_told_at_once(self):
        document = SOUND.replace("title]", "titel]").replace("table: comment", "table: coment")
        run = self.world.sluice("explain", self.file(document))
        self.assertEqual(run.returncode, 1)
        self.assertEqual(len(run.stderr.splitlines()), 2, run.stderr)

    def test_missing_index(self):
        self.world.sql("DROP INDEX comment_article_id_idx")
        (warning,) = self.explain(SOUND)["warnings"]
        told, statement = warning.split("\n")
        self.assertTrue(told.startswith("no index on public.comment (article_id)"), told)
        self.world.sql(statement)  # as it stands
        self.assertEqual(self.explain(SOUND)["warnings"], [])

    def test_replica_identity_that_says_too_little(self):
        self.world.sql("ALTER TABLE comment REPLICA IDENTITY DEFAULT")
        (warning,) = self.explain(SOUND)["warnings"]
        self.assertIn("public.comment", warning)
        self.world.sql(warning.split("\n")[1])
        self.assertEqual(self.explain(SOUND)["warnings"], [])


class ExplainExamples(unittest.TestCase):
    """Each with the tables of its schema.sql, and a slot once that is made: nothing is left to be warned of."""

    def check(self, name):
        folder = ROOT / "pipelines" / name
        slot = f"sluice_explain_{name}"
        env = {"PUBLICATION": f"sluice_{name}"}
        with World(f"explain_{name}", folder / f"{name}.yaml", folder / "schema.sql", env, started=False,
                   connected=False) as world:
            def explain():
                run = world.sluice("explain", "--json", world.pipeline)
                self.assertEqual((run.returncode, run.stderr), (0, ""))
                return json.loads(run.stdout)

            (warning,) = explain()["warnings"]
            self.assertIn(f"there is no replication slot {slot}", warning)
            world.sql(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
            found = explain()
            self.assertEqual(found["warnings"], [])
            self.assertEqual({table["table"] for table in found["tables"]}, set(world.env["CAPTURED_TABLES"].split(",")))
            check = world.sluice("validate", "--connect", world.pipeline)
            self.assertEqual((check.returncode, check.stderr), (0, ""))

    def test_shop(self):
        self.check("shop")

    def test_forum(self):
        self.check("forum")

    def test_library(self):
        self.check("library")
