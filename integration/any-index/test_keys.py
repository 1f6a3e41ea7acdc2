"""Keys that change, swap, come back, and look odd."""

import unittest

from http_json import call
from oracle import documents_in_index, wait_until_equal
from psql import literal
from waiting import eventually
from world import World, pipeline_for

ODD_TEXTS = ("a|b", "a\\", "\\|", "|", "a/b", "../up", "100%", "%2F", " ", " a ", "it's", '"quoted"', "?q=1#f", "_id", "null",
             "tab\there", "new\nline", "größe", "日本語", "🦆", "x" * 400, "é" * 200)
TENANT = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
OTHER_TENANT = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12"


class CompositeKeys(unittest.TestCase):
    """The id of a document is its key's parts, joined."""

    SCHEMA = """
        CREATE TABLE place (tenant uuid, region text, number int, name text, PRIMARY KEY (tenant, region, number));
        CREATE TABLE visit (id int PRIMARY KEY, tenant uuid, region text, number int, note text,
          FOREIGN KEY (tenant, region, number) REFERENCES place ON UPDATE CASCADE ON DELETE CASCADE);
        CREATE INDEX ON visit (tenant, region, number);
        ALTER TABLE visit REPLICA IDENTITY FULL"""
    DOCUMENTS = r"""SELECT tenant || '|' || replace(replace(region, '\', '\\'), '|', '\|') || '|' || number,
          json_build_object('tenant', tenant, 'region', region, 'number', number, 'name', name, 'visits', (
            SELECT coalesce(json_agg(json_build_object('id', id, 'note', note) ORDER BY id), '[]') FROM visit v
            WHERE (v.tenant, v.region, v.number) = (place.tenant, place.region, place.number)))
        FROM place"""
    DOCUMENT = {"table": "place", "children": [{"name": "visits", "table": "visit", "columns": ["id", "note"]}]}

    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World("keys", pipeline_for("keys", cls.DOCUMENT), cls.SCHEMA))

    def setUp(self):
        self.leads_to_the_same(f"""DELETE FROM visit; DELETE FROM place;
            INSERT INTO place SELECT '{TENANT}', region, number, region || number
              FROM unnest(ARRAY['north', 'south']) region, generate_series(1, 4) number;
            INSERT INTO visit SELECT 10 * number + i, '{TENANT}', 'north', number, 'visit ' || i
              FROM generate_series(1, 4) number, generate_series(1, 3) i""")

    def leads_to_the_same(self, sql):
        self.world.sql(sql)
        wait_until_equal(self.world, self.DOCUMENTS)

    def ids(self):
        return set(documents_in_index(self.world))

    def test_an_update_of_the_key_moves_the_document_and_takes_its_children_along(self):
        for change in ("number = 40", "region = 'east'", f"tenant = '{OTHER_TENANT}'", "region = 'a|b\\', number = 41"):
            self.leads_to_the_same(f"UPDATE place SET {change} WHERE name = 'north4'")
        self.assertIn(rf"{OTHER_TENANT.lower()}|a\|b\\|41", self.ids())
        self.assertEqual(len(self.ids()), 8)

    def test_all_keys_at_once(self):
        self.leads_to_the_same("UPDATE place SET number = number + 1000, name = name || ' moved'")

    def test_a_key_moves_into_the_place_that_another_left(self):
        self.leads_to_the_same("""BEGIN; UPDATE place SET number = 9 WHERE name = 'north1';
            UPDATE place SET number = 1 WHERE name = 'north2'; COMMIT""")

    def test_two_rows_swap_their_keys_in_one_transaction(self):
        self.leads_to_the_same("""BEGIN;
            UPDATE place SET number = -1 WHERE name = 'north1'; UPDATE place SET number = 1 WHERE name = 'north2';
            UPDATE place SET number = 2 WHERE name = 'north1'; COMMIT""")

    def test_a_key_goes_there_and_back_in_one_transaction(self):
        self.leads_to_the_same("""BEGIN; UPDATE place SET region = 'west' WHERE name = 'north3';
            UPDATE place SET region = 'north', name = 'back' WHERE name = 'north3'; COMMIT""")

    def test_a_row_is_deleted_and_inserted_again_in_one_transaction(self):
        self.leads_to_the_same(f"""BEGIN; DELETE FROM place WHERE region = 'north' AND number < 3;
            INSERT INTO place VALUES ('{TENANT}', 'north', 1, 'again');
            INSERT INTO visit VALUES (99, '{TENANT}', 'north', 1, 'again, too'); COMMIT""")

    def test_a_row_is_deleted_and_inserted_again_many_times(self):
        self.leads_to_the_same("".join(f"""DELETE FROM place WHERE region = 'south' AND number = 1;
            INSERT INTO place VALUES ('{TENANT}', 'south', 1, 'time {i}');""" for i in range(30)))

    def test_a_child_moves_to_another_parent_and_loses_it(self):
        self.leads_to_the_same("UPDATE visit SET number = 4, note = 'moved' WHERE id = 11")
        self.leads_to_the_same("UPDATE visit SET tenant = NULL WHERE id = 12; DELETE FROM visit WHERE id = 13")
        self.leads_to_the_same("UPDATE visit SET id = 1000 WHERE id = 21")

    def test_a_uuid_is_the_same_in_either_case(self):
        self.leads_to_the_same(f"""INSERT INTO place VALUES ('{OTHER_TENANT}', 'north', 1, 'upper');
            INSERT INTO visit VALUES (77, '{OTHER_TENANT.lower()}', 'north', 1, 'lower')""")
        self.assertIn(f"{OTHER_TENANT.lower()}|north|1", self.ids())
        self.leads_to_the_same(f"UPDATE visit SET note = 'again' WHERE tenant = '{{{OTHER_TENANT}}}'")

    def test_odd_texts_in_a_part(self):
        values = ", ".join(f"('{TENANT}', {literal(text)}, {i}, 'odd')" for i, text in enumerate(ODD_TEXTS))
        self.leads_to_the_same(f"INSERT INTO place VALUES {values}")
        self.leads_to_the_same(f"""INSERT INTO visit SELECT 1000 + number, tenant, region, number, 'odd'
            FROM place WHERE name = 'odd'""")
        self.leads_to_the_same("UPDATE visit SET note = 'odder' WHERE id >= 1000")
        self.leads_to_the_same("DELETE FROM place WHERE name = 'odd'")


