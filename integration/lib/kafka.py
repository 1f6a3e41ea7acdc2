"""Kafka by kcat, with the bytes as they are."""

import json
import subprocess
import tempfile


class Kafka:
    def __init__(self, broker):
        self.broker = broker

    def produce(self, topic, key, value):
        """One record; `key` is text, `value` bytes."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(value)
            file.flush()
            self._kcat("-P", "-t", topic, "-k", key, file.name)

    def records(self, topic):
        """All records of a topic as (headers, key, value) in bytes; none if it does not exist. Values must not hold
        the two separators."""
        if f'"{topic}"'.encode() not in self._kcat("-L", "-J"):
            return []
        text = self._kcat("-C", "-e", "-q", "-o", "beginning", "-t", topic, "-f", "%h\x1e%k\x1e%s\x1d")
        return [tuple(record.split(b"\x1e")) for record in text.split(b"\x1d") if record]

    def written(self, topic):
        """How many records ever came into a topic, which need not exist."""
        (about,) = json.loads(self._kcat("-L", "-J", "-t", topic))["topics"]
        ends = [word for part in about["partitions"] for word in ("-t", f"{topic}:{part['partition']}:-1")]
        return sum(int(line.split()[-1]) for line in self._kcat("-Q", *ends).splitlines()) if ends else 0

    def _kcat(self, *arguments):
        command = ["kcat", "-b", self.broker, *arguments]
        return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
