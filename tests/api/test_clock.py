"""What time alone causes, on a real stack: promises broken, questions unanswered, windows ended, old things thrown away."""
import datetime
import os
import signal
import threading
import time

import pytest

from clockwork import (HOUR, KOLKATA, Many, act, actions, another_clock, due, holidays, now_ms, officer, once, passes, stored,
                       wait_state)
from watch import settings, together, wait_ready, wait_until

WARD = 91       # of the borough of the demonstration's field officer
BREACHES = int(os.environ.get("CLOCK_BREACHES", "1000"))


@pytest.fixture(scope="module")
def lme(stack):
    return officer(stack, "lme")


@pytest.fixture(scope="module")
def gro(stack):
    return officer(stack, "gro")


@pytest.fixture(scope="module")
def eo2(stack):
    return officer(stack, "eo2")


@pytest.fixture
def lodged(citizen):
    """lodged(subcategory) → the number of a fresh complaint of the demonstration's field officer."""
    def lodge(subcategory="DRN-01"):
        return citizen.lodge(subcategory=subcategory, ward=WARD).data["number"]
    return lodge


def told(database, number, template):
    return database("SELECT COUNT(*) FROM outbox o JOIN complaint c ON c.id = o.complaint_id WHERE c.number = %s AND o.template = %s",
                    (number, template))[0][0]


# -- breaches

def test_a_breach_goes_up_level_by_level_within_a_minute_each(database, anyone, lodged):
    number = lodged()
    promise = stored(database, number, "due_at")
    assert anyone.status(number, expect=200).data["state"] == "ASSIGNED"
    passes(database, 24 * HOUR + 1, number)
    assert wait_state(database, number, "ESCALATED", 1) < 60
    # the public hears it as soon as it is so, whatever was cached
    wait_until(lambda: anyone.status(number, expect=200).data["state"] == "ESCALATED", 1, "the public status")
    assert stored(database, number, "due_at") == promise - (24 * HOUR + 1) * 1000
    assert abs(stored(database, number, "escalate_at") - now_ms(database) - 12 * HOUR * 1000) < 60_000
    assert (told(database, number, "escalated"), told(database, number, "eo_escalated")) == (1, 1)
    passes(database, 12 * HOUR + 1, number)
    assert wait_state(database, number, "ESCALATED", 2) < 60
    assert stored(database, number, "escalate_at", "holder_id") == (None, None)
    time.sleep(3)
    assert actions(database, number) == ["lodge", "escalate", "escalate"]
    assert told(database, number, "escalated") == 2
    assert anyone.status(number, expect=200).data["level"] == 2


def test_a_promise_that_is_still_good_is_left_alone(stack, database, lodged):
    number = lodged()
    passes(database, 24 * HOUR - 120, number)
    once(stack)
    assert stored(database, number, "state", "level") == ("ASSIGNED", 0)
    assert actions(database, number) == ["lodge"]


def test_what_nobody_was_given_breaches_too(database, citizen):
    database("UPDATE staff s JOIN roster r ON r.staff_id = s.id SET s.active = FALSE WHERE r.role = 'LME' AND r.department_code = 'DRN'")
    try:
        number = citizen.lodge(ward=WARD).data["number"]
    finally:
        database("UPDATE staff s JOIN roster r ON r.staff_id = s.id SET s.active = TRUE WHERE r.role = 'LME' AND r.department_code = 'DRN'")
    assert stored(database, number, "state") == "UNASSIGNED"
    passes(database, 24 * HOUR + 1, number)
    wait_state(database, number, "ESCALATED", 1)
    assert actions(database, number) == ["lodge", "escalate"]


def test_asking_for_a_colleague_does_not_stop_the_clock(database, lme, lodged):
    number = lodged()
    act(lme, number, "request_reassign", note="Not my ward")
    passes(database, 24 * HOUR + 1, number)
    wait_state(database, number, "ESCALATED", 1)
    assert stored(database, number, "proposed_id", "holder_id") == (None, None)


def test_waiting_for_the_citizen_stops_the_clock_and_three_days_are_enough(stack, database, lme, lodged):
    number = lodged()
    act(lme, number, "ask_citizen", note="Which house?")
    passes(database, 71 * HOUR, number)     # far beyond the promise of 24 hours
    once(stack)
    assert stored(database, number, "state", "level") == ("AWAITING_CITIZEN", 0)
    asked = stored(database, number, "waiting_since")
    promise = stored(database, number, "due_at", "escalate_at")
    passes(database, HOUR, number)
    once(stack)
    assert stored(database, number, "state", "level") == ("ASSIGNED", 0)
    assert actions(database, number) == ["lodge", "ask_citizen", "resume"]
    paused = stored(database, number, "changed_at") - (asked - HOUR * 1000)
    assert 72 * HOUR * 1000 <= paused < 72 * HOUR * 1000 + 60_000
    assert stored(database, number, "due_at", "escalate_at") == tuple(t - HOUR * 1000 + paused for t in promise)
    assert told(database, number, "resumed") == 1


