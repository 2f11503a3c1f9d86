"""Servers die in the middle of lodging: what was acknowledged is there, what was not can be sent again, nobody hangs."""
import signal
import threading
import time

import pytest
import requests

from client import fresh_key
from watch import answers, wait_ready, wait_until

DATABASE_ERRORS = pytest.mark.log_errors("db", "mysql", "maria", "lost", "outbox", "commit", "unavailable", "E_BUSY", "E_UNKNOWN")


class Load:
    """Citizens who lodge without a pause, each request with a key of its own, and write down what they were told."""

    def __init__(self, citizens):
        self.citizens = citizens
        self.told = {}          # key → number, of what was acknowledged
        self.open = {}          # key → the citizen who does not know
        self.refused = 0
        self.slowest = 0.0
        self.failures = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(c,)) for c in citizens]

    def __enter__(self):
        for t in self._threads:
            t.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for t in self._threads:
            t.join()

    def _run(self, citizen):
        while not self._stop.is_set():
            key = fresh_key()
            try:
                answer = citizen.post("/complaints", self.body(key), key=key, expect=(201, 409, 503))
            except requests.ConnectionError:
                self.open[key] = citizen
                continue
            except BaseException as bad:  # a thread's failure must reach the test  # pylint: disable=broad-except
                self.failures.append(bad)
                return
            self.slowest = max(self.slowest, answer.seconds)
            if answer.status == 201:
                self.told[key] = answer.data["number"]
            else:
                self.refused += 1
                self.open[key] = citizen
                time.sleep(0.02)

    @staticmethod
    def body(key):
        return {"subcategory": "DRN-01", "description": f"load {key}", "ward": 63}

    def acknowledged(self, n, seconds=20):
        wait_until(lambda: self.failures or len(self.told) >= n, seconds, f"{n} complaints lodged")

    def settle(self, database):
        """Sends again whatever is open, then compares with the database: every key is one complaint, none is missing."""
        assert not self.failures, self.failures[0]
        for key, citizen in self.open.items():
            until = time.monotonic() + 20
            while True:
                answer = citizen.post("/complaints", self.body(key), key=key, expect=(201, 409, 503))
                if answer.status == 201:
                    break
                assert time.monotonic() < until, answer
                time.sleep(0.1)
            self.told[key] = answer.data["number"]
        stored = {str(n.decode() if isinstance(n, bytes) else n) for (n,) in database("SELECT number FROM complaint")}
        missing = set(self.told.values()) - stored
        assert not missing, f"{len(missing)} acknowledged complaints are lost"
        assert len(set(self.told.values())) == len(self.told)
        mine = [c["number"] for citizen in self.citizens for c in citizen.mine(limit=100)]
        assert sorted(mine) == sorted(self.told.values()), "a key made more or less than one complaint"


@pytest.fixture
def citizens(anyone):
    return [anyone.login() for _ in range(6)]


@DATABASE_ERRORS
def test_mariadb_killed_while_lodging_loses_no_acknowledged_complaint(stack, citizens, database):
    with Load(citizens) as load:
        load.acknowledged(100)
        stack.kill("mariadb", signal.SIGKILL)
        # whether anybody was refused depends on how soon it is back: a worker may well wait for it
        load.acknowledged(len(load.told) + 100, 40)
    wait_ready(stack)
    assert load.slowest < 8
    load.settle(database)


@DATABASE_ERRORS
def test_a_hanging_mariadb_is_refused_in_time(stack, citizens, database):
    with Load(citizens) as load:
        load.acknowledged(30)
        stack.kill("mariadb", signal.SIGSTOP)
        try:
            wait_until(lambda: load.refused, 9, "a refusal")
        finally:
            stack.kill("mariadb", signal.SIGCONT)
        load.acknowledged(len(load.told) + 30)
    wait_ready(stack)
    assert load.slowest < 8
    load.settle(database)


@DATABASE_ERRORS
def test_the_retried_key_finds_its_complaint_after_a_crash(stack, fresh_citizen, database):
    key = fresh_key()
    first = fresh_citizen.post("/complaints", Load.body(key), key=key, expect=201)
    stack.kill("mariadb", signal.SIGKILL)
    wait_until(lambda: fresh_citizen.post("/complaints", Load.body(key), key=key, expect=(201, 503)).status == 201, 30)
    wait_ready(stack)
    assert fresh_citizen.post("/complaints", Load.body(key), key=key, expect=201).body == first.body
    assert [c["number"] for c in fresh_citizen.mine()] == [first.data["number"]]


