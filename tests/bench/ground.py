"""The stack that is measured, warmed, and the ways to put load on it."""
import os
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import wrk
from growth import Growth
from people import People
from stack import Stack
from wrk import Load, Unmeasured

NUMBERS = 1000
FEW_ROWS = 100_000
STATUS_CONNECTIONS = 64
LODGE_CONNECTIONS = 16
BACKS = 16
GOOD = 'ekmc_answers_total{class="2xx"}'
# Limits are for strangers. Copies outlive a run, so that a hit is a hit. Look-ups of eKMC1.0 wait longer than a run takes: with the
# usual 2 s the breaker would open and nobody would wait any more.
SETTINGS = {
    "nginx.STATUS_PER_MINUTE": 10**8,
    "nginx.API_PER_SECOND": 10**7,
    "nginx.LOGINS_PER_MINUTE": 10**7,
    "status.ttl_s": 3600,
    "worker.backs": BACKS,
    "legacy.timeout_ms": 5500,
}


class Ground:
    """A running stack with people and numbers. Times: a run takes `seconds`, a comparison `pairs` pairs of runs."""

    def __init__(self, pairs, seconds, quick, rows):
        self.pairs, self.seconds, self.quick, self.rows = pairs, seconds, quick, rows
        self._growth = None
        self.stack = Stack(settings=SETTINGS)
        self._tmp = tempfile.TemporaryDirectory(prefix="ekmc-bench-")
        self.dir = Path(self._tmp.name)
        self.people = None
        self.numbers = []

    def __enter__(self):
        try:
            self.stack.__enter__()
            # what is lodged here is nobody's message, and sending it would fall into somebody else's run; so would the clock's purge
            self.stack.stop("notify")
            self.stack.stop("clock")
            self.people = People(self.stack, self.dir)
            while self.people.count() < NUMBERS + 500:
                self.lodge(1)
            self.numbers = self.people.newest_numbers(NUMBERS)
            self._write_asks()
            self.warm()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._growth:
            self._growth.__exit__()
        self.stack.__exit__()
        self._tmp.cleanup()

    def growth(self):
        """Two more stacks, of few and of many rows, made when they are first needed."""
        if self._growth is None:
            self._growth = Growth(SETTINGS, min(FEW_ROWS, self.rows // 10), self.rows).__enter__()
        return self._growth

    # -- what is asked

    def _file(self, name):
        return self.dir / f"asks-{name}.txt"

    def _write_asks(self):
        """status: 1,000 numbers. empty: our own least answer, as many lines. mixed: what an afternoon looks like."""
        status = [f"/api/v1/status/{n}" for n in self.numbers]
        tokens = self.people.tokens
        mixed = []
        for i, path in enumerate(status):
            mixed.append(path)
            if i % 5 == 0:
                mixed.append("/api/v1/catalogue")
            if i % 5 == 2:
                mixed.append(f"/api/v1/wards/locate?lat={22.50 + i % 10 * 0.007:.4f}&lon={88.34 + i % 9 * 0.004:.4f}")
            if i % 5 == 4:
                mixed.append(f"/api/v1/complaints?limit=20\t{tokens[i % len(tokens)]}")
        for name, lines in (("status", status), ("empty", ["/healthz"] * NUMBERS), ("mixed", mixed)):
            self._file(name).write_text("\n".join(lines) + "\n", encoding="ascii")

    def requests(self, name, n):
        """`n` whole requests of one of the files, spread over it."""
        lines = self._file(name).read_text(encoding="ascii").splitlines()
        made = []
        for line in lines[::max(1, len(lines) // n)][:n]:
            path, _, token = line.partition("\t")
            login = f"Authorization: Bearer {token}\r\n" if token else ""
            made.append(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{login}\r\n".encode())
        return made

    # -- load

    def ask(self, name, seconds=None, connections=STATUS_CONNECTIONS):
        return wrk.run(self.stack.base_url, "asks.lua", [self._file(name)], connections, seconds or self.seconds)

    def warm(self):
        """Every number into Redis, every nginx connection open."""
        self.ask("status", 1)
        self.ask("mixed", 1)

    def lodge(self, seconds=None):
        """16 citizens lodge over HTTP. Proves that what was acknowledged is stored, and nothing else is."""
        answers = self._quiet()
        self.people.finish()
        stored = self.people.count()
        load = wrk.run(self.stack.base_url, "lodges.lua", [self.people.http_cases, self.people.fresh_prefix()], LODGE_CONNECTIONS,
                       seconds or self.seconds)
        now = self._quiet()
        made = now[GOOD] - answers[GOOD] - now.asked + answers.asked
        stored = self.people.count() - stored
        # wrk leaves at most one request per connection under way, which is answered to nobody
        if made != stored or not load.requests <= stored <= load.requests + LODGE_CONNECTIONS:
            raise Unmeasured(f"{load.requests} lodged as wrk saw it, {made} acknowledged by the worker, {stored} stored")
        return load

    def lodge_bare(self, seconds=None):
        """The same cases, by as many threads that do nothing else."""
        seconds = seconds or self.seconds
        self.people.finish()
        stored = self.people.count()
        argv = [self.stack.layout.binary("bench/bare_lodge"), "127.0.0.1", str(self.stack.db_port), "ekmc_api", "ekmc",
                str(LODGE_CONNECTIONS), str(seconds), str(self.people.take_ids(100000 * seconds)), str(self.people.bare_cases)]
        password = self.stack.secrets["db"]["ekmc_api"]
        done = subprocess.run(argv, env={**os.environ, "EKMC_BENCH_PASSWORD": password}, capture_output=True, text=True,
                              timeout=seconds + 30, check=False)
        words = done.stdout.split()
        if done.returncode != 0 or len(words) != 10:
            raise Unmeasured(f"bare_lodge ended with {done.returncode}: {done.stderr.strip()}")
        said = dict(zip(words[::2], map(int, words[1::2])))
        stored = self.people.count() - stored
        if stored != said["lodged"]:
            raise Unmeasured(f"{said['lodged']} lodged by the bare client, {stored} stored")
        return Load(said["lodged"], said["micros"] / 1e6, 0, 0, said["p50_us"] / 1000, said["p99_us"] / 1000)

    _asked = 0

    def _quiet(self, seconds=10):
        """The counters once nothing but the asking for them is under way."""
        until = time.monotonic() + seconds
        now = self.metrics()
        while time.monotonic() < until:
            time.sleep(0.05)
            before, now = now, self.metrics()
            if now["ekmc_queued"] == 0 and now[GOOD] - before[GOOD] == now.asked - before.asked:
                return now
        raise Unmeasured(f"the worker is still busy {seconds} s after the load")

    def metrics(self):
        """The worker's counters; `asked`: how many answers of it the asking for counters has cost until then."""
        with urllib.request.urlopen(self.stack.base_url + "/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        found = Counters({k: int(v) for k, v in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))})
        found.asked = self._asked
        self._asked += 1
        return found


class Counters(dict):
    """Name with labels → value."""
    asked = 0