def test_a_directed_breach_of_level_two_goes_back_to_level_two(database, eo2, lodged):
    number = lodged()
    passes(database, 24 * HOUR + 1, number)
    wait_state(database, number, "ESCALATED", 1)
    passes(database, 12 * HOUR + 1, number)
    wait_state(database, number, "ESCALATED", 2)
    act(eo2, number, "direct", lme="lme.drn.b10", note="Today, please")
    assert stored(database, number, "state", "level") == ("ASSIGNED", 2)
    passes(database, 12 * HOUR + 1, number)
    wait_state(database, number, "ESCALATED", 2)
    assert stored(database, number, "escalate_at") is None
    assert actions(database, number)[-2:] == ["direct", "escalate"]


def test_level_two_is_told_once_when_it_is_overdue(stack, database, lodged):
    number = lodged()
    passes(database, 24 * HOUR + 1, number)
    wait_state(database, number, "ESCALATED", 1)
    once(stack)
    assert not stored(database, number, "overdue_told")
    passes(database, 12 * HOUR + 1, number)
    wait_state(database, number, "ESCALATED", 2)
    once(stack)
    once(stack)
    assert stored(database, number, "overdue_told", "version") == (1, 3)
    assert actions(database, number) == ["lodge", "escalate", "escalate"]
    rules, = database("SELECT COUNT(*) FROM notification_rule WHERE event = 'overdue'")[0]
    assert told(database, number, "co_overdue") == rules


# -- the calendar

def test_the_promise_skips_sundays_holidays_and_the_time_it_waited(stack, database, citizen, lme, lodged):
    today = datetime.datetime.now(KOLKATA).date()
    off = {today + datetime.timedelta(days=n) for n in (1, 2, 5)}
    with holidays(stack, database, off):
        number = lodged("DRN-05")       # 72 hours
        at = stored(database, number, "lodged_at")
        assert stored(database, number, "due_at", "escalate_at") == (due(at, 72, off),) * 2
        assert stored(database, number, "due_at") - at > (72 + 48) * HOUR * 1000
        act(lme, number, "ask_citizen", note="Which pit?")
        passes(database, 30 * HOUR, number)
        before, asked = stored(database, number, "due_at"), stored(database, number, "waiting_since")
        act(citizen, number, "reply", note="The one at the corner")
        paused = stored(database, number, "changed_at") - asked
        assert stored(database, number, "state") == "ASSIGNED"
        assert 30 * HOUR * 1000 <= paused < 30 * HOUR * 1000 + 60_000
        assert stored(database, number, "due_at", "escalate_at") == (before + paused,) * 2
        # a second before it is due nothing happens, then half the promise by the same calendar
        left = (stored(database, number, "escalate_at") - now_ms(database)) / 1000
        passes(database, left - 5, number)
        assert stored(database, number, "state") == "ASSIGNED"
        wait_state(database, number, "ESCALATED", 1)
        changed = stored(database, number, "changed_at")
        assert stored(database, number, "escalate_at") == due(changed, 72, off, 0.5)


# -- the end

def test_closes_a_second_after_the_window_and_not_a_second_before(stack, database, citizen, lodged):
    window, = database("SELECT value * 86400 FROM setting WHERE name = 'reopen_window_days'")[0]
    number, late = lodged(), lodged()
    for n in (number, late):
        passes(database, 24 * HOUR + 1, n)
        wait_state(database, n, "ESCALATED", 1)
        act(officer(stack, "eo1"), n, "resolve", note="Done")
        passes(database, int(window) - (now_ms(database) - stored(database, n, "resolved_at")) / 1000 - 4, n)
    once(stack)
    assert stored(database, number, "state") == "RESOLVED", "closed before the window ended"
    act(citizen, late, "reopen", note="It overflows again")
    wait_until(lambda: now_ms(database) > stored(database, number, "resolved_at") + int(window) * 1000, 10, "the end of the window")
    once(stack)
    assert stored(database, number, "state", "closed_by_clock") == ("CLOSED", 1)
    assert actions(database, number)[-1] == "close"
    refused = citizen.post(f"/complaints/{number}/actions", {"action": "reopen", "version": stored(database, number, "version"),
                                                             "note": "again"}, expect=409)
    assert refused.code == "illegal_move"
    act(citizen, number, "rate", stars=4)
    assert stored(database, number, "state", "closed_by_clock") == ("CLOSED", 0)
    assert stored(database, late, "state") == "ESCALATED"


