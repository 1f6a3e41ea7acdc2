"""Kafka's records byte by byte, with their headers, by librdkafka itself: kcat knows no binary headers, and so
no Python package for Kafka is needed."""

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p
from typing import NamedTuple

_PRODUCER, _CONSUMER = 0, 1
_END, _TOPIC, _PARTITION, _VALUE, _KEY, _FLAGS, _HEADERS = 0, 1, 3, 4, 5, 7, 10
_COPY = 2
_PARTITION_EOF = -191
_BEGINNING = -2


class Record(NamedTuple):
    """None is an absent key or value, or a header without a value."""

    key: bytes | None
    value: bytes | None
    headers: list = []  # of (name, value) in bytes, in order
    partition: int = -1  # -1: by the key
    offset: int = -1


class _Message(ctypes.Structure):
    _fields_ = [("err", c_int), ("rkt", c_void_p), ("partition", c_int32), ("payload", c_void_p), ("len", c_size_t),
                ("key", c_void_p), ("key_len", c_size_t), ("offset", c_int64), ("opaque", c_void_p)]


class _Partition(ctypes.Structure):
    _fields_ = [("topic", c_char_p), ("partition", c_int32), ("offset", c_int64)]


def _library():
    lib = ctypes.CDLL("librdkafka.so.1")
    for name in ("conf_new", "new", "headers_new", "topic_partition_list_new", "topic_partition_list_add", "NewTopic_new",
                 "queue_new", "queue_poll", "event_CreateTopics_result", "CreateTopics_result_topics"):
        getattr(lib, f"rd_kafka_{name}").restype = c_void_p
    lib.rd_kafka_consumer_poll.restype = POINTER(_Message)
    lib.rd_kafka_topic_result_error.restype = c_int
    lib.rd_kafka_err2str.restype = c_char_p
    return lib


_lib = _library()


class Records:
    """A client of one broker. Not for use by two threads at once."""

    def __init__(self, broker):
        self.broker = broker
        self.producer = c_void_p(self._client(_PRODUCER, {"message.max.bytes": "50000000", "linger.ms": "5"}))

    def close(self):
        _lib.rd_kafka_destroy(self.producer)

    def produce(self, topic, records):
        """Returns when the broker has all."""
        for record in records:
            headers = c_void_p(_lib.rd_kafka_headers_new(c_size_t(len(record.headers))))
            for name, value in record.headers:
                size = -1 if value is None else len(value)
                _lib.rd_kafka_header_add(headers, name, c_size_t(len(name)), value, c_size_t(max(size, 0)))
            _check(_lib.rd_kafka_producev(
                self.producer, c_int(_TOPIC), c_char_p(topic.encode()), c_int(_PARTITION), c_int32(record.partition),
                c_int(_FLAGS), c_int(_COPY), c_int(_KEY), record.key, c_size_t(len(record.key or b"")),
                c_int(_VALUE), record.value, c_size_t(len(record.value or b"")), c_int(_HEADERS), headers, c_int(_END)))
        _check(_lib.rd_kafka_flush(self.producer, c_int(60000)))

    def create_topic(self, topic, partitions=1, **config):
        """`config`: with _ for the dots."""
        error = ctypes.create_string_buffer(500)
        new = c_void_p(_lib.rd_kafka_NewTopic_new(topic.encode(), c_int(partitions), c_int(1), error, c_size_t(500)))
        for name, value in config.items():
            _lib.rd_kafka_NewTopic_set_config(new, name.replace("_", ".").encode(), str(value).encode())
        queue = c_void_p(_lib.rd_kafka_queue_new(self.producer))
        _lib.rd_kafka_CreateTopics(self.producer, (c_void_p * 1)(new), c_size_t(1), None, queue)
        event = c_void_p(_lib.rd_kafka_queue_poll(queue, c_int(60000)))
        assert event, "no answer from Kafka"
        _check(_lib.rd_kafka_event_error(event))
        _lib.rd_kafka_event_destroy(event)
        _lib.rd_kafka_queue_destroy(queue)
        _lib.rd_kafka_NewTopic_destroy(new)

    def read(self, topic, partitions):
        """All that these partitions (a count) of the topic hold now; none if it does not exist."""
        client = c_void_p(self._client(_CONSUMER, {"group.id": "test", "enable.partition.eof": "true",
                                                   "allow.auto.create.topics": "false"}))
        _lib.rd_kafka_poll_set_consumer(client)
        assigned = c_void_p(_lib.rd_kafka_topic_partition_list_new(c_int(partitions)))
        for partition in range(partitions):
            _lib.rd_kafka_topic_partition_list_add(assigned, topic.encode(), c_int32(partition))
            _lib.rd_kafka_topic_partition_list_set_offset(assigned, topic.encode(), c_int32(partition),
                                                          c_int64(_BEGINNING))
        try:
            _check(_lib.rd_kafka_assign(client, assigned))
            return list(_read_to_the_end(client, partitions))
        finally:
            _lib.rd_kafka_topic_partition_list_destroy(assigned)
            _lib.rd_kafka_consumer_close(client)
            _lib.rd_kafka_destroy(client)

    def committed(self, group, topic, partition):
        """What the group has committed; negative: nothing."""
        client = c_void_p(self._client(_CONSUMER, {"group.id": group}))
        asked = c_void_p(_lib.rd_kafka_topic_partition_list_new(c_int(1)))
        entry = _Partition.from_address(
            _lib.rd_kafka_topic_partition_list_add(asked, topic.encode(), c_int32(partition)))
        try:
            _check(_lib.rd_kafka_committed(client, asked, c_int(30000)))
            return entry.offset
        finally:
            _lib.rd_kafka_topic_partition_list_destroy(asked)
            _lib.rd_kafka_destroy(client)

    def _client(self, kind, properties):
        error = ctypes.create_string_buffer(500)
        conf = c_void_p(_lib.rd_kafka_conf_new())
        for name, value in {"bootstrap.servers": self.broker, "log_level": "2", **properties}.items():
            _lib.rd_kafka_conf_set(conf, name.encode(), value.encode(), error, c_size_t(500))
        client = _lib.rd_kafka_new(c_int(kind), conf, error, c_size_t(500))
        assert client, error.value
        return client


def _read_to_the_end(client, partitions):
    ends = 0
    while ends < partitions:
        message = _lib.rd_kafka_consumer_poll(client, c_int(30000))
        assert message, "Kafka does not answer"
        read = message.contents
        if read.err == 0:
            yield Record(_bytes(read.key, read.key_len), _bytes(read.payload, read.len), _headers(message),
                         read.partition, read.offset)
        elif read.err == _PARTITION_EOF:
            ends += 1
        elif read.err in (3, -188, -190):  # unknown topic or partition
            ends = partitions
        _lib.rd_kafka_message_destroy(message)


def _headers(message):
    headers, found = c_void_p(), []
    if _lib.rd_kafka_message_headers(message, ctypes.byref(headers)) != 0:
        return found
    name, value, size = c_char_p(), c_void_p(), c_size_t()
    while _lib.rd_kafka_header_get_all(headers, c_size_t(len(found)), ctypes.byref(name), ctypes.byref(value),
                                       ctypes.byref(size)) == 0:
        found.append((name.value, _bytes(value.value, size.value)))
    return found


def _bytes(address, size):
    return None if address is None else ctypes.string_at(address, size)


def _check(error):
    if error != 0:
        raise OSError(_lib.rd_kafka_err2str(error).decode())
