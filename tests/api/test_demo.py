"""The demonstration's data on a stack of its own: played through the rules of the system, nothing of it is what the system would not
have written."""
import csv
import datetime
import json
import pathlib
import shutil

import pymysql
import pytest

import staff
from client import Client, Phone
from watch import LogWatch, wait_ready, wait_until

OPEN = "UNASSIGNED ASSIGNED IN_PROGRESS REASSIGN_REQUESTED AWAITING_CITIZEN ESCALATED".split()
DONE = ["RESOLVED", "REJECTED", "CLOSED"]
ROUTED = ["ASSIGNED", "UNASSIGNED"]
BACK = OPEN[:4] + ["ESCALATED"]     # where a reply can lead: only where it was
# design section 4, as far as stories go: action → (from, to, who)
TABLE = {
    "lodge": ([None], ROUTED, "citizen"),
    "me_too": ([None], ["DUPLICATE"], "citizen"),
    "assign": (OPEN[:4], ["ASSIGNED"], "staff"),
    "start": (["ASSIGNED"], ["IN_PROGRESS"], "staff"),
    "request_reassign": (["ASSIGNED", "IN_PROGRESS"], ["REASSIGN_REQUESTED"], "staff"),
    "refuse": (["REASSIGN_REQUESTED"], ["ASSIGNED"], "staff"),
    "transfer": (OPEN[:5], ROUTED, "staff"),
    "resolve": (["ASSIGNED", "IN_PROGRESS", "ESCALATED"], ["RESOLVED"], "staff"),
    "ask_citizen": (BACK, ["AWAITING_CITIZEN"], "staff"),
    "reply": (["AWAITING_CITIZEN"], BACK, "citizen"),
    "reject": (["UNASSIGNED", "REASSIGN_REQUESTED", "ESCALATED"], ["REJECTED"], "staff"),
    "reopen": (DONE, ["ESCALATED"], "citizen"),
    "escalate": (OPEN[:4] + ["ESCALATED"], ["ESCALATED"], "staff system"),
    "direct": (["ESCALATED"], ["ASSIGNED"], "staff"),
    "rate": (DONE, ["CLOSED"], "citizen"),
    "close": (["RESOLVED", "REJECTED"], ["CLOSED"], "system"),
    "withdraw": (OPEN[:5], ["WITHDRAWN"], "citizen"),
    "merge": (["UNASSIGNED", "ASSIGNED", "IN_PROGRESS"], ["DUPLICATE"], "staff"),
}
SEED = pathlib.Path(__file__).resolve().parents[2] / "sql" / "seed"
STATES = [*OPEN, *DONE, "WITHDRAWN", "DUPLICATE"]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A stack that nobody has used yet."""
    from stack import Stack
    with Stack(tmp_path_factory.mktemp("shown"), settings={"nginx.API_PER_SECOND": 100000}) as s:
        wait_ready(s)
        s.watch = LogWatch(s)
        yield s
        unexpected = s.watch.unexpected()
        assert not unexpected, "\n".join(unexpected)


@pytest.fixture(scope="module")
def unmade(tmp_path_factory):
    """A stack without the demonstration."""
    from stack import Stack
    with Stack(tmp_path_factory.mktemp("unmade"), with_demo=False) as s:
        (s.layout.etc / "demo-passwords.json").write_text("{}")
        yield s


@pytest.fixture(scope="module")
def ask(shown):
    """ask("SELECT …", args) → rows as dictionaries."""
    def rows(sql, *args):
        with pymysql.connect(cursorclass=pymysql.cursors.DictCursor, **{"charset": "utf8mb4", **shown.db()}) as c, c.cursor() as k:
            k.execute(sql, args)
            return k.fetchall()
    return rows


@pytest.fixture(scope="module")
def caller(shown):
    return Client(shown.base_url, Phone(shown.sim("sms") + "/sms"))


@pytest.fixture(scope="module")
def rows():
    """Of the file, by description."""
    with open(SEED / "demo_complaints.csv", encoding="utf-8", newline="") as f:
        found = {r["description"]: r for r in csv.DictReader(f)}
    assert len(found) == 220
    return found


@pytest.fixture(scope="module")
def complainant(rows, caller):
    """complainant(complaint): whoever lodged it, logged in. The file knows their mobiles."""
    known = {}

    def login(c):
        mobile = rows[c["description"]]["mobile"]
        if mobile not in known:
            known[mobile] = caller.login(mobile)
        return known[mobile]
    return login


def act(client, number, action, **fields):
    version = client.get(f"/complaints/{number}", expect=200).data["version"]
    return client.post(f"/complaints/{number}/actions", {"action": action, "version": version, **fields}, expect=200).data


def offered(client, number):
    seen = client.get(f"/complaints/{number}", expect=(200, 403, 404))
    return {o["action"]: o for o in seen.data["allowed_actions"]} if seen.status == 200 else {}


# ---- what was written

def test_every_state_is_there_and_will_be_for_an_hour(ask):
    rows = ask("SELECT state, level FROM complaint WHERE state = 'AWAITING_CITIZEN' OR escalate_at IS NULL"
               " OR escalate_at > UTC_TIMESTAMP() + INTERVAL 1 HOUR")
    assert all(sum(r["state"] == state for r in rows) >= 5 for state in STATES)
    assert {r["level"] for r in rows if r["state"] == "ESCALATED"} == {1, 2}
    overdue = {r["level"] for r in ask("SELECT DISTINCT level FROM complaint WHERE state = 'ESCALATED' AND due_at < UTC_TIMESTAMP()")}
    assert overdue == {1, 2}


def test_the_clock_finds_nothing_left_to_do(shown, ask):
    made = datetime.datetime.fromtimestamp((shown.layout.dir / "demo-part.json").stat().st_mtime, datetime.timezone.utc)
    late = ask("SELECT * FROM complaint_event WHERE actor_kind = 'system' AND at > %s", made.replace(tzinfo=None))
    assert len(late) <= 1, "at most what came due in these seconds"
    assert ask("SELECT COUNT(*) AS n FROM complaint_event WHERE actor_kind = 'system'")[0]["n"] > 40


def test_every_way_in_is_there(ask):
    assert {r["channel"] for r in ask("SELECT DISTINCT channel FROM complaint")} == {
        "WEB", "APP", "WHATSAPP", "CALL_CENTRE", "TALK_TO_MAYOR", "MAYOR_OFFICE", "CMRO", "OPEN311"}


def test_every_timeline_is_legal_and_ends_where_the_complaint_stands(ask):
    events = {}
    for e in ask("SELECT * FROM complaint_event ORDER BY complaint_id, seq"):
        events.setdefault(e["complaint_id"], []).append(e)
    for c in ask("SELECT * FROM complaint"):
        state, level, at = None, 0, None
        for seq, e in enumerate(events[c["id"]], 1):
            told = (c["number"], seq, e["action"], state, e["to_state"])
            origin, target, who = TABLE[e["action"]]
            assert e["seq"] == seq and e["from_state"] == state, told
            assert state in origin and e["to_state"] in target and e["actor_kind"] in who, told
            assert (e["actor_id"] is None) == (e["actor_kind"] == "system"), told
            assert level <= e["level"] <= 2 and (at is None or at < e["at"]), told
            assert state != "ESCALATED" or e["action"] != "escalate" or level == 1 and e["level"] == 2, told
            state, level, at = e["to_state"], e["level"], e["at"]
        assert (state, level, at, len(events[c["id"]])) == (c["state"], c["level"], c["changed_at"], c["event_count"]), c["number"]


def test_every_story_is_told_to_its_end(ask, rows):
    told = {c["description"]: [] for c in ask("SELECT description FROM complaint")}
    assert set(told) == set(rows)
    for e in ask("SELECT c.description, e.action FROM complaint_event e JOIN complaint c ON c.id = e.complaint_id ORDER BY c.id, e.seq"):
        told[e["description"]].append(e["action"])
    for row in rows.values():
        story = [word.partition(":")[0] for word in row["story"].split(">")]
        actions = told[row["description"]]
        assert actions[:len(story)] == story and set(actions[len(story):]) <= {"escalate", "close"}, row["no"]


def test_holders_clocks_and_waiting_are_as_the_state_wants_them(ask):
    for c in ask("SELECT * FROM complaint"):
        waits = c["state"] == "AWAITING_CITIZEN"
        state = c["waiting_from"] if waits else c["state"]
        assert (c["waiting_from"] is not None, c["waiting_since"] is not None) == (waits, waits), c["number"]
        assert (c["holder_id"] is not None) == (state in ("ASSIGNED", "IN_PROGRESS", "REASSIGN_REQUESTED")), c["number"]
        assert (c["escalate_at"] is not None) == (state in OPEN and (state, c["level"]) != ("ESCALATED", 2)), c["number"]
        assert (c["resolved_at"] is not None) == (state in DONE), c["number"]
        assert (c["last_holder_id"] is not None) >= (state in DONE), c["number"]
        assert (c["parent_id"] is not None) == (state == "DUPLICATE"), c["number"]
    assert ask("SELECT 1 FROM complaint WHERE proposed_id IS NOT NULL")
    assert {r["stars"] for r in ask("SELECT DISTINCT stars FROM rating")} == {1, 2, 3, 4, 5}
    assert ask("SELECT COUNT(*) AS n FROM link")[0]["n"] > 50


def test_the_audit_finds_every_chain_whole(shown):
    wait_until(lambda: "not signed, or" not in shown.ctl("audit", "verify").stdout, 30, "the clock has signed all days")
    done = shown.ctl("audit", "verify")
    assert done.returncode == 0 and "220 complaints" in done.stdout, done.stdout + done.stderr


def test_nobody_hears_what_is_long_past(shown, ask):
    sent = ask("SELECT state, result, created_at, created_at < UTC_TIMESTAMP() - INTERVAL 1 HOUR AS past FROM outbox")
    assert sum(m["past"] for m in sent) > 500
    assert all((m["state"], m["result"]) == ("done", "demo") for m in sent if m["past"])
    with open(shown.sms_file, encoding="utf-8") as f:
        assert sum("7000000" in line or "983001" in line for line in f) < 40


def test_the_cast_has_gone_home(ask):
    assert ask("SELECT 1 FROM session WHERE expires_at - INTERVAL 1 SECOND > created_at AND client IS NULL") == ()


def test_what_is_resolved_shows_a_photo(ask, complainant):
    c = ask("SELECT c.* FROM complaint c JOIN subcategory s ON s.code = c.subcategory_code AND s.photo_on_resolve"
            " WHERE c.state = 'RESOLVED' ORDER BY c.id DESC LIMIT 1")[0]
    citizen = complainant(c)
    photo = citizen.get(f"/complaints/{c['number']}", expect=200).data["attachments"][0]
    for size in ("full", "thumbnail"):
        got = citizen.get(f"/complaints/{c['number']}/attachments/{photo['id']}", params={"size": size}, expect=200)
        assert got.body[:3] == b"\xff\xd8\xff"
    assert ask("SELECT c.id FROM complaint c JOIN complaint_event e ON e.complaint_id = c.id AND e.action = 'resolve'"
               " JOIN subcategory s ON s.code = c.subcategory_code AND s.photo_on_resolve"
               " WHERE NOT EXISTS (SELECT 1 FROM attachment a WHERE a.complaint_id = c.id AND a.event_seq = e.seq)") == ()


# ---- what can be done with it

def test_whoever_is_asked_can_reply(ask, complainant):
    for c in ask("SELECT * FROM complaint WHERE state = 'AWAITING_CITIZEN' ORDER BY id DESC LIMIT 3"):
        left = c["due_at"] - c["waiting_since"]
        assert act(complainant(c), c["number"], "reply", note="Beside the temple")["state"] == c["waiting_from"]
        after = ask("SELECT * FROM complaint WHERE id = %s", c["id"])[0]
        assert abs((after["due_at"] - after["changed_at"] - left).total_seconds()) < 0.01, "the promise shifts by the pause"


def test_what_is_resolved_can_be_rated_and_re_opened(ask, complainant):
    for c in ask("SELECT * FROM complaint WHERE state = 'RESOLVED' ORDER BY id DESC LIMIT 3"):
        citizen = complainant(c)
        assert {"rate", "reopen"} <= set(offered(citizen, c["number"]))
        assert act(citizen, c["number"], "rate", stars=2)["state"] == "CLOSED"
        again = act(citizen, c["number"], "reopen", note="Not done")
        assert (again["state"], again["level"]) == ("ESCALATED", max(c["level"], c["reopen_count"] + 1))


@pytest.mark.parametrize("role, action", [
    ("lme", "start"), ("gro", "escalate"), ("eo1", "resolve"), ("eo2", "ask_citizen"), ("desk", "note"), ("controlling", "note"),
    ("commissioner", "note"), ("mayor", "note")])
def test_every_officer_who_can_log_in_has_something_to_do(shown, ask, caller, role, action):
    officer = staff.demo(shown, caller.phone, role)
    for c in ask("SELECT number FROM complaint WHERE state IN ('ASSIGNED', 'IN_PROGRESS', 'ESCALATED') ORDER BY id DESC"):
        can = offered(officer, c["number"]).get(action)
        if can is not None and set(can["needs"]) <= {"note"}:
            act(officer, c["number"], action, note="Seen to")
            return
    pytest.fail(f"nothing that {role} could {action}")


def test_the_logins_are_those_of_every_role(shown, caller):
    assert [x["role"] for x in shown.demo["logins"]] == "lme lme2 gro eo1 eo2 desk controlling commissioner mayor admin".split()
    assert all(x["user"] in (shown.layout.dir / "demo-logins.txt").read_text("utf-8") for x in shown.demo["logins"])
    staff.demo(shown, caller.phone, "admin").get("/users", expect=200)


def test_a_second_time_nothing_is_added(shown, ask):
    def counted():
        return [ask(f"SELECT COUNT(*) AS n FROM {t}")[0]["n"]
                for t in ("staff", "roster", "citizen", "complaint", "complaint_event", "rating", "link", "attachment")]
    before, out = counted(), shown.layout.dir / "again.json"
    done = shown.ctl("demo", "--passwords", str(shown.layout.etc / "demo-passwords.json"), "--out", str(out))
    assert (done.returncode, done.stdout) == (0, "0 staff and 0 complaints added\n"), done.stderr
    assert counted() == before
    assert json.loads(out.read_text())["logins"] == shown.demo["logins"]


@pytest.mark.parametrize("story, why", [("lodge>dance", "an unknown action or argument"), ("start", "an unknown action or argument"),
                                        ("lodge>rate:6", "an unknown action or argument"), ("lodge>refuse", "refuse: E_FORBIDDEN")])
def test_a_story_that_the_rules_forbid_is_refused_by_its_row(unmade, tmp_path, story, why):
    """What cannot be read before anything is lodged; so the last, which only the rules know, is the last."""
    seed = pathlib.Path(shutil.copytree(SEED, tmp_path / "seed"))
    lines = (seed / "demo_complaints.csv").read_text("utf-8").splitlines()
    lines = [lines[0], lines[1].rpartition(",")[0] + "," + story, *lines[2:4]]
    (seed / "demo_complaints.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = unmade.ctl("demo", "--dir", str(seed), "--passwords", str(unmade.layout.etc / "demo-passwords.json"), "--out", str(tmp_path / "out"))
    assert done.returncode == 1 and f"demo_complaints.csv:2:13: story: {why}" in done.stderr, done.stderr
