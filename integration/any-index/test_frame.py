"""The frame itself, on the smallest pipeline: an oracle that sees nothing would pass everything."""

import unittest

from oracle import differences, wait_until_equal
from world import World, pipeline_for

SCHEMA = """
CREATE TABLE note (id bigint PRIMARY KEY, body text, amount numeric, extra json);
INSERT INTO note VALUES (1, 'first', 12345678901234567890.000000001, '{"a": [1, 2.50]}'), (2, NULL, NULL, NULL)
"""
DOCUMENTS = "SELECT id, row_to_json(note) FROM note"


class Frame(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World("frame", pipeline_for("frame", {"table": "note"}), SCHEMA))

    def test_changes_arrive(self):
        wait_until_equal(self.world, DOCUMENTS)
        self.world.sql("UPDATE note SET id = 3, body = 'moved' WHERE id = 2")
        wait_until_equal(self.world, DOCUMENTS)

    def test_a_difference_is_reported(self):
        wait_until_equal(self.world, DOCUMENTS)
        off_by_little = "SELECT id, json_build_object('id', id, 'amount', amount + 0.000000001) FROM note"
        with self.assertRaisesRegex(AssertionError, r"1 \.amount\n +expected .*002.*\n +found .*001"):
            wait_until_equal(self.world, off_by_little, seconds=0.1)

    def test_differences(self):
        self.assertEqual(list(differences({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]})), [])
        self.assertEqual(list(differences({"a": 1}, {"a": True})), [(".a", 1, True)])
        self.assertEqual(list(differences([1, 2], [2, 1])), [("[0]", 1, 2), ("[1]", 2, 1)])
        self.assertEqual([path for path, *_ in differences({"a": None}, {"b": None})], [".a", ".b"])
