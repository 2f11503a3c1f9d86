"""Many kept connections that ask now and then: does everyone get an answer?"""
import heapq
import random
import re
import resource
import selectors
import socket
import time

ANSWER_S = 10
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


def room_for(n):
    """Descriptors for `n` connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n + 200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(n + 200, hard), hard))


def whole(data):
    """Whether `data` holds an answer to its last byte."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = LENGTH.search(data, 0, end + 2)
    return len(data) >= end + 4 + int(length.group(1)) if length else data.endswith(b"0\r\n\r\n")


class Keeper:
    """One connection and what it asks next."""

    def __init__(self, address, requests):
        self.sock = socket.create_connection(address, timeout=ANSWER_S)
        self.sock.setblocking(False)
        self.requests = requests
        self.next = random.randrange(len(requests))
        self.data = b""
        self.asked_at = None
        self.gone = False


class Keepers:
    """`n` connections that ask one of `requests` (bytes) in turn, each every `pause_s` seconds at a moment of its own, for `seconds`;
    then those still waiting have ANSWER_S. Counts `asked`, `answered`, `late`, `lost` (the connection broke), `bad` (5xx)."""

    def __init__(self, address, n, requests, seconds, pause_s=1.0):
        room_for(n)
        self.asked = self.answered = self.late = self.lost = self.bad = 0
        self.slowest_s = 0.0
        self.pause_s = pause_s
        self._selector = selectors.DefaultSelector()
        self._due = []
        begun = time.monotonic()
        for i in range(n):
            k = Keeper(address, requests)
            self._selector.register(k.sock, selectors.EVENT_READ, k)
            heapq.heappush(self._due, (begun + 1 + random.random() * pause_s, i, k))
        self._run(time.monotonic() + 1 + seconds)

    @property
    def unanswered(self):
        return self.asked - self.answered

    def _run(self, until):
        while time.monotonic() < until:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, i, k = heapq.heappop(self._due)
                self._ask(k)
                heapq.heappush(self._due, (now + self.pause_s, i, k))
            self._read(min(max(self._due[0][0] - now, 0), 0.1) if self._due else 0.1)
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until and self._waiting():
            self._read(0.1)
        for key in list(self._selector.get_map().values()):
            key.data.sock.close()
        self._selector.close()

    def _waiting(self):
        return any(key.data.asked_at is not None for key in self._selector.get_map().values())

    def _ask(self, k):
        if k.gone or k.asked_at is not None:
            return
        request = k.requests[k.next % len(k.requests)]
        k.next += 1
        k.data, k.asked_at = b"", time.monotonic()
        self.asked += 1
        try:
            if k.sock.send(request) != len(request):
                self._lose(k)
        except OSError:
            self._lose(k)

    def _lose(self, k):
        if k.asked_at is not None:
            self.lost += 1
        k.gone, k.asked_at = True, None
        self._selector.unregister(k.sock)
        k.sock.close()

    def _read(self, wait_s):
        for key, _ in self._selector.select(wait_s):
            k = key.data
            try:
                data = k.sock.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                self._lose(k)
                continue
            k.data += data
            if k.asked_at is not None and whole(k.data):
                self._answered(k)

    def _answered(self, k):
        took = time.monotonic() - k.asked_at
        k.asked_at = None
        self.slowest_s = max(self.slowest_s, took)
        if took > ANSWER_S:
            self.late += 1
            return
        self.answered += 1
        if k.data[9:10] == b"5":
            self.bad += 1
