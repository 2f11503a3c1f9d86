"""Letting time pass for a running stack: stored times are moved back, nobody waits for days. And complaints by the thousand."""
import contextlib
import datetime
import itertools
import subprocess
import time

from client import Client
from watch import wait_until

HOUR = 3600
KOLKATA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
TIMES = ("lodged_at", "due_at", "escalate_at", "waiting_since", "resolved_at", "changed_at")
BULK_ID, BULK_STEP = 8_000_001, 100_000     # ids that no block of ids reaches in a test


def passes(database, seconds, *numbers):
    """So much time has passed for these complaints: everything stored of them is older. Events keep their times: they are hashed."""
    moved = ", ".join(f"{t} = {t} - INTERVAL {round(seconds * 1000)} * 1000 MICROSECOND" for t in TIMES)
    for number in numbers:
        database(f"UPDATE complaint SET {moved} WHERE number = %s", (number,))


def stored(database, number, *columns):
    """Columns of a complaint; times as milliseconds since 1970."""
    found, = database(f"SELECT {', '.join(columns)} FROM complaint WHERE number = %s", (number,))
    values = [ms(v) if isinstance(v, datetime.datetime) else v for v in found]
    return values[0] if len(values) == 1 else tuple(values)


def ms(at):
    return round(at.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)


def now_ms(database):
    return ms(database("SELECT UTC_TIMESTAMP(3)")[0][0])


def actions(database, number):
    """What happened to it, in order."""
    return [a for a, in database("SELECT e.action FROM complaint_event e JOIN complaint c ON c.id = e.complaint_id WHERE c.number = %s"
                                 " ORDER BY e.seq", (number,))]


def wait_state(database, number, state, level, seconds=60):
    """Waits until the clock has brought it there; returns how long that took."""
    return wait_until(lambda: stored(database, number, "state", "level") == (state, level), seconds, f"{number} {state} {level}")


def due(from_ms, hours, holidays, of=1.0):
    """The promise by the calendar, counted minute by minute, so that nothing of fcgi/domain/directory.c is repeated here: over 24
    hours Sundays and holidays of Kolkata do not count. `of`: 0.5 for half of it."""
    if hours <= 24:
        return round(from_ms + hours * of * HOUR * 1000)
    left, at = round(hours * of * 60), from_ms
    while left > 0:
        day = datetime.datetime.fromtimestamp(at / 1000, KOLKATA)
        to_next = 60_000 - at % 60_000
        if day.weekday() != 6 and day.date() not in holidays:
            left -= to_next / 60_000
        at += to_next
    return round(at + left * 60_000)


@contextlib.contextmanager
def holidays(stack, database, days):
    """These days and no others are holidays, for everybody who reads the directory."""
    def publish(seen):
        database("UPDATE directory_version SET version = version + 1, changed_at = UTC_TIMESTAMP(3)")
        version, = database("SELECT version FROM directory_version")[0]
        wait_until(lambda: any(f"version {version}" in line for line in stack.log_lines("fcgi")[seen:]), 30, "the new directory")

    kept = database("SELECT day, name_en, name_bn, name_hi FROM holiday")
    database("DELETE FROM holiday")
    for day in days:
        database("INSERT INTO holiday VALUES (%s, 'x', 'x', 'x')", (day,))
    publish(len(stack.log_lines("fcgi")))
    try:
        yield
    finally:
        database("DELETE FROM holiday")
        for row in kept:
            database("INSERT INTO holiday VALUES (%s, %s, %s, %s)", row)
        publish(len(stack.log_lines("fcgi")))


def officer(stack, role):
    """The demonstration's employee of this role, logged in."""
    found = next(x for x in stack.demo["logins"] if x["role"] == role)
    client = Client(stack.base_url)
    client.token = client.post("/sessions", {"user": found["user"], "password": found["password"]}, expect=201).data["token"]
    return client


def act(client, number, action, **fields):
    """A move by whoever sees it, at its present version."""
    version = client.get(f"/complaints/{number}", expect=200).data["version"]
    return client.post(f"/complaints/{number}/actions", {"action": action, "version": version, **fields}, expect=200).data


# -- more clocks

def command(stack, *more):
    return [stack.layout.binary("ekmc-bridge"), "clock", "--conf", str(stack.layout.etc / "ekmc-clock.ini"), *more]


def once(stack):
    """Every chore now, whether it is time or not. {chore: done}"""
    done = subprocess.run(command(stack, "--once"), capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()}


