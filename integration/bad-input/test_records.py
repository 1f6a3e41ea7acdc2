"""Records that cannot be processed, of every kind, with `errors.tolerance: all`."""

import json
import unittest

from feed import PARTITIONS, Feed, change
from http_json import call
from oracle import wait_until_equal
from records import Record
from waiting import eventually

DEEP = b"[" * 100_000 + b"]" * 100_000
SOURCE = b'"source":{"schema":"public","table":"item"}'
BEYOND = b"99999999999999999999"  # int64


def value(bytes_, key=b'{"id":1}', headers=()):
    return Record(key, bytes_, list(headers), 0)


def beyond_int64(name):
    """A number in the source."""
    return value(b'{"op":"u","after":{"id":1},' + SOURCE[:-1] + b',"%s":%s}}' % (name, BEYOND))


def bad_records():
    """That cannot be decoded, by what is wrong with them."""
    good = change(1).value
    return {
        "undecodable bytes": value(b"\xff\xfe\x00\x01"),
        "truncated": value(good[:-7]),
        "text after the end": value(good + b"x"),
        "empty": value(b""),
        "a number": value(b"42"),
        "a string for the envelope": value(b'"op"'),
        "a string for after": value(b'{"op":"u","after":"row",' + SOURCE + b"}"),
        "a list for before": value(b'{"op":"u","before":[],"after":{"id":1},' + SOURCE + b"}"),
        "a string for source": value(b'{"op":"u","after":{"id":1},"source":"item"}'),
        "no source": value(b'{"op":"u","after":{"id":1}}'),
        "no after": value(b'{"op":"c",' + SOURCE + b"}"),
        "unknown op": value(b'{"op":"x","after":{"id":1},' + SOURCE + b"}"),
        "op a number": value(b'{"op":1,"after":{"id":1},' + SOURCE + b"}"),
        "a duplicate key": value(b'{"op":"u","after":{"id":1,"id":2},' + SOURCE + b"}"),
        "invalid UTF-8": value(b'{"op":"u","after":{"id":1,"name":"\xc3\x28"},' + SOURCE + b"}"),
        "a lone surrogate": value(rb'{"op":"u","after":{"id":1,"name":"\ud800"},' + SOURCE + b"}"),
        "a raw NUL": value(b'{"op":"u","after":{"id":1,"name":"a\x00b"},' + SOURCE + b"}"),
        "deep nesting": value(b'{"op":"u","after":{"id":1,"extra":' + DEEP + b"}," + SOURCE + b"}"),
        "a time beyond int64": beyond_int64(b"ts_ms"),
        "a place in the log beyond int64": beyond_int64(b"lsn"),
        "a transaction beyond int64": beyond_int64(b"txId"),
        "a key that is no JSON": value(good, b"Struct{id=1}"),
        "an empty key": value(good, b""),
        "a delete without key and before": Record(None, b'{"op":"d","before":null,' + SOURCE + b"}", [], 1),
        "a schema and no payload that fits": value(b'{"schema":{"type":"struct"},"payload":[1,2]}'),
        "four megabytes, cut off": value(b'{"op":"u","after":{"id":1,"name":"' + b"x" * (4 << 20)),
        "binary and repeated headers": value(b"\x00", headers=[
            (b"trace", b"\x00\xff\xfe"), (b"again", b"1"), (b"again", b"2"), (b"nothing", None), (b"empty", b""),
            (b"__connect.errors.topic", b"of another's letter")]),
    }


def records_of_no_document():
    """That can be decoded, but no document has such a key; by what is wrong with them."""
    return {
        "a key beyond int64": value(change(1).value, b'{"id":%s}' % BEYOND),
        "an id beyond int64": value(b'{"op":"u","after":{"id":%s},%s}' % (BEYOND, SOURCE)),
        "a key and an id beyond int64": value(b'{"op":"c","after":{"id":%s},%s}' % (BEYOND, SOURCE), b'{"id":%s}' % BEYOND),
        "a deleted key beyond int64": value(b'{"op":"d","before":null,%s}' % SOURCE, b'{"id":%s}' % BEYOND),
        "a list for an id": value(b'{"op":"u","after":{"id":[1]},%s}' % SOURCE),
        "no id": value(b'{"op":"u","after":{"name":"x"},%s}' % SOURCE, b'{"no":1}'),
    }


def harmless_records():
    """Odd, but no errors: they touch item 1, or nothing."""
    huge = change(1, after={"id": 1, "name": "y" * (3 << 20)})
    return [
        Record(b'{"id":1}', None, [], 0),  # a tombstone
        Record(None, change(1).value, [], 0),
        Record(b'{"id":1}', b'{"op":"u","before":null,"after":{"id":1,"amount":' + b"9" * 400 + b',"tag":"a\\u0000b",'
               b'"name":1e999},' + SOURCE + b"}", [], 0),
        Record(b'{"id":1}', b'{"schema":{"type":"string","lies":' + DEEP + b'},"payload":' + change(1).value + b"}", [], 0),
        Record(b'{"id":1}', b'{"schema":null,"payload":null}', [], 0),
        huge._replace(partition=0),
        Record(b'{"id":1}', b'{"op":"u","after":{"id":1},"source":{"schema":"public","table":"unknown"}}', [], 0),
    ]


