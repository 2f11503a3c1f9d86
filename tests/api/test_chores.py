"""One due thing for each chore of the clock: done, exactly that, and then nothing. On a stack of its own, where nothing else is due."""
import os
import time

import pymysql
import pytest

import pictures
from client import Client, Phone
from clockwork import HOUR, act, actions, due, now_ms, officer, once, passes, stored
from watch import LogWatch, wait_ready

WARD = 91       # of the borough of the demonstration's field officer
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    from stack import Stack
    with Stack(tmp_path_factory.mktemp("chores"), settings={"nginx.API_PER_SECOND": 100000}) as s:
        wait_ready(s)
        watch = LogWatch(s)
        # only the runs of the test: a clock would do some of it before
        s.stop("clock")
        s.stop("notify")
        yield s
        assert not watch.unexpected()


@pytest.fixture
def ask(kept):
    def rows(sql, args=()):
        with pymysql.connect(**kept.db()) as c, c.cursor() as k:
            k.execute(sql, args)
            return k.fetchall()
    return rows


@pytest.fixture
def complainant(kept):
    # the code of the login comes with the messages
    kept.start("notify")
    try:
        return Client(kept.base_url, Phone(kept.sim("sms") + "/sms")).login()
    finally:
        kept.stop("notify")


def names_of(ask, upload):
    digest = ask("SELECT HEX(sha256) FROM attachment WHERE id = UNHEX(%s)", (upload["id"],))[0][0].lower()
    return [f"{digest[:2]}/{digest[2:4]}/{digest}{end}" for end in ("", "-t")]


def there(kept, names):
    return [(kept.layout.attachments / name).exists() for name in names]


def make_old(kept, ask, upload):
    """As if it had been uploaded a day and two hours ago."""
    ask("UPDATE attachment SET created_at = created_at - INTERVAL 26 HOUR WHERE id = UNHEX(%s)", (upload["id"],))
    for name in names_of(ask, upload):
        os.utime(kept.layout.attachments / name, (time.time() - 26 * HOUR,) * 2)


def resolved(gro, eo1, lodge):
    number = lodge()
    act(gro, number, "escalate")
    act(eo1, number, "resolve", note="Cleaned")
    return number


def expired_link(ask, number, days):
    ask("UPDATE link l JOIN complaint c ON c.id = l.complaint_id SET l.expires_at = UTC_TIMESTAMP(3) - INTERVAL %s DAY WHERE c.number = %s",
        (days, number))


def links(ask, number):
    return ask("SELECT COUNT(*) FROM link l JOIN complaint c ON c.id = l.complaint_id WHERE c.number = %s", (number,))[0][0]


def old_reading(ask, days):
    ask("INSERT INTO access_log (at, slot, staff_id, roles, complaint_id, what, request_id) VALUES (UTC_TIMESTAMP(3) - INTERVAL %s DAY,"
        " %s, 1, 'LME', 0, 'search', %s)", (days, days, f"of-{days}-days-ago"))


def readings(ask):
    return {r for r, in ask("SELECT request_id FROM access_log WHERE request_id LIKE 'of-%%'")}


def unsign_yesterday(ask):
    """The last signed day as it was before it was signed."""
    for trigger in ("audit_day_kept", "audit_day_there", "audit_head_kept", "audit_head_there"):
        ask(f"DROP TRIGGER IF EXISTS {trigger}")
    day, = ask("SELECT MAX(day) FROM audit_day")[0]
    ask("DELETE FROM audit_head WHERE day = %s", (day,))
    ask("DELETE FROM audit_day WHERE day = %s", (day,))
    return day


def left_behind(ask, number):
    """Has it held by an employee who is inactive, with nothing else in hand; the employee's id."""
    gone, = ask("SELECT MAX(s.id) FROM staff s JOIN roster r ON r.staff_id = s.id WHERE r.role = 'LME' AND s.active AND NOT EXISTS"
                " (SELECT 1 FROM complaint c WHERE c.holder_id = s.id)")[0]
    ask("UPDATE staff SET active = FALSE WHERE id = %s", (gone,))
    ask("UPDATE complaint SET holder_id = %s WHERE number = %s", (gone, number))
    return gone


