"""Connections that are held, flooded, or left."""

import concurrent.futures
import contextlib
import itertools
import os
import resource
import socket
import threading
import time
import unittest

import attack
from attack import PREFIX, SEARCH, Client, ask, descriptors, processor_seconds, request, resident_megabytes
from waiting import eventually

TCP_REPAIR = 19  # a socket that is closed in it tells nobody
LARGE = f"{PREFIX}/search?q=paging&limit=100"


@contextlib.contextmanager
def clients(count, **options):
    opened = []
    try:
        for _ in range(count):
            opened.append(Client(**options))
        yield opened
    finally:
        for client in opened:
            client.close()


def vanish(client):
    """Its system forgets the connection: no FIN, as when its power is cut."""
    try:
        client.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except PermissionError:
        raise unittest.SkipTest("clients vanish without a word only with CAP_NET_ADMIN") from None
    finally:
        client.close()


def is_answered(client):
    """False where it was closed instead."""
    try:
        client.send(request(SEARCH))
        return client.answer().status == 200
    except ConnectionError:
        return False


class Held(attack.Case):
    def test_2000_idle_connections(self):
        started = time.monotonic()
        with clients(1000) as silent, clients(1000) as kept:
            for client in kept:
                client.send(request("/nowhere"))
                self.assertEqual(client.answer().status, 404)
            for _ in range(20):
                self.assert_served()
            before = processor_seconds()
            time.sleep(1)
            self.assertLess(processor_seconds() - before, 0.5)
            for client in silent[::100]:  # still there, if it is not yet 10 s that it has said nothing
                self.assertTrue(is_answered(client) or time.monotonic() - started > 10)
            for client in kept[::100]:
                self.assertTrue(is_answered(client))

    def test_2000_requests_that_never_end(self):
        before = resident_megabytes()
        with clients(2000) as slow:
            for client in slow:
                client.send(request("/").rstrip() + "\r\nX: " + "a" * 1000)
            for client in slow[::100]:
                client.send("a")
            for _ in range(20):
                self.assert_served()
            self.assertLess(resident_megabytes() - before, 64)

    def test_those_who_vanish_are_gone_in_time(self):
        """tearDown sees them gone."""
        with clients(50) as vanishing:
            for number, client in enumerate(vanishing):
                client.send(request(SEARCH)[: number % 60])
                vanish(client)
        eventually(lambda: self.assertGreater(descriptors(), self.descriptors_before + 40), seconds=5)

    def test_those_who_are_slow_are_gone_in_time(self):
        with clients(3, timeout=20) as slow:
            for client, start in zip(slow, ("GET / HTTP/1.1\r\nX: ", "G", request("/", "Content-Length: 999\r\n"))):
                client.send(start)
            started = time.monotonic()
            while time.monotonic() - started < 8:
                for client in slow:
                    client.send("a")
                time.sleep(0.25)
            for client in slow:
                self.assert_error(client.answer(), 408)
                self.assertTrue(client.is_closed())
            self.assertLess(time.monotonic() - started, 13)

    def test_more_connections_than_there_may_be(self):
        """The guarded service takes 20."""
        with clients(20, to_port=attack.guarded_port) as first:
            with clients(500, to_port=attack.guarded_port):
                time.sleep(2.1)  # as long as an idle one may keep its place when others want it
                key = f"X-API-Key: {attack.keys['web']}\r\n"
                self.assertEqual(ask(SEARCH, key, to_port=attack.guarded_port).status, 200)
                self.assertLess(descriptors(), self.descriptors_before + 150)
            first[0].socket.settimeout(1)  # by far not as long as a silent one may stay
            self.assertTrue(first[0].is_closed())


class Flooded(attack.Case):
    def test_thousands_of_pipelined_requests(self):
        for target, status, count in (("/nowhere", 404, 10_000), (f"{PREFIX}/search?limit=x&q=a", 400, 5_000),
                                      (SEARCH, 200, 1_000)):
            with Client(timeout=30) as client:
                sender = threading.Thread(target=client.send, args=(request(target) * count,))
                sender.start()
                for _ in range(count):
                    self.assertEqual(client.answer().status, status)
                sender.join()

    def test_pipelines_that_nobody_reads(self):
        before = resident_megabytes()
        data = (request("/nowhere") * 20_000).encode()
        with clients(10) as flooders:
            for client in flooders:
                client.socket.settimeout(0.1)
                with contextlib.suppress(TimeoutError):
                    while True:
                        client.socket.sendall(data)
            for _ in range(10):
                self.assert_served()
            self.assertLess(resident_megabytes() - before, 64)

    def test_others_are_served_while_one_never_pauses(self):
        stop = threading.Event()
        with Client(timeout=1) as client:
            def send():
                while not stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        client.socket.sendall((request("/nowhere") * 1000).encode())

            def read():
                while not stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        client.socket.recv(1 << 20)

            threads = [threading.Thread(target=work) for work in (send, read)]
            for thread in threads:
                thread.start()
            try:
                for _ in range(20):
                    self.assert_served()
            finally:
                stop.set()
                for thread in threads:
                    thread.join()

    def test_large_answers_that_nobody_reads(self):
        before = resident_megabytes()
        with clients(100, small_buffers=True) as readers:
            for client in readers:
                client.send(request(LARGE) * 100)
            for _ in range(10):
                eventually(self.assert_served)  # OpenSearch has much to do at first
            self.assertLess(resident_megabytes() - before, 64)

    def test_thousands_of_short_connections(self):
        for _ in range(3):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                statuses = set(pool.map(lambda _: ask("/nowhere").status, range(500)))
            self.assertEqual(statuses, {404})


class Left(attack.Case):
    def test_at_every_point_of_a_request(self):
        whole = request(LARGE)
        for leave in (Client.close, Client.reset):
            for size in (0, 1, 20, len(whole) - 1, len(whole)):
                for _ in range(20):
                    client = Client()
                    client.send(whole[:size])
                    leave(client)

    def test_while_searches_wait(self):
        attack.stack.kill("opensearch", "STOP")
        try:
            for leave in (Client.close, Client.reset):
                waiting = [Client() for _ in range(50)]
                for client in waiting:
                    client.send(request(SEARCH))
                for client in waiting:
                    leave(client)
            with self.in_time():
                self.assert_error(ask(SEARCH), 503)
        finally:
            attack.stack.kill("opensearch", "CONT")
        eventually(self.assert_served)


def limit_that_leaves(count, pid):
    """The limit of open files below which so many descriptors are free."""
    taken = set(map(int, os.listdir(f"/proc/{pid}/fd")))
    free = (descriptor for descriptor in itertools.count() if descriptor not in taken)
    return next(itertools.islice(free, count - 1, None)) + 1


class OutOfDescriptors(attack.Case):
    def test_it_waits_and_does_not_spin(self):
        pid = attack.host.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        with Client() as open_before:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit_that_leaves(3, pid), before[1]))
            try:
                with clients(50) as many:
                    for client in many:
                        client.send(request("/nowhere"))
                    used = processor_seconds()
                    time.sleep(1)
                    self.assertLess(processor_seconds() - used, 0.5)
                    open_before.send(request("/nowhere"))
                    self.assertEqual(open_before.answer().status, 404)
                    self.assertIsNone(attack.host.process.poll())
                    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
                    for client in many:
                        self.assertEqual(client.answer().status, 404)
            finally:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