@DATABASE_ERRORS
def test_without_mariadb_every_refusal_is_a_503_that_says_when_to_come_again(stack, anyone, fresh_citizen):
    number = fresh_citizen.lodge().data["number"]
    fresh_citizen.get("/me", expect=200)
    stack.stop("mariadb")
    try:
        calls = [("POST", "/complaints", Load.body("x")), ("GET", "/complaints", None), ("GET", f"/complaints/{number}", None),
                 ("GET", f"/complaints/{number}/timeline", None), ("POST", "/otp", {"mobile": "9830012345"}),
                 ("POST", f"/complaints/{number}/actions", {"action": "withdraw", "version": 1}), ("DELETE", "/sessions/current", None)]
        for method, path, body in calls:
            for language in ("en", "bn"):
                refused = fresh_citizen.call(method, path, body, expect=503, headers={"Accept-Language": language},
                                             key=fresh_key() if method == "POST" else None)
                assert refused.code == "unavailable" and refused.headers["Content-Language"] == language
                assert refused.seconds < 7
        # a bad request is the caller's business also now
        fresh_citizen.post("/complaints", raw=b"{", expect=(400, 503))
        anyone.get("/healthz", expect=200)
    finally:
        stack.start("mariadb")
    wait_ready(stack)
    assert fresh_citizen.get(f"/complaints/{number}", expect=200).data["version"] == 1


@pytest.mark.log_errors("redis", "cache")
def test_without_redis_everything_works(stack, anyone):
    stack.stop("redis")
    try:
        citizen = anyone.login()
        made = citizen.lodge().data
        number = made["number"]
        for _ in range(3):
            assert anyone.status(number, expect=200).data["state"] == made["state"]
        assert [c["number"] for c in citizen.mine()] == [number]
        citizen.get(f"/complaints/{number}/timeline", expect=200)
        citizen.withdraw(number)
        assert anyone.status(number, expect=200).data["state"] == "WITHDRAWN"
        citizen.phone.wait_for(citizen.mobile, number)
        wait_until(lambda: anyone.get("/readyz", expect=200).data["redis"] == "down", 5, "the loss of Redis in /readyz")
        anyone.get("/catalogue", expect=200)
        anyone.get("/legacy/status/2023WSU004512", expect=200)
        citizen.delete("/sessions/current", expect=204)
        citizen.get("/me", expect=401)
    finally:
        stack.start("redis")
    wait_until(lambda: anyone.get("/readyz", expect=200).data["redis"] == "up", 5, "redis")


@pytest.mark.log_errors("redis", "cache")
def test_a_revoked_token_stays_revoked_when_redis_comes_back(stack, anyone):
    citizen = anyone.login()
    citizen.get("/me", expect=200)
    stack.kill("redis", signal.SIGSTOP)
    try:
        citizen.delete("/sessions/current", expect=204)
    finally:
        stack.kill("redis", signal.SIGCONT)
    # what changes data asks MariaDB; what only reads may believe Redis for as long as it keeps a token
    citizen.lodge(expect=401)


@pytest.mark.log_errors("redis", "cache")
def test_a_hanging_redis_slows_nobody_down(stack, anyone, citizen):
    number = citizen.lodge().data["number"]
    stack.kill("redis", signal.SIGSTOP)
    try:
        for _ in range(20):
            assert anyone.status(number, expect=200).seconds < 1
        citizen.lodge()
    finally:
        stack.kill("redis", signal.SIGCONT)


def test_a_worker_killed_under_load_loses_no_acknowledged_complaint(stack, citizens, database):
    with Load(citizens) as load:
        for _ in range(3):
            load.acknowledged(len(load.told) + 40)
            stack.kill("fcgi", signal.SIGKILL)
            load.acknowledged(len(load.told) + 40)
    wait_ready(stack)
    load.settle(database)


def test_a_worker_reloaded_under_load_loses_no_request(stack, citizens, database, anyone):
    number = citizens[0].lodge().data["number"]
    done, readers = threading.Event(), []
    failures = []

    def read(client):
        while not done.is_set():
            try:
                client.status(number, expect=200)
                readers.append(1)
            except BaseException as bad:  # pylint: disable=broad-except
                failures.append(bad)
                return

    threads = [threading.Thread(target=read, args=(anyone.twin(),)) for _ in range(3)]
    for t in threads:
        t.start()
    with Load(citizens) as load:
        load.told["first"] = number
        for _ in range(3):
            load.acknowledged(len(load.told) + 30)
            stack.reload("fcgi")
        load.acknowledged(len(load.told) + 30)
    done.set()
    for t in threads:
        t.join()
    assert not failures, failures[0]
    assert (load.refused, len(load.open)) == (0, 0)
    assert len(readers) > 100
    load.settle(database)


@DATABASE_ERRORS
def test_messages_wait_for_their_carrier_and_are_sent_once(stack, fresh_citizen):
    stack.stop("notify")
    numbers = [fresh_citizen.lodge().data["number"] for _ in range(3)]
    stack.start("notify")
    for number in numbers:
        fresh_citizen.phone.wait_for(fresh_citizen.mobile, number)
    stack.kill("notify", signal.SIGKILL)
    numbers.append(fresh_citizen.lodge().data["number"])
    fresh_citizen.phone.wait_for(fresh_citizen.mobile, numbers[-1], 15)
    time.sleep(0.5)
    texts = [m["text"].replace(" ", "") for m in fresh_citizen.phone.messages(fresh_citizen.mobile)]
    for number in numbers:
        assert sum(number in text for text in texts) == 1


def test_everything_is_well_in_the_end(stack, anyone, citizen):
    """Every fault above must leave a whole system behind."""
    wait_ready(stack)
    assert answers(stack.base_url + "/readyz") == 200
    number = citizen.lodge().data["number"]
    assert anyone.status(number, expect=200).data["number"] == number