def test_a_window_that_ends_while_it_is_re_opened_ends_one_way(stack, database, citizen, lodged):
    window, = database("SELECT value * 86400 FROM setting WHERE name = 'reopen_window_days'")[0]
    gro, eo1 = officer(stack, "gro"), officer(stack, "eo1")
    numbers = [lodged() for _ in range(12)]
    for n in numbers:
        act(gro, n, "escalate")
        act(eo1, n, "resolve", note="Done")
    end = now_ms(database) + 2500
    for i, n in enumerate(numbers):
        passes(database, int(window) - (end + 20 * i - stored(database, n, "resolved_at")) / 1000, n)
    ends = [stored(database, n, "resolved_at") + int(window) * 1000 for n in numbers]
    twins = [citizen.twin() for _ in numbers]

    def reopen(i):
        time.sleep(max(0, (ends[i] - now_ms(database)) / 1000 - 0.01))
        return twins[i].post(f"/complaints/{numbers[i]}/actions", {"action": "reopen", "version": 3, "note": "Again"}, expect=(200, 409)).status

    closing = threading.Event()

    def close():
        while not closing.is_set():
            once(stack)
    clock = threading.Thread(target=close)
    clock.start()
    got = together(len(numbers), reopen)
    wait_until(lambda: not database("SELECT 1 FROM complaint WHERE state = 'RESOLVED' AND number IN %s", (numbers,)), 20, "all decided")
    closing.set()
    clock.join()
    for n, status in zip(numbers, got):
        assert (stored(database, n, "state"), actions(database, n)[3:]) == (
            ("ESCALATED", ["reopen"]) if status == 200 else ("CLOSED", ["close"])), n


def test_the_purge_keeps_what_is_younger(stack, database, citizen, anyone):
    key = "purge-me"
    first = citizen.lodge(key=key)
    old_session = anyone.login()
    database("UPDATE session SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 25 HOUR WHERE citizen_id = (SELECT id FROM citizen"
             " ORDER BY id DESC LIMIT 1)")
    once(stack)
    assert citizen.lodge(key=key).data == first.data, "a young idempotency row is gone"
    citizen.get("/me", expect=200)
    old_session.get("/me", expect=401)
    assert database("SELECT COUNT(*) FROM session WHERE expires_at < UTC_TIMESTAMP(3) - INTERVAL 24 HOUR")[0][0] == 0
    rows, = database("SELECT COUNT(*) FROM idempotency")[0]
    database("UPDATE idempotency SET created_at = created_at - INTERVAL 24 HOUR")
    assert once(stack)["purge"] >= rows
    assert citizen.lodge(key=key).data["number"] != first.data["number"]


# -- clocks that die, and clocks that are two

def test_a_clock_killed_in_the_middle_loses_nothing_and_does_nothing_twice(stack, database):
    with Many(stack, database, 2000) as many:
        for level in (1, 2):
            stack.start("clock")
            wait_until(lambda: many.count(f"level = {level}") > 100, 30, "the first of them")  # pylint: disable=cell-var-from-loop
            stack.kill("clock", signal.SIGKILL)
            left = many.n - many.count(f"level = {level}")
            assert left > 0, "too fast to be killed in the middle"
            # the lease lapses in seconds, the holder starts it again
            many.wait_level(level, 50)
            many.check(level)
            stack.stop("clock")
            many.passes(13)


def test_a_clock_that_is_asked_to_end_finishes_its_batch_and_gives_the_lease_back(stack, database):
    with Many(stack, database, 2000) as many:
        stack.start("clock")
        wait_until(lambda: many.count("level = 1") > 100, 30, "the first of them")
        begun = time.monotonic()
        stack.stop("clock")
        assert time.monotonic() - begun < 5
        assert many.count("level = 1") < many.n, "too fast to be ended in the middle"
        assert database("SELECT COUNT(*) FROM lease WHERE owner IS NOT NULL")[0][0] == 0
        assert once(stack)["escalate"] > 0
        many.check(1)


def test_two_clocks_make_each_breach_one_event_a_level(stack, database, lodged):
    number = lodged()
    with Many(stack, database, 1500) as many, another_clock(stack) as other:
        stack.start("clock")
        many.wait_level(1, 60)
        many.check(1)
        many.passes(13)
        many.wait_level(2, 60)
        time.sleep(2)
        many.check(2)
        assert other.poll() is None
        # and when one is gone for good the other goes on
        stack.stop("clock")
        passes(database, 24 * HOUR + 1, number)
        wait_state(database, number, "ESCALATED", 1)


def test_many_breaches_in_one_tick_within_a_minute(stack, database, record_property):
    with Many(stack, database, BREACHES) as many:
        for level in (1, 2):
            begun = len(stack.log_lines("clock"))
            stack.start("clock")
            took = many.wait_level(level, 60)
            many.check(level)
            print(f"\n{BREACHES} breaches to level {level}: {took:.1f} s")
            record_property(f"level_{level}_s", took)
            wait_until(lambda: any('"chore":"escalate"' in line for line in stack.log_lines("clock")[begun:]), 5)  # pylint: disable=cell-var-from-loop
            stack.stop("clock")
            many.passes(13)


def test_a_clock_that_stood_still_longer_than_its_lease_does_nothing_twice(stack, database):
    """Its host was suspended in the middle of a transaction: another clock takes over, the rows it holds come free, and when it wakes
    it finds that it is late."""
    with Many(stack, database, 1500) as many:
        stack.start("clock")
        wait_until(lambda: many.count("level = 1") > 100, 30, "the first of them")
        stack.kill("clock", signal.SIGSTOP)
        try:
            assert many.count("level = 1") < many.n, "too fast to be stopped in the middle"
            with another_clock(stack):
                many.wait_level(1, 55)
                stack.kill("clock", signal.SIGCONT)
                time.sleep(3)
        finally:
            stack.kill("clock", signal.SIGCONT)
        many.check(1)


def test_what_a_clock_does_after_it_stood_still_is_dated_then(stack, database):
    with Many(stack, database, 1500) as many:
        stack.start("clock")
        wait_until(lambda: many.count("level = 1") > 100, 30, "the first of them")
        stack.kill("clock", signal.SIGSTOP)
        try:
            time.sleep(4)
            before, woken = many.count("level = 1"), database("SELECT UTC_TIMESTAMP(3)")[0][0]
        finally:
            stack.kill("clock", signal.SIGCONT)
        many.wait_level(1, 50)
        dated_back = many.count("level = 1 AND changed_at < '%s'" % woken) - before
        assert 0 <= dated_back <= 2 * 50, "more than the batches that it was at"


@pytest.mark.log_errors("db", "mysql", "maria", "lost", "E_BUSY", "E_UNKNOWN", "outbox")
def test_a_database_that_dies_in_the_middle_of_many_breaches(stack, database):
    with Many(stack, database, 1500) as many:
        stack.start("clock")
        wait_until(lambda: many.count("level = 1") > 100, 30, "the first of them")
        stack.kill("mariadb", signal.SIGKILL)
        wait_ready(stack)
        many.wait_level(1, 60)
        many.check(1)


def test_many_breaches_hold_nobody_up(stack, database, citizen, lme):
    slowest, made = 0.0, []
    with Many(stack, database, BREACHES + 1000) as many:
        stack.start("clock")
        wait_until(lambda: many.count("level = 1") > 50, 30, "the first of them")
        while many.count("level = 1") < many.n:
            lodged = citizen.lodge(ward=WARD)
            begun = lme.post(f"/complaints/{lodged.data['number']}/actions", {"action": "start", "version": 1}, expect=200)
            slowest = max(slowest, lodged.seconds, begun.seconds)
            made.append(lodged.data["number"])
        many.check(1)
    assert len(made) > 3 and slowest < 2
    assert {tuple(actions(database, n)) for n in made} == {("lodge", "start")}


# -- neighbours that are down

@pytest.mark.log_errors("db", "mysql", "maria", "lost", "E_BUSY", "E_UNKNOWN", "outbox")
def test_goes_on_when_the_database_is_back(stack, database, lodged):
    number = lodged()
    passes(database, 24 * HOUR + 1, number)
    stack.kill("mariadb", signal.SIGKILL)
    wait_ready(stack)
    wait_state(database, number, "ESCALATED", 1)
    assert actions(database, number) == ["lodge", "escalate"]


@pytest.mark.log_errors("redis", "cache")
def test_needs_no_redis(stack, database, lodged):
    number = lodged()
    stack.stop("redis")
    try:
        passes(database, 24 * HOUR + 1, number)
        wait_state(database, number, "ESCALATED", 1)
    finally:
        stack.start("redis")


def test_looks_as_often_as_it_is_told(stack, database, lodged):
    with settings(stack, "clock", {"clock.tick_s": 10}, {"clock.tick_s": 1}):
        number = lodged()
        passes(database, 24 * HOUR + 1, number)
        assert wait_state(database, number, "ESCALATED", 1) < 12
