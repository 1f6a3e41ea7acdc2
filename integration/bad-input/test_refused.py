"""Documents that the index refuses, one by one amid hundreds, and what becomes of them once that is mended."""

import json
import pathlib
import unittest

from feed import PARTITIONS, Feed, change
from job_run import JobRun
from waiting import eventually

MAPPING = pathlib.Path(__file__).with_name("strict-mapping.json")
REFUSED = {  # by column: what the index cannot take, why, and what it can
    "day": ("'not a day'", "day", "'2026-01-31'"),
    "amount": ("99999999999", "amount", "7"),
    "tag": ("repeat('x', 40000)", "immense term", "'short'"),
    "extra": ("""'{"part": "no object"}'""", "object", """'{"part": {"name": "an object"}}'"""),
}


class Refused(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feed = cls.enterClassContext(Feed("refused", MAPPING))

    def test_each_kind_alone_in_a_bulk_of_hundreds(self):
        feed = self.feed
        feed.insert(1, 400)
        place = {column: 50 * (1 + number) for number, column in enumerate(REFUSED)}
        for column, (value, _, _) in REFUSED.items():
            feed.sql(f"UPDATE item SET {column} = {value} WHERE id = {place[column]}")
        sent = {id: change(id)._replace(headers=[(b"id", b"%d" % id), (b"\x01", b"\xff")]) for id in range(1, 401)}
        feed.send(*sent.values())
        letters = feed.wait_for_letters(len(REFUSED))
        feed.wait_until_all_is_committed()
        by_id = {int(json.loads(letter.key)["id"]): (letter, report) for letter, report in letters}
        for column, (_, reason, _) in REFUSED.items():
            with self.subTest(column):
                letter, report = by_id[place[column]]
                self.assertEqual([name for name, _ in letter.headers], [b"id", b"\x01"])
                self.assertEqual(letter[:3], sent[place[column]][:3])
                self.assertEqual(report["stage"], "TASK_PUT")
                self.assertIn(reason, report["exception.message"])
                self.assertIn(f"document {place[column]}:", report["exception.message"])
        self.assertEqual(len(by_id), len(REFUSED))
        self.assertEqual(self.ids(), set(range(1, 401)) - set(place.values()))

        for column, (_, _, mended) in REFUSED.items():  # a later change that mends it makes it appear
            feed.sql(f"UPDATE item SET {column} = {mended} WHERE id = {place[column]}")
        feed.send(*[change(id) for id in place.values()])
        feed.wait_until_in_step()
        self.assertEqual(len(feed.letters()), len(REFUSED))

    def ids(self):
        self.feed.opensearch("POST", f"/{self.feed.index}/_refresh")
        hits = self.feed.opensearch("POST", f"/{self.feed.index}/_search", {"size": 1000, "_source": False})["hits"]
        return {int(hit["_id"]) for hit in hits["hits"]}


class Rebuilt(unittest.TestCase):
    """An index of which it is unknown whether it has all is not swapped in."""

    def test_a_record_that_cannot_be_decoded_while_it_catches_up(self):
        with Feed("rebuilt") as feed:
            feed.insert(1, 20)
            feed.send(*map(change, range(1, 21)), change(1)._replace(value=b"not for JSON"))
            feed.wait_for_letters(1)
            feed.wait_until_in_step()
            feed.wait_until_all_is_committed()
            before = feed.index_in_use()
            self.fails(feed, "1 records or documents failed for good while catching up")
            self.assertEqual(feed.index_in_use(), before)
            later = feed.pipeline_variant(
                "later.yaml", ('"plugin": "reconcile-job"', '"plugin": "reconcile-job", "config": {"lead": "1ms"}'))
            run = feed.sluice("job", "run", later, "reconcile")  # catches up from behind that record
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertNotEqual(feed.index_in_use(), before)
            feed.wait_until_in_step()

    def fails(self, feed, reason):
        """It says why, and would try again."""
        run = JobRun(feed.pipeline, feed.env)
        self.addCleanup(run.end)
        eventually(lambda: self.assertIn(reason, run.log_text()))
        run.process.terminate()
        self.assertNotEqual(run.process.wait(20), 0)


class Replayed(unittest.TestCase):
    """`sluice dlq` on the real stack."""

    def test_a_document_appears_once_the_mapping_is_mended_and_its_letter_is_replayed(self):
        with Feed("replayed", MAPPING) as feed:
            feed.insert(1, 20)
            many = json.dumps({f"field{n}": n for n in range(40)})
            feed.sql(f"UPDATE item SET extra = '{many}' WHERE id = 7")
            feed.send(*[change(id) for id in range(1, 21)])
            ((_, report),) = feed.wait_for_letters(1)
            self.assertIn("total fields", report["exception.message"])
            feed.opensearch("PUT", f"/{feed.index}/_settings", {"index.mapping.total_fields.limit": 100})
            self.assertIn("would replay 1 dead letters", feed.dlq("replay", "--all", "--dry-run").stdout)
            self.assertEqual(self.replay(feed, "--all"), "replayed 1 dead letters as 1 records\n")
            feed.wait_until_in_step()
            self.assertEqual(self.replay(feed, "--all"), "replayed 0 dead letters as 0 records\n")
            self.assertEqual(len(feed.letters()), 1)

    def test_what_cannot_be_decoded_comes_back_visibly(self):
        with Feed("undecodable") as feed:
            record = change(1)._replace(value=b"\xff\x00\xfe", headers=[(b"h", b"\x00"), (b"h", None)])
            feed.send(record)
            feed.wait_for_letters(1)
            self.assertEqual(self.replay(feed, "--all"), "replayed 1 dead letters as 1 records\n")
            letters = feed.wait_for_letters(2)
            self.assertEqual([letter[:3] for letter, _ in letters], [record[:3]] * 2)
            self.assertEqual(letters[1][1]["offset"], "1")
            sent = feed.records.read(feed.topic, PARTITIONS)
            self.assertEqual([each[:4] for each in sent], [record[:4]] * 2)  # the letter's report stays behind

            answer = feed.dlq("list", "--json")
            first, second = map(json.loads, answer.stdout.splitlines())
            self.assertEqual((first["replayed"], second["replayed"]), (True, False))
            self.assertIn("2 dead letters of pipeline undecodable", answer.stderr)
            self.assertIn("(replayed)", feed.dlq("list").stdout.splitlines()[0])
            self.assertIn("ff 00 fe", feed.dlq("show", "0:1").stdout)
            self.assertEqual(feed.dlq_bytes("show", "0:1", "--raw"), record.value)

    def test_letters_that_cannot_be_replayed_are_named(self):
        with Feed("unreplayable") as feed:
            feed.send(change(1)._replace(value=b"\xff"))
            feed.wait_for_letters(1)
            answer = feed.dlq("replay", "0:0", "0:5")
            self.assertEqual(answer.returncode, 1)
            self.assertIn("not replayed: 0:5: there is no such dead letter", answer.stderr)
            self.assertEqual(answer.stdout, "replayed 1 dead letters as 1 records, could not replay 1\n")

    def replay(self, feed, *which):
        answer = feed.dlq("replay", *which)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout
