"""Everything dies again and again while citizens and officers go on: nothing acknowledged is lost, nothing happens twice.

On a stack of its own. CHAOS_SECONDS: how long (`make chaos` takes minutes), CHAOS_SEED: the same dice again."""
import collections
import os
import random
import signal
import threading
import time

import pymysql
import pytest
import requests

import pictures
from client import Client, Phone, fresh_key
from clockwork import officer
from watch import wait_ready, wait_until

SECONDS = int(os.environ.get("CHAOS_SECONDS", "30"))
SEED = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))
CITIZENS = 4
WARD = 91           # of the borough of the demonstration's field officer
VICTIMS = ("fcgi", "fcgi", "fcgi", "clock", "clock", "mariadb", "mariadb", "nginx", "notify", "redis")
MANY = 60           # complaints that are played with, the latest
NOT_PLAYED = ("merge", "transfer")      # they lead out of sight
RARELY = ("correct", "note")            # they lead nowhere
UNDECIDED = (502, 503, 504)


class Try:
    """One request that changes something, and what is known of it."""

    def __init__(self, who, path, body):
        self.who, self.path, self.body, self.key = who, path, body, fresh_key()
        self.answer = None      # the first that decides

    def send(self):
        """True: it is decided, done or refused."""
        try:
            got = self.who.post(self.path, self.body, key=self.key, expect=(200, 201, 403, 404, 409, 422, *UNDECIDED))
        except requests.RequestException:
            return False
        if got.status in UNDECIDED or (got.status == 409 and got.code == "still_running"):
            return False
        self.answer = got
        return True

    @property
    def done(self):
        return self.answer.status in (200, 201)

    @property
    def made(self):
        """(number, seq, action) of the event that it made: each move makes one event and one version."""
        return self.answer.data["number"], self.answer.data["version"], self.body.get("action", "lodge")


class Game:
    """Players who share complaints: what each of them tried."""

    def __init__(self, citizens, officers):
        self.citizens, self.officers = citizens, officers
        self.tries, self.numbers, self.failures = [], [], []
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._play, args=(w, random.Random(SEED + i)))
                        for i, w in enumerate(citizens + officers)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for t in self.threads:
            t.join()

    def _play(self, who, dice):
        try:
            while not self.stop.is_set():
                try:
                    made = self._turn(who, dice)
                except requests.RequestException:
                    made = None
                if made is None:
                    time.sleep(0.02)
                    continue
                made.send()
                with self.lock:
                    self.tries.append(made)
                    if made.answer is not None and made.answer.status == 201:
                        self.numbers.append(made.answer.data["number"])
        except BaseException as bad:  # a thread's failure must reach the test  # pylint: disable=broad-except
            self.failures.append(bad)

    def _turn(self, who, dice):
        """What this player tries next; None: nothing to do, or nobody answers."""
        citizen = who in self.citizens
        if citizen and (dice.random() < (0.2 if len(self.numbers) < MANY else 0.05) or not self.numbers):
            return Try(who, "/complaints", {"subcategory": "DRN-01", "description": "chaos", "ward": WARD})
        if not self.numbers:
            return None
        number = dice.choice(self.numbers[-MANY:])
        seen = who.get(f"/complaints/{number}", expect=(200, 404, *UNDECIDED))
        if seen.status != 200:
            return None
        offers = [o for o in seen.data["allowed_actions"] if o["action"] not in NOT_PLAYED]
        if citizen and len(self.numbers) >= MANY / 2 and dice.random() < 0.8:
            offers = [o for o in offers if o["action"] != "withdraw"]
        if dice.random() < 0.8:
            offers = [o for o in offers if o["action"] not in RARELY]
        if not offers:
            return None
        offer = dice.choice(offers)
        body = {"action": offer["action"], "version": seen.data["version"]}
        for field in offer["needs"]:
            body[field] = self._field(who, field, dice)
        if "attachments" in offer["may"] and dice.random() < 0.2:
            body["attachments"] = self._field(who, "attachments", dice)
        if offer["action"] == "correct":
            body["landmark"] = "by the pond"
        if None in body.values():
            return None
        return Try(who, f"/complaints/{number}/actions", body)

    @staticmethod
    def _field(who, field, dice):
        if field == "attachments":
            sent = who.upload(pictures.saved(pictures.corners(40 + dice.randrange(40), 40)), expect=(201, 429, *UNDECIDED), key=fresh_key())
            return [sent.data["id"]] if sent.status == 201 else None
        return {"note": "chaos", "lme": "lme.drn.b10", "stars": dice.randint(1, 5)}[field]

    def settle(self):
        """Sends again what nobody knows of, until it is decided."""
        assert not self.failures, self.failures[0]
        for t in [t for t in self.tries if t.answer is None]:
            wait_until(t.send, 30, "a decision")

    def repeat(self):
        """What was answered is answered again, to the byte, and does nothing."""
        for t in [t for t in self.tries if t.done]:
            first = t.answer
            assert t.send() and t.answer.body == first.body, (t.body, first, t.answer)


