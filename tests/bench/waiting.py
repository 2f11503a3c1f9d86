"""Callers who wait for eKMC1.0: a number of look-ups, each on a connection of its own, that cost nothing while they wait."""
import json
import selectors
import socket
import threading
import time
import urllib.request

from wrk import Unmeasured

AGAIN_S = 0.5       # after a refusal, a citizen presses the button again
HELD_S = 12


def control(stack, **body):
    """Tells the simulated eKMC1.0 what to do; without a body: asks it how it is."""
    request = urllib.request.Request(stack.sim("ekmc1") + "/_control", data=json.dumps(body).encode() if body else None,
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class Waiting:
    """`with Waiting(stack, 64) as w`: eKMC1.0 hangs and 64 look-ups of different numbers wait, from before the block to its end.

    Who is answered asks again, after a moment. Single flight and the cache are no help: each number was never asked before."""
    serial = 100000

    def __init__(self, stack, n):
        self.stack, self.n = stack, n
        self.answers = 0
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._selector = selectors.DefaultSelector()

    def __enter__(self):
        control(self.stack, mode="hang")
        self._thread.start()
        try:
            self._all_wait(HELD_S)
        except BaseException:
            self.__exit__()
            raise
        self.answers = 0
        return self

    def __exit__(self, *_):
        self._stop = True
        self._thread.join(10)
        control(self.stack, mode="ok")
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _all_wait(self, seconds):
        until = time.monotonic() + seconds
        while self.waiting() < self.n:
            if time.monotonic() > until:
                raise Unmeasured(f"only {self.waiting()} of {self.n} look-ups wait for eKMC1.0")
            time.sleep(0.05)

    def waiting(self):
        return control(self.stack)["waiting"]

    def _run(self):
        again = [0.0] * self.n
        while not self._stop:
            now = time.monotonic()
            for _ in [t for t in again if t <= now]:
                self._ask()
            again = [t for t in again if t > now]
            for key, _ in self._selector.select(0.1):
                self._selector.unregister(key.fileobj)
                key.fileobj.close()
                self.answers += 1
                again.append(time.monotonic() + AGAIN_S)

    def _ask(self):
        Waiting.serial += 1
        s = socket.create_connection(("127.0.0.1", self.stack.port), timeout=5)
        s.sendall(f"GET /api/v1/legacy/status/2023WSU{Waiting.serial} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        self._selector.register(s, selectors.EVENT_READ)