def test_each_chore_does_what_is_due_and_no_more(kept, ask, complainant, monkeypatch):
    lme, gro, eo1 = (officer(kept, role) for role in ("lme", "gro", "eo1"))

    # the zone of the clock's host changes nothing
    monkeypatch.setenv("TZ", "America/New_York")

    def lodge(subcategory="DRN-01"):
        return complainant.lodge(subcategory=subcategory, ward=WARD).data["number"]

    def done():
        return resolved(gro, eo1, lodge)

    # moves
    breached, silent, ended, young, late, held = lodge("DRN-05"), lodge(), done(), done(), lodge(), lodge()
    act(lme, silent, "ask_citizen", note="Which house?")
    act(gro, late, "escalate")
    act(eo1, late, "escalate")
    # uploads: one that nobody bound, one whose bytes another complaint has, one of yesterday but younger than a day
    lonely, shared, mine = (complainant.upload(pictures.saved(pictures.noise(64, w))).data for w in (40, 41, 42))
    again = complainant.upload(pictures.saved(pictures.corners())).data
    bound = complainant.upload(pictures.saved(pictures.corners())).data
    assert names_of(ask, again) == names_of(ask, bound) != names_of(ask, lonely)
    complainant.lodge(attachments=[bound["id"]])
    once(kept)      # what the demonstration left
    assert set(once(kept).values()) == {0}

    # of 72 hours, without Sundays and holidays
    holidays = {day for day, in ask("SELECT day FROM holiday")}
    assert stored(ask, breached, "due_at") == due(stored(ask, breached, "lodged_at"), 72, holidays)
    passes(ask, (stored(ask, breached, "due_at") - now_ms(ask)) / 1000 + 1, breached)
    passes(ask, 72 * HOUR + 1, silent)
    passes(ask, 11 * DAY, ended)
    passes(ask, DAY + 1, late)
    gone = left_behind(ask, held)
    expired_link(ask, ended, 91)
    expired_link(ask, young, 89)
    for upload in (lonely, again):
        make_old(kept, ask, upload)
    files, kept_files = names_of(ask, lonely), names_of(ask, bound) + names_of(ask, shared) + names_of(ask, mine)
    for days in (368, 364):
        old_reading(ask, days)
    ask("UPDATE idempotency SET created_at = created_at - INTERVAL 25 HOUR ORDER BY created_at DESC LIMIT 1")
    ask("UPDATE outbox SET state = 'done', settled_at = UTC_TIMESTAMP(3) - INTERVAL 7776001 SECOND"
        " WHERE payload_sealed IS NOT NULL ORDER BY id LIMIT 1")
    day = unsign_yesterday(ask)
    assert there(kept, files) == [True, True]

    assert once(kept) == {"escalate": 1, "overdue": 1, "resume": 1, "close": 1, "vacate": 1, "purge": 1, "erase": 1, "access": 1,
                          "audit": 1, "uploads": 2, "links": 1}
    assert stored(ask, breached, "state", "level") == ("ESCALATED", 1)
    assert stored(ask, breached, "escalate_at") == due(stored(ask, breached, "changed_at"), 72, holidays, 0.5)
    assert stored(ask, late, "overdue_told", "level") == (1, 2)
    assert stored(ask, silent, "state") == "ASSIGNED" and actions(ask, silent)[-1] == "resume"
    assert (stored(ask, ended, "state"), stored(ask, young, "state")) == ("CLOSED", "RESOLVED")
    assert actions(ask, held) == ["lodge", "vacate"] and stored(ask, held, "holder_id") not in (gone, None)
    assert (links(ask, ended), links(ask, young)) == (0, 1)
    assert there(kept, files) == [False, False] and set(there(kept, kept_files)) == {True}
    assert ask("SELECT COUNT(*) FROM attachment WHERE id IN (UNHEX(%s), UNHEX(%s))", (lonely["id"], again["id"]))[0][0] == 0
    assert readings(ask) == {"of-364-days-ago"}
    assert ask("SELECT COUNT(*) FROM audit_day WHERE day = %s", (day,))[0][0] == 1
    # nothing is amiss but what this test itself made older behind the timeline's back
    faults = [line for line in kept.ctl("audit", "verify").stdout.splitlines() if ", event " in line]
    assert {line[:14].replace(" ", "") for line in faults} <= {breached, late, silent, ended, young}, faults
    assert all(line.endswith("as its lodged_at") for line in faults), faults

    assert set(once(kept).values()) == {0}
    assert set(there(kept, kept_files)) == {True}
