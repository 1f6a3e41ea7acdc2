"""A pipeline on a table `item` that is fed by hand: without Debezium, so that a test decides on each record."""

import json
import subprocess

from host import BINARY
from oracle import wait_until_equal
from records import Record, Records
from waiting import eventually
from world import World, pipeline_for

PARTITIONS = 2
DOCUMENTS = "SELECT id, row_to_json(item) FROM item"
_SCHEMA = "CREATE TABLE item (id bigint PRIMARY KEY, name text, day text, amount numeric, tag text, extra json)"
_REPORT = b"__connect.errors.topic"


def change(id, op="u", **envelope):
    """A change of the item, as Debezium's."""
    body = {"op": op, "before": None, "after": {"id": id},
            "source": {"schema": "public", "table": "item", "snapshot": "false"}} | envelope
    return Record(b'{"id":%d}' % id, json.dumps(body).encode(), [], id % PARTITIONS)


class Feed(World):
    """Context manager. `document`: as project-denormalizer takes it. `letters`: the config of the dead-letter topic, with _ for
    dots. `sections`: of the pipeline."""

    def __init__(self, name, mapping=None, started=True, document=None, letters=None, **sections):
        arguments = {} if mapping is None else {"mapping": mapping}
        super().__init__(name, pipeline_for(name, document or {"table": "item"}, **arguments, **sections), _SCHEMA,
                         started=started, connected=False)
        self.topic = f"{name}.public.item"
        self.letters_topic = f"sluice.{name}.dlq"
        self.records = Records(self.env["KAFKA_BROKER"])
        self.records.create_topic(self.topic, PARTITIONS, max_message_bytes=16 << 20)
        self.records.create_topic(self.letters_topic, **({"max_message_bytes": 16 << 20} | (letters or {})))

    def close(self):
        self.records.close()
        super().close()

    def insert(self, first, last):
        """Items of these ids."""
        self.sql(f"INSERT INTO item (id, name) SELECT id, 'item ' || id FROM generate_series({first}, {last}) AS id")

    def send(self, *records, topic=None):
        self.records.produce(topic or self.topic, records)

    def letters(self):
        """All dead letters: the record as it was, its own headers alone, and the report by names."""
        return [_parted(letter) for letter in self.records.read(self.letters_topic, 1)]

    def wait_for_letters(self, count, seconds=60):
        def check():
            found = self.letters()
            assert len(found) >= count, f"{len(found)} of {count} dead letters:\n{self.host.log_text()[-2000:]}"
            return found
        return eventually(check, seconds)

    def wait_until_in_step(self):
        wait_until_equal(self, DOCUMENTS)

    def wait_until_all_is_committed(self):
        """Up to the end of every partition, as Kafka knows it."""
        def check():
            for partition in range(PARTITIONS):
                end = max((record.offset for record in self.records.read(self.topic, PARTITIONS)
                           if record.partition == partition), default=-1) + 1
                committed = self.records.committed(f"sluice-{self.name}", self.topic, partition)
                assert committed == end or end == 0, f"partition {partition}: {committed} of {end} are committed"
        eventually(check)

    def dlq(self, command, *arguments):
        return self.sluice("dlq", command, self.pipeline, *arguments)

    def dlq_bytes(self, command, *arguments):
        """What it prints, byte by byte."""
        return subprocess.run([BINARY, "dlq", command, self.pipeline, *arguments], env=self.env, check=True,
                              stdout=subprocess.PIPE, timeout=60).stdout


def _parted(letter):
    own = max(place for place, (name, _) in enumerate(letter.headers) if name == _REPORT)
    report = {name.decode().removeprefix("__connect.errors."): value.decode() for name, value in letter.headers[own:]}
    return Record(letter.key, letter.value, letter.headers[:own], letter.partition, letter.offset), report