@contextlib.contextmanager
def another_clock(stack):
    """A clock of another host."""
    with open(stack.layout.log / "clock-2.log", "ab") as log:
        process = subprocess.Popen(command(stack), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


# -- many

_bulk = itertools.count(BULK_ID, BULK_STEP)


class Many:
    """`n` complaints of the drains department whose promise was broken an hour ago, all at one stroke. They stay: timelines are not
    for deleting."""

    def __init__(self, stack, database, n):
        self.stack, self.database, self.n = stack, database, n
        self.first = next(_bulk)
        self.last = self.first + n - 1
        assert n <= BULK_STEP

    def __enter__(self):
        self.stack.stop("notify")       # the messages are nobody's, and sending them would take the processors
        self.stack.stop("clock")
        numbers = f"seq_{self.first}_to_{self.last}"
        holder, = self.database("SELECT id FROM staff WHERE user_name = 'lme.drn.b10'")[0]
        citizen, = self.database("SELECT MIN(id) FROM citizen")[0]
        at, = self.database("SELECT UTC_TIMESTAMP(3)")[0]
        self.database("INSERT INTO complaint_event (complaint_id, seq, at, action, to_state, level, actor_kind, actor_id, office, hash)"
                      " SELECT seq, 1, %s, 'lodge', 'ASSIGNED', 0, 'citizen', %s, 'LME', event_hash(REPEAT('\\0', 32), seq, 1, %s,"
                      f" 'lodge', NULL, 'ASSIGNED', 0, 'citizen', %s, 'LME', NULL, FALSE, NULL) FROM {numbers}", (at, citizen, at, citizen))
        self.database("INSERT INTO complaint (id, number, state, channel, citizen_id, department_code, category_code, subcategory_code,"
                      " ward_no, borough_no, description, language, holder_id, lodged_at, due_at, escalate_at, changed_at, event_count,"
                      " event_head) SELECT n.seq, LPAD(n.seq, 12, '0'), 'ASSIGNED', 'WEB', %s, 'DRN', 'DRN-A', 'DRN-01', 91, 10, 'bulk',"
                      " 'bn', %s, %s - INTERVAL 25 HOUR, %s - INTERVAL 1 HOUR, %s - INTERVAL 1 HOUR, %s, 1, e.hash"
                      f" FROM {numbers} n JOIN complaint_event e ON e.complaint_id = n.seq", (citizen, holder, at, at, at, at))
        return self

    def __exit__(self, *_):
        self.stack.stop("clock")
        self.database(f"DELETE FROM outbox WHERE complaint_id BETWEEN {self.first} AND {self.last}")
        self.database("UPDATE complaint SET escalate_at = NULL WHERE id BETWEEN %s AND %s", (self.first, self.last))
        self.stack.start("clock")
        self.stack.start("notify")

    def count(self, where):
        return self.database(f"SELECT COUNT(*) FROM complaint WHERE id BETWEEN {self.first} AND {self.last} AND {where}")[0][0]

    def passes(self, hours):
        self.database(f"UPDATE complaint SET escalate_at = escalate_at - INTERVAL {hours} HOUR WHERE id BETWEEN {self.first} AND {self.last}")

    def wait_level(self, level, seconds):
        begun = time.monotonic()
        while self.count(f"level = {level}") < self.n:
            assert time.monotonic() - begun < seconds, f"{self.count(f'level = {level}')} of {self.n} in {seconds} s"
            time.sleep(0.2)
        return time.monotonic() - begun

    def check(self, level):
        """Each went up `level` times: one event and one message to the complainant each, and timeline and row agree."""
        assert self.count(f"state = 'ESCALATED' AND level = {level} AND version = {1 + level} AND event_count = {1 + level}") == self.n
        ours = f"complaint_id BETWEEN {self.first} AND {self.last}"
        events = self.database("SELECT COUNT(*), COUNT(DISTINCT complaint_id), SUM(seq = level + 1) FROM complaint_event"
                               f" WHERE {ours} AND action = 'escalate'")[0]
        assert events == (self.n * level, self.n, self.n * level)
        broken, = self.database("SELECT COUNT(*) FROM complaint c LEFT JOIN complaint_event e ON e.complaint_id = c.id AND e.seq ="
                                f" c.event_count WHERE c.id BETWEEN {self.first} AND {self.last} AND (e.hash IS NULL OR e.hash <>"
                                " c.event_head)")[0]
        assert broken == 0
        told, = self.database(f"SELECT COUNT(*) FROM outbox WHERE {ours} AND recipient = 'citizen'")[0]
        assert told == self.n * level