class EveryKind(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feed = cls.enterClassContext(Feed("kinds"))

    def test_each_is_a_letter_as_it_was_and_all_good_ones_are_indexed(self):
        feed, bad = self.feed, bad_records() | records_of_no_document()
        process = feed.host.process
        feed.insert(1, 300)
        good = [change(id) for id in range(1, 301)]
        for place, record in enumerate(list(bad.values()) + harmless_records()):
            feed.send(*good[10 * place: 10 * place + 10], record)
        feed.send(*good[10 * (place + 1):])
        feed.wait_until_in_step()
        letters = feed.wait_for_letters(len(bad))
        feed.wait_until_all_is_committed()
        self.assertEqual(len(feed.letters()), len(bad))
        for what, record in bad.items():
            with self.subTest(what):
                found = [(letter, report) for letter, report in letters
                         if letter[:3] == (record.key, record.value, list(record.headers))]
                self.assertEqual(len(found), 1)
                report = found[0][1]
                stage = "TRANSFORMATION" if what in records_of_no_document() else "VALUE_CONVERTER"
                self.assertEqual((report["topic"], report["partition"], report["connector.name"], report["stage"]),
                                 (feed.topic, str(record.partition), "kinds", stage))
                self.assertTrue(report["exception.message"])
        self.assertIs(feed.host.process, process)
        self.assertIsNone(process.poll(), "the host has ended")

    def test_records_of_an_unknown_topic(self):
        feed = self.feed
        before = len(feed.letters())
        feed.records.create_topic("kinds.public.stranger", 1)
        garbage = Record(b"k", b"from a stranger", [(b"h", b"\x01")], 0)
        feed.send(change(1)._replace(partition=0), garbage, topic="kinds.public.stranger")
        letters = feed.wait_for_letters(before + 1)
        self.assertEqual(letters[-1][0][:3], garbage[:3])
        self.assertEqual(letters[-1][1]["topic"], "kinds.public.stranger")


class MissingBefore(unittest.TestCase):
    """A child's changes that do not tell its old row, by which the document that it left would be found."""

    DOCUMENTS = """SELECT id, json_build_object('id', id, 'name', name, 'parts', (SELECT coalesce(json_agg(
        json_build_object('id', p.id) ORDER BY p.id), '[]') FROM part p WHERE p.item_id = item.id)) FROM item"""
    DOCUMENT = {"table": "item", "columns": ["id", "name"],
                "children": [{"name": "parts", "table": "part", "columns": ["id"]}]}

    def part(self, id, op, after):
        source = {"schema": "public", "table": "part", "snapshot": "false"}
        return change(id, op, after=after, source=source)._replace(partition=0)

    def test_a_delete_is_a_letter_and_an_update_leads_to_the_new_document(self):
        with Feed("moved", document=self.DOCUMENT, started=False) as feed:
            feed.sql("CREATE TABLE part (id int PRIMARY KEY, item_id bigint REFERENCES item); CREATE INDEX ON part (item_id); "
                     "ALTER TABLE part REPLICA IDENTITY FULL")
            feed.insert(1, 2)
            feed.sql("INSERT INTO part VALUES (1, 1), (2, 1), (3, 1)")
            feed.host.start()
            feed.send(change(1), change(2))
            wait_until_equal(feed, self.DOCUMENTS)

            feed.sql("UPDATE part SET item_id = 2 WHERE id = 1; DELETE FROM part WHERE id = 2")
            deleted = self.part(2, "d", None)
            feed.send(self.part(1, "u", {"id": 1, "item_id": 2}), deleted)
            ((letter, report),) = feed.wait_for_letters(1)
            self.assertEqual((letter[:3], report["stage"]), (deleted[:3], "TRANSFORMATION"))
            self.assertIn("part does not tell its item_id", report["exception.message"])
            eventually(lambda: self.assertEqual(self.parts_of(feed, 2), [1]))
            feed.send(change(1))  # nothing told that its parts have changed
            wait_until_equal(feed, self.DOCUMENTS)
            feed.wait_until_all_is_committed()
            self.assertEqual(len(feed.letters()), 1)

    def parts_of(self, feed, id):
        document = feed.opensearch("GET", f"/{feed.index}/_doc/{id}")["_source"]
        return [part["id"] for part in document["parts"]]


class Poison(unittest.TestCase):
    def test_every_tenth_of_a_stream(self):
        with Feed("poison") as feed:
            feed.insert(1, 2000)
            stream = []
            for id in range(1, 2001):
                stream.append(change(id))
                if id % 9 == 0:
                    stream.append(Record(b"%d" % id, b"poison %d" % id, [(b"n", b"%d" % id)], id % PARTITIONS))
            poison = {record.value: record for record in stream if record.value.startswith(b"poison")}
            feed.send(*stream)
            feed.wait_until_in_step()
            letters = feed.wait_for_letters(len(poison))
            feed.wait_until_all_is_committed()
            self.assertEqual({letter.value: letter[:3] for letter, _ in letters},
                             {value: record[:3] for value, record in poison.items()})
            self.assertEqual(len(feed.letters()), len(poison))


class Large(unittest.TestCase):
    """Larger than a fetch, and than what the dead-letter topic takes."""

    def test_megabytes(self):
        with Feed("large", letters={"max_message_bytes": 500_000}) as feed:
            feed.insert(1, 40)
            huge = [Record(b"%d" % n, b"\xfe%d" % n + b"x" * (3 << 20), [(b"n", b"%d" % n)], n % PARTITIONS)
                    for n in range(40)]
            headers = Record(b"h", b"\xff", [(b"huge", b"y" * 800_000)], 0)
            key = Record(b"k" * 800_000, b"\xff", [], 0)
            for n, record in enumerate(huge):
                feed.send(record, change(n + 1), Record(b"small %d" % n, b"\xff%d" % n, [], n % PARTITIONS))
            feed.send(headers, key)
            feed.wait_until_in_step()
            letters = feed.wait_for_letters(82)
            self.assertEqual(len(letters), 82)
            by_origin = {(report["partition"], report["offset"]): (letter, report) for letter, report in letters}
            for sent in feed.records.read(feed.topic, PARTITIONS):
                if sent.value.startswith(b"{"):
                    continue
                letter, report = by_origin[str(sent.partition), str(sent.offset)]
                omitted = sorted(name for name in report if name.endswith(".omitted"))
                if sent.key.startswith(b"small"):
                    self.assertEqual((letter[:3], omitted), (sent[:3], []))
                elif sent.key == b"h":
                    self.assertEqual((letter[:3], omitted), ((b"h", None, []), ["headers.omitted", "value.omitted"]))
                elif sent.key.startswith(b"k"):
                    self.assertEqual((letter.key, len(omitted)), (None, 3))
                else:
                    self.assertEqual((letter[:3], omitted), ((sent.key, None, sent.headers), ["value.omitted"]))
            peak = feed.host.resident_megabytes(peak=True)
            print(f"  at most {peak:.0f} MB", flush=True)
            self.assertLess(peak, 400)
            self.replay(feed, huge[7])

    def replay(self, feed, record):
        (sent,) = [each for each in feed.records.read(feed.topic, PARTITIONS) if each.key == record.key]
        listed = map(json.loads, feed.dlq("list", "--json").stdout.splitlines())
        (letter,) = [each for each in listed if (each["partition"], each["offset"]) == (sent.partition, sent.offset)]
        self.assertEqual(letter["omitted"], ["value"])
        self.assertNotEqual(feed.dlq("show", letter["id"], "--raw").returncode, 0)
        answer = feed.dlq("replay", letter["id"])
        self.assertEqual(answer.returncode, 0, answer.stderr)
        found = [each for each in feed.records.read(feed.topic, PARTITIONS) if each.key == record.key]
        self.assertEqual([each[:4] for each in found], [record[:4]] * 2)


class Stopped(unittest.TestCase):
    """With `errors.tolerance: none`."""

    def test_what_is_no_json(self):
        self.stops_alone("by_bytes", Record(b"k", b"not for JSON", [], 1), "not JSON")

    def test_an_unknown_op(self):
        self.stops_alone("by_op", change(2, "x")._replace(partition=1), 'op: expected one of c, u, d, r, t, m, found "x"')

    def test_an_id_that_no_document_has(self):
        self.stops_alone("by_id", change(2, after={"id": "two"})._replace(partition=1), 'expected bigint, found "two"')

    def stops_alone(self, by, bad, reason):
        """The pipeline, and it says why."""
        name, beside = f"stopped_{by}", f"beside_{by}"
        with Feed(name, started=False, errors={"tolerance": "none"}) as feed, Feed(beside, started=False) as other:
            feed.insert(1, 3)
            other.insert(1, 3)
            feed.send(change(1), change(2)._replace(partition=1), bad, change(3))
            pipeline = json.loads(other.pipeline.read_text())
            text = json.dumps(pipeline)
            for variable in ("POSTGRES_DB", "OPENSEARCH_INDEX"):
                text = text.replace(f"${{{variable}}}", other.env[variable])
            (feed.pipeline.parent / "beside.yaml").write_text(text)
            feed.host.command[-1] = str(feed.pipeline.parent)
            feed.host.spawn()

            def failed():
                task = self.tasks(feed)[name]
                self.assertEqual(task["state"], "FAILED")
                self.assertIn(f"{feed.topic}[1]@2", task["trace"])
                self.assertIn(reason, task["trace"])

            eventually(failed)
            other.send(*[change(id) for id in (1, 2, 3)])
            other.wait_until_in_step()
            self.assertEqual(self.tasks(feed)[beside]["state"], "RUNNING")
            self.assertEqual(feed.letters(), [])
            self.assertLessEqual(feed.records.committed(f"sluice-{name}", feed.topic, 1), 2)

    def tasks(self, feed):
        pipelines = call("GET", f"{feed.admin_url}/pipelines").json["pipelines"]
        return {pipeline["name"]: pipeline["tasks"][0] for pipeline in pipelines}