class NamedKeys(unittest.TestCase):
    """The key of the document is a unique column that is not the table's primary key."""

    SCHEMA = """
        CREATE TABLE page (id int PRIMARY KEY, slug text UNIQUE NOT NULL, title text);
        CREATE TABLE part (id int PRIMARY KEY, page_id int REFERENCES page ON UPDATE CASCADE ON DELETE CASCADE, text text);
        CREATE INDEX ON part (page_id);
        ALTER TABLE page REPLICA IDENTITY FULL; ALTER TABLE part REPLICA IDENTITY FULL"""
    DOCUMENTS = """SELECT slug, json_build_object('slug', slug, 'title', title, 'parts', (
            SELECT coalesce(json_agg(json_build_object('id', p.id, 'text', text) ORDER BY p.id), '[]')
            FROM part p WHERE page_id = page.id))
        FROM page WHERE octet_length(slug) <= 512"""
    DOCUMENT = {"table": "page", "key": "slug", "columns": ["slug", "title"],
                "children": [{"name": "parts", "table": "part", "columns": ["id", "text"]}]}

    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World("slugs", pipeline_for("slugs", cls.DOCUMENT), cls.SCHEMA))

    def setUp(self):
        self.leads_to_the_same("""DELETE FROM part; DELETE FROM page;
            INSERT INTO page SELECT i, 'page-' || i, 'Page ' || i FROM generate_series(1, 5) i;
            INSERT INTO part SELECT i, 1 + i % 5, 'part ' || i FROM generate_series(1, 15) i""")

    def leads_to_the_same(self, sql):
        self.world.sql(sql)
        wait_until_equal(self.world, self.DOCUMENTS)

    def test_an_update_of_the_documents_key_moves_it(self):
        self.leads_to_the_same("UPDATE page SET slug = 'moved', title = 'Moved' WHERE id = 1")
        self.leads_to_the_same("UPDATE page SET slug = slug || '-2'")

    def test_an_update_of_the_primary_key_leaves_it_where_it_is(self):
        self.leads_to_the_same("UPDATE page SET id = id + 100")
        self.leads_to_the_same("UPDATE part SET text = text || '!'")

    def test_two_rows_swap_their_keys_in_one_transaction(self):
        self.leads_to_the_same("""BEGIN; UPDATE page SET slug = '-' WHERE id = 1;
            UPDATE page SET slug = 'page-1' WHERE id = 2; UPDATE page SET slug = 'page-2' WHERE id = 1; COMMIT""")

    def test_another_row_takes_the_key_of_a_deleted_one(self):
        self.leads_to_the_same("""BEGIN; DELETE FROM page WHERE id = 3; INSERT INTO page VALUES (30, 'page-3', 'Another');
            INSERT INTO part VALUES (30, 30, 'of another'); COMMIT""")

    def test_odd_texts(self):
        values = ", ".join(f"({1000 + i}, {literal(text)}, 'odd')" for i, text in enumerate(ODD_TEXTS))
        self.leads_to_the_same(f"INSERT INTO page VALUES {values}")
        self.leads_to_the_same("INSERT INTO part SELECT id, id, 'odd' FROM page WHERE title = 'odd'")
        self.leads_to_the_same("UPDATE part SET text = 'odder' WHERE id >= 1000")
        self.leads_to_the_same("UPDATE page SET slug = reverse(slug) || '/' WHERE title = 'odd'")
        self.leads_to_the_same("DELETE FROM page WHERE title = 'odd'")

    def assert_dead_letter(self):
        letters = self.world.kafka.records("sluice.slugs.dlq")
        self.assertTrue(any(b"too long" in value for _, _, value in letters), letters)

    def test_a_key_that_the_index_cannot_hold_is_a_dead_letter_and_others_go_on(self):
        before = self.world.metric("sluice_dead_letters_total")
        self.leads_to_the_same(f"""INSERT INTO page VALUES (2000, '{"y" * 513}', 'too long'), (2001, '{"z" * 512}', 'just fits'),
              (2002, 'short', 'fits')""")
        eventually(lambda: self.assertGreater(self.world.metric("sluice_dead_letters_total"), before))
        self.assertEqual(call("GET", f"{self.world.admin_url}/ready").status, 200)
        eventually(self.assert_dead_letter)
        self.leads_to_the_same("UPDATE page SET slug = 'short enough now' WHERE id = 2000")