class Saboteur:
    def __init__(self, stack, ask):
        self.stack, self.ask, self.dice = stack, ask, random.Random(SEED)
        self.killed = collections.Counter()

    def rage(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(self.dice.uniform(0.1, 1.5))
            self.breach()
            victim = self.dice.choice(VICTIMS)
            if self.stack.status()[victim]["state"] != "ready":
                continue
            if self.dice.random() < 0.25:
                self.hang(victim)
            else:
                self.stack.kill(victim, signal.SIGKILL)
                self.killed[victim] += 1

    def hang(self, victim):
        """It stands still, for the clock longer than its lease, and goes on as if nothing had been."""
        self.stack.kill(victim, signal.SIGSTOP)
        time.sleep(self.dice.uniform(0.2, 3.5))
        self.stack.kill(victim, signal.SIGCONT)
        self.killed[victim + " hung"] += 1

    def breach(self):
        """Some promises are broken, some questions not answered, some windows at their end: the clock has work."""
        late = "UTC_TIMESTAMP(3) - INTERVAL"
        try:
            for sql in (f"UPDATE complaint SET escalate_at = {late} 1 SECOND WHERE number IN (SELECT * FROM (SELECT number FROM complaint"
                        " WHERE description = 'chaos' AND escalate_at IS NOT NULL ORDER BY RAND() LIMIT 3) x)",
                        f"UPDATE complaint SET waiting_since = {late} 73 HOUR WHERE description = 'chaos' AND waiting_since IS NOT NULL"
                        " ORDER BY id LIMIT 1",
                        f"UPDATE complaint SET resolved_at = {late} 11 DAY WHERE description = 'chaos' AND state = 'RESOLVED' ORDER BY id LIMIT 1"):
                self.ask(sql)
        except pymysql.MySQLError:
            pass    # it is dead just now


@pytest.fixture(scope="module")
def torn(tmp_path_factory):
    from stack import Stack
    settings = {"nginx.API_PER_SECOND": 100000, "nginx.LOGINS_PER_MINUTE": 100000, "clock.tick_s": 1, "clock.lease_s": 2, "clock.batch": 2,
                "attachments.unbound": 10000}
    with Stack(tmp_path_factory.mktemp("chaos"), settings=settings) as s:
        wait_ready(s)
        yield s


@pytest.fixture
def ask(torn):
    def rows(sql, args=()):
        with pymysql.connect(**torn.db()) as c, c.cursor() as k:
            k.execute(sql, args)
            return k.fetchall()
    return rows


OURS = "SELECT id FROM complaint WHERE description = 'chaos'"


def check_timelines(game, ask):
    """Each move that was acknowledged is there once, and none that nobody made."""
    acknowledged = collections.Counter(t.made for t in game.tries if t.done)
    assert max(acknowledged.values()) == 1, "two answers about one event"
    stored = ask("SELECT c.number, e.seq, e.action FROM complaint_event e JOIN complaint c ON c.id = e.complaint_id"
                 " WHERE c.description = 'chaos' AND e.actor_kind <> 'system'")
    assert set(stored) == set(acknowledged)
    bound = ask("SELECT c.number, a.event_seq, LOWER(HEX(a.id)) FROM attachment a JOIN complaint c ON c.id = a.complaint_id"
                " WHERE c.description = 'chaos'")
    assert set(bound) == {(*t.made[:2], one) for t in game.tries if t.done for one in t.body.get("attachments", ())}


def check_rows(ask):
    """A complaint is where its last event left it."""
    assert ask(f"SELECT c.number FROM complaint c JOIN ({OURS}) o ON o.id = c.id LEFT JOIN complaint_event e ON e.complaint_id = c.id AND"
               " e.seq = c.event_count WHERE e.hash IS NULL OR e.hash <> c.event_head OR e.to_state <> c.state OR e.level <> c.level OR"
               " c.version <> c.event_count OR c.event_count <> (SELECT COUNT(*) FROM complaint_event x WHERE x.complaint_id = c.id)") == ()


def check_messages(ask):
    """Each event told its complainant what the rules say, once; and each link belongs to an event."""
    assert ask("SELECT complaint_id, event_seq, template, recipient, recipient_id FROM outbox WHERE complaint_id IS NOT NULL"
               " GROUP BY 1, 2, 3, 4, 5 HAVING COUNT(*) > 1") == ()
    assert ask(f"SELECT e.complaint_id, e.seq, e.action FROM complaint_event e JOIN ({OURS}) o ON o.id = e.complaint_id WHERE (SELECT COUNT(*)"
               " FROM notification_rule r WHERE r.event = e.action AND r.to_state IN ('', e.to_state) AND r.audience = 'citizen') <>"
               " (SELECT COUNT(*) FROM outbox m WHERE m.complaint_id = e.complaint_id AND m.event_seq = e.seq AND m.recipient = 'citizen')") == ()
    assert ask(f"SELECT m.id FROM outbox m JOIN ({OURS}) o ON o.id = m.complaint_id LEFT JOIN complaint_event e ON e.complaint_id ="
               " m.complaint_id AND e.seq = m.event_seq WHERE e.seq IS NULL") == ()
    assert ask(f"SELECT o.id FROM ({OURS}) o WHERE (SELECT COUNT(*) FROM link l WHERE l.complaint_id = o.id) <> (SELECT COUNT(*) FROM"
               " complaint_event e WHERE e.complaint_id = o.id AND e.action IN ('resolve', 'reject', 'ask_citizen'))") == ()


def check_files(stack, ask):
    """Each row has its file, whole."""
    stored = {p.name for p in stack.layout.attachments.glob("??/??/*")}
    assert {digest.lower() for digest, in ask("SELECT HEX(sha256) FROM attachment")} <= stored


def test_whatever_dies_nothing_acknowledged_is_lost_and_nothing_happens_twice(torn, ask, capsys):
    phone = Phone(torn.sim("sms") + "/sms")
    citizens = [Client(torn.base_url, phone).login() for _ in range(CITIZENS)]
    officers = [officer(torn, role) for role in ("lme", "gro", "eo1", "eo2")]
    saboteur = Saboteur(torn, ask)
    with Game(citizens, officers) as game:
        saboteur.rage(SECONDS)
        wait_until(lambda: all(u["state"] == "ready" for u in torn.status().values()), 60, "everybody back")
        time.sleep(1)
    wait_ready(torn)
    game.settle()
    wait_until(lambda: ask(f"SELECT COUNT(*) FROM complaint c JOIN ({OURS}) o ON o.id = c.id WHERE c.escalate_at < UTC_TIMESTAMP(3)"
                           " AND c.state <> 'AWAITING_CITIZEN'")[0][0] == 0, 60, "the end of what is overdue")
    game.repeat()
    done = collections.Counter(t.body.get("action", "lodge") for t in game.tries if t.done)
    by_clock = ask("SELECT COUNT(*) FROM complaint_event e JOIN complaint c ON c.id = e.complaint_id WHERE c.description = 'chaos' AND"
                   " e.actor_kind = 'system'")[0][0]
    with capsys.disabled():
        print(f"\nchaos: seed {SEED}, {SECONDS} s, killed {dict(saboteur.killed)}; {sum(done.values())} moves {dict(done)}, {by_clock} by the"
              f" clock, {sum(not t.done for t in game.tries)} refused")
    assert sum(done.values()) > 3 * SECONDS and by_clock > 0, "too little happened to mean anything"
    check_timelines(game, ask)
    check_rows(ask)
    check_messages(ask)
    check_files(torn, ask)
    proof = torn.ctl("audit", "verify")
    assert proof.returncode == 0, proof.stdout + proof.stderr
