"""The audit on a stack of its own: what staff read is recorded before it is shown, days are signed, tampering is found by ekmc-ctl,
and an outsider proves an export from the documentation alone."""
import copy
import json
import os
import pathlib
import stat
import subprocess
import sys
import time

import pymysql
import pytest

import numbers_ekmc
import verify_export
from client import Client, Phone
from watch import LogWatch, wait_ready

HERE = pathlib.Path(__file__).resolve().parent
TRIGGERS = [f"{table}_{when}" for table in ("complaint_event", "audit_day", "audit_head", "access_log") for when in ("kept", "there")]


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A stack whose days are signed and whose timelines may be tampered with."""
    from stack import Stack
    with Stack(tmp_path_factory.mktemp("audited"), settings={"nginx.API_PER_SECOND": 100000}) as s:
        wait_ready(s)
        s.watch = LogWatch(s)
        assert s.ctl("audit", "sign").returncode == 0
        yield s


@pytest.fixture
def ask(audited):
    def rows(sql, *args):
        with pymysql.connect(**audited.db()) as c, c.cursor() as k:
            k.execute(sql, args)
            return k.fetchall()
    return rows


@pytest.fixture
def somebody(audited):
    """somebody("gro"): that role's demo login."""
    def login(role):
        who = next(x for x in audited.demo["logins"] if x["role"] == role)
        client = Client(audited.base_url, Phone(audited.sim("sms") + "/sms"))
        client.token = client.post("/sessions", {"user": who["user"], "password": who["password"]}, expect=201).data["token"]
        client.user = who["user"]
        return client
    return login


@pytest.fixture
def complainant(audited):
    return Client(audited.base_url, Phone(audited.sim("sms") + "/sms")).login()


def lodge(citizen):
    return citizen.lodge(name="অমল বসু", landmark="Beside the tube well").data["number"]


def readings(client, **params):
    return client.get("/audit/access", params=params, expect=200).data["items"]


# ---- who read it

def test_what_staff_read_is_recorded_with_the_request(somebody, complainant):
    number, gro, commissioner = lodge(complainant), somebody("gro"), somebody("commissioner")
    shown = gro.get(f"/complaints/{number}", expect=200, headers={"X-Request-Id": "reading-of-the-gro-1"})
    assert shown.data["complainant"]["name"] == "অমল বসু"
    row, = readings(commissioner, number=number)
    assert (row["user"], row["roles"], row["what"], row["number"]) == (gro.user, ["gro"], "complaint", number)
    assert (row["request_id"], row["operator"], row["reason"]) == ("reading-of-the-gro-1", None, None)


def test_a_page_that_asks_several_times_leaves_one_row(somebody, complainant, ask):
    number, gro = lodge(complainant), somebody("gro")
    begun = int(time.time() * 1000) // 300000
    for _ in range(5):
        gro.get(f"/complaints/{number}", expect=200)
    slots = int(time.time() * 1000) // 300000 - begun + 1
    assert 1 <= len(readings(somebody("admin"), number=number)) <= slots


def test_who_reads_the_timeline_alone_is_recorded_too(somebody, complainant):
    number, gro = lodge(complainant), somebody("gro")
    complainant.post(f"/complaints/{number}/actions", {"action": "note", "version": 1, "note": "ফোন করুন 98300 12345"}, expect=200)
    assert "98300 12345" in gro.get(f"/complaints/{number}/timeline", expect=200).body.decode()
    row, = readings(somebody("admin"), number=number)
    assert (row["user"], row["what"]) == (gro.user, "complaint")


def test_who_takes_whole_mobiles_of_officers_is_recorded(somebody):
    officer, admin = somebody("controlling"), somebody("admin")
    officer.get("/roster", expect=200)
    assert readings(admin, user=officer.user) == []
    officer.get("/roster", headers={"Accept": "text/csv"}, expect=200)
    row, = readings(admin, user=officer.user)
    assert (row["what"], row["number"]) == ("list", None)


def test_what_is_not_shown_is_not_recorded(somebody, complainant):
    number = lodge(complainant)
    complainant.get(f"/complaints/{number}", expect=200)
    somebody("lme").get(f"/complaints/{number}", expect=404)
    somebody("admin").get(f"/complaints/{number}", expect=403)
    assert readings(somebody("admin"), number=number) == []


def test_what_cannot_be_recorded_is_not_shown(audited, somebody, complainant, ask):
    number, gro = lodge(complainant), somebody("gro")
    ask("REVOKE INSERT ON ekmc.access_log FROM ekmc_api")
    try:
        refused = gro.get(f"/complaints/{number}", expect=500)
        assert "complainant" not in refused.data and "অমল" not in refused.body.decode()
        complainant.get(f"/complaints/{number}", expect=200)
    finally:
        ask("GRANT INSERT ON ekmc.access_log TO ekmc_api")
    gro.get(f"/complaints/{number}", expect=200)


def test_the_record_is_filtered_and_paged(somebody, complainant):
    numbers, admin = [lodge(complainant) for _ in range(2)], somebody("admin")
    readers = [somebody(r) for r in ("gro", "controlling", "commissioner", "mayor")]
    for reader in readers:
        for number in numbers:
            reader.get(f"/complaints/{number}", expect=200)
    assert [r["user"] for r in readings(admin, number=numbers[0])] == [r.user for r in readers][::-1]
    both, = readings(admin, number=numbers[1], user=readers[3].user)
    assert (both["user"], both["roles"], both["number"]) == (readers[3].user, ["mayor"], numbers[1])
    assert [r["number"] for r in readings(admin, user=readers[3].user)[:2]] == numbers[::-1]
    seen, cursor = [], None
    for _ in range(4):
        page = admin.get("/audit/access", params={"number": numbers[0], "limit": 1, **({"cursor": cursor} if cursor else {})}, expect=200).data
        seen += [r["user"] for r in page["items"]]
        cursor = page["next"]
    assert seen == [r.user for r in readers][::-1] and cursor is None
    middle = readings(admin, number=numbers[0])[1]["at"]
    assert [r["user"] for r in readings(admin, number=numbers[0], **{"from": middle})] == [readers[3].user, readers[2].user]
    assert [r["user"] for r in readings(admin, number=numbers[0], to=middle)] == [readers[1].user, readers[0].user]
    assert readings(admin, user=readers[3].user, to="2026-01-01T00:00:00Z") == []


@pytest.mark.parametrize("params, pointer", [({}, "/number"), ({"number": "2611"}, "/number"), ({"number": "999999999999"}, "/number"),
    ({"user": "nobody.at.all"}, "/user"), ({"user": "অমল"}, "/user"), ({"user": "admin", "from": "yesterday"}, "/from"),
    ({"user": "admin", "to": "2026-11-23"}, "/to"), ({"user": "admin", "limit": 0}, "/limit"), ({"user": "admin", "cursor": "x"}, "/cursor"),
    ({"user": "admin", "mobile": "9830012345"}, "/mobile")], ids=str)
def test_a_bad_question_is_named(somebody, params, pointer):
    admin = somebody("admin")
    params = {k: admin.user if v == "admin" else v for k, v in params.items()}
    assert pointer in admin.get("/audit/access", params=params, expect=422).pointers()


@pytest.mark.parametrize("role", ["lme", "gro", "eo1", "desk", "controlling", "mayor"])
def test_the_record_is_for_commissioner_and_administrators(somebody, role):
    somebody(role).get("/audit/access", params={"user": "gro.drn"}, expect=403)


def test_the_record_is_not_for_citizens_and_strangers(complainant):
    complainant.get("/audit/access", params={"user": "gro.drn"}, expect=403)
    complainant.anonymous().get("/audit/access", params={"user": "gro.drn"}, expect=401)


def test_the_complainant_hears_which_office_looked_but_no_name(audited, somebody, complainant):
    number, gro = lodge(complainant), somebody("gro")
    assert complainant.get(f"/complaints/{number}/access", expect=200).data == {"items": [], "next": None}
    gro.get(f"/complaints/{number}", expect=200)
    somebody("commissioner").get(f"/complaints/{number}", expect=200)
    answer = complainant.get(f"/complaints/{number}/access", params={"limit": 1}, expect=200)
    row, = answer.data["items"]
    assert set(row) == {"at", "roles", "what"} and row["roles"] == ["commissioner"] and answer.data["next"]
    second = complainant.get(f"/complaints/{number}/access", params={"cursor": answer.data["next"]}, expect=200)
    assert [r["roles"] for r in second.data["items"]] == [["gro"]]
    assert gro.user not in answer.body.decode() + second.body.decode()
    stranger = Client(audited.base_url, complainant.phone).login()
    stranger.get(f"/complaints/{number}/access", expect=404)
    gro.get(f"/complaints/{number}/access", expect=403)


# ---- ekmc-ctl audit

def ctl(audited, *arguments, **environment):
    done = subprocess.run([audited.layout.binary("ekmc-ctl"), "--conf", str(audited.layout.etc / "ekmc-ctl.ini"), "audit", *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def tamper(audited, ask):
    """Does something to the timeline of a demo complaint, and undoes it: restores the two tables from copies."""
    tables = ("complaint_event", "complaint", "audit_head", "audit_day")
    columns = {t: ", ".join(c for c, in ask("SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
                                            " AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position", t))
               for t in tables}
    kept = {t: ask(f"SELECT {columns[t]} FROM {t}") for t in tables}

    def do(*statements):
        with pymysql.connect(**audited.db()) as c, c.cursor() as k:
            k.execute("SET foreign_key_checks = 0")
            for t in TRIGGERS:
                k.execute(f"DROP TRIGGER IF EXISTS {t}")
            for s in statements:
                k.execute(s)
    yield do
    with pymysql.connect(**audited.db()) as c, c.cursor() as k:
        k.execute("SET foreign_key_checks = 0")
        for t, rows in kept.items():
            k.execute(f"DELETE FROM {t}")
            if rows:
                k.executemany(f"INSERT INTO {t} ({columns[t]}) VALUES ({', '.join(['%s'] * len(rows[0]))})", rows)
    source = (HERE.parents[1] / "sql/procedures/audit.sql").read_text(encoding="utf-8")
    subprocess.run(["mariadb", "--no-defaults", f"--socket={audited.layout.socket('db')}", "ekmc"], input=source, text=True, check=True)


@pytest.fixture
def long_one(ask):
    """(id, number, events) of a demo complaint with a past that is signed to its end."""
    return ask("SELECT c.id, c.number, c.event_count FROM complaint c JOIN audit_head h ON h.complaint_id = c.id AND h.event_count = c.event_count"
               " WHERE c.event_count > 4 AND c.state = 'CLOSED' ORDER BY c.id LIMIT 1")[0]


def shown(number):
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def test_a_stack_as_it_was_made_proves_itself(audited, ask):
    code, out, err = ctl(audited, "verify")
    assert (code, err) == (0, "") and " 0 faults\n" in out, out
    assert f"{ask('SELECT COUNT(*) FROM complaint')[0][0]} complaints with {ask('SELECT COUNT(*) FROM complaint_event')[0][0]} events" in out


def test_signing_again_signs_nothing(audited, ask):
    days = ask("SELECT * FROM audit_day")
    assert ctl(audited, "sign")[:2] == (0, "0 days signed\n")
    assert ask("SELECT * FROM audit_day") == days and len(days) > 5


@pytest.mark.parametrize("sql, event, words", [
    (["UPDATE complaint_event SET note = 'tampered' WHERE complaint_id = {id} AND seq = 3"], "event 3", "changed"),
    (["UPDATE complaint_event SET actor_id = actor_id + 1 WHERE complaint_id = {id} AND seq = 2"], "event 2", "changed"),
    (["UPDATE complaint_event SET seq = 0 WHERE complaint_id = {id} AND seq = 2", "UPDATE complaint_event SET seq = 2 WHERE complaint_id = {id} AND seq = 3",
      "UPDATE complaint_event SET seq = 3 WHERE complaint_id = {id} AND seq = 0"], "event 2", "moved here"),
    (["DELETE FROM complaint_event WHERE complaint_id = {id} AND seq = 3"], "event 3", "missing"),
    (["DELETE FROM complaint_event WHERE complaint_id = {id} AND seq = {n}",
      "UPDATE complaint c JOIN complaint_event e ON e.complaint_id = c.id AND e.seq = {n} - 1 SET c.event_count = e.seq, c.event_head = e.hash,"
      " c.state = e.to_state, c.level = e.level WHERE c.id = {id}"], "event {n}", "cut off"),
    (["DELETE FROM complaint_event WHERE complaint_id = {id}", "DELETE FROM complaint WHERE id = {id}"], "", "complaint removed with its timeline"),
    (["UPDATE complaint SET event_head = UNHEX(REPEAT('ab', 32)) WHERE id = {id}"], "event {n}", "not the one whose hash the complaint has"),
    (["UPDATE complaint SET holder_id = (SELECT MAX(id) FROM staff) WHERE id = {id}"], "event {n}", "has as its holder"),
    (["UPDATE complaint SET due_at = due_at + INTERVAL 1 DAY WHERE id = {id}"], "event {n}", "has as its due_at"),
], ids=["note", "actor", "swap", "middle", "cut off", "whole", "head", "holder", "promise"])
def test_tampering_is_named_and_the_exit_code_says_so(audited, tamper, long_one, sql, event, words):
    complaint_id, number, events = long_one
    tamper(*(s.format(id=complaint_id, n=events) for s in sql))
    for scope in ((), ("--number", shown(number))):
        code, out, _ = ctl(audited, "verify", *scope)
        lines = [line for line in out.splitlines() if line.startswith(shown(number)) and words in line]
        assert code == 1 and lines, out
        assert event.format(n=events) in lines[0]


def test_a_number_that_never_was_is_said(audited):
    for deed in ("verify", "export"):
        code, out, err = ctl(audited, deed, "--number", numbers_ekmc.number("2611", 9999999))
        assert code == 1 and "there is no complaint" in err and "0 faults" not in out
    assert ctl(audited, "verify", "--number", numbers_ekmc.mistyped("261100000016"))[0] == 2
    assert ctl(audited, "verify", "--from", "23.11.2026")[0] == 2
    assert ctl(audited, "export")[0] == 2
    assert ctl(audited, "export", "--number", "261100000016", "--personal")[0] == 2
    assert ctl(audited, "sing")[0] == 2


def test_days_that_were_signed_again_are_found_with_the_log(audited, tamper, tmp_path):
    log = tmp_path / "signed.log"
    tamper("DELETE FROM audit_day", "DELETE FROM audit_head")
    code, _, err = ctl(audited, "sign")
    assert code == 0 and "audit_signed" in err
    log.write_text("not a line of ours\n" + err, encoding="utf-8")
    assert ctl(audited, "verify", "--log", log)[0] == 0
    time.sleep(0.01)
    tamper("DELETE FROM audit_day", "DELETE FROM audit_head")
    assert ctl(audited, "sign")[0] == 0
    assert ctl(audited, "verify")[0] == 0
    code, out, _ = ctl(audited, "verify", "--log", log)
    assert code == 1 and "signed again: the log has another signature" in out
    assert ctl(audited, "verify", "--log", tmp_path / "none")[0] == 1


def test_it_takes_no_more_than_rights_to_read_and_the_signing_key(audited, ask):
    ask("CREATE USER IF NOT EXISTS ekmc_auditor IDENTIFIED BY 'reads-only'")
    ask("GRANT SELECT ON ekmc.* TO ekmc_auditor")
    rights = {"EKMC_DB_USER": "ekmc_auditor", "EKMC_DB_PASSWORD": "reads-only", "EKMC_SEAL_KEYS": "", "EKMC_SEAL_INDEX_KEY": "", "EKMC_SEAL_TOKEN_KEY": ""}
    code, out, err = ctl(audited, "verify", **rights)
    assert (code, err) == (0, ""), out
    code, _, err = ctl(audited, "verify", **{**rights, "EKMC_SEAL_AUDIT_KEYS": ""})
    assert code == 1 and "seal.audit_keys" in err
    code, out, _ = ctl(audited, "verify", **{**rights, "EKMC_SEAL_AUDIT_KEYS": "1:" + "ab" * 32})
    assert code == 1 and "the signature does not fit" in out


def test_the_signing_key_is_not_the_apis(audited):
    assert "audit_keys" not in (audited.layout.etc / "ekmc-fcgi.ini").read_text(encoding="utf-8")
    assert "audit_keys" in (audited.layout.etc / "ekmc-ctl.ini").read_text(encoding="utf-8")


# ---- exports

def export(audited, tmp_path, *arguments):
    path = tmp_path / "export.json"
    code, out, err = ctl(audited, "export", "--out", path, *arguments)
    assert (code, out) == (0, ""), err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return json.loads(path.read_text(encoding="utf-8")), path


def key_of(audited):
    return bytes.fromhex(audited.secrets["audit_keys"].partition(":")[2])


def test_an_outsider_proves_an_export_alone(audited, long_one, tmp_path):
    found, path = export(audited, tmp_path, "--number", long_one[1])
    item, = found["complaints"]
    assert found["faults"] == [] and len(item["events"]) == long_one[2]
    assert item["signed"] and all("path" in head for head in item["signed"])
    assert verify_export.verify(found) == [] and verify_export.verify(found, key_of(audited)) == []
    done = subprocess.run([sys.executable, "-I", str(HERE / "verify_export.py"), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "everything fits\n")


@pytest.mark.parametrize("change", [
    lambda c: c["events"][1].update(note="another"), lambda c: c["events"][1].update(actor_id=999), lambda c: c["events"][2].update(at="2026-01-01T00:00:00.000Z"),
    lambda c: c["events"].pop(), lambda c: c["events"].pop(1), lambda c: c["events"].insert(1, c["events"].pop(2)),
    lambda c: c["complaint"].update(event_head="00" * 32), lambda c: c["signed"][0].update(event_head="00" * 32),
    lambda c: c["signed"][-1].update(day_root="00" * 32), lambda c: c["complaint"].update(number="261100000016")], ids=range(10))
def test_the_outsider_finds_a_changed_export(audited, long_one, tmp_path, change):
    found, _ = export(audited, tmp_path, "--number", long_one[1])
    change(found["complaints"][0])
    assert verify_export.verify(found)


def test_what_officers_do_through_the_api_is_proved_too(audited, somebody, complainant, tmp_path):
    number, gro = lodge(complainant), somebody("gro")
    moves = [(gro, {"action": "note", "note": "Asked the pumping station", "internal": True}), (gro, {"action": "escalate", "note": "Twice before"}),
             (somebody("commissioner"), {"action": "note", "note": "জরুরি", "priority": True}), (complainant, {"action": "note", "note": "Please hurry"})]
    for version, (who, body) in enumerate(moves, 1):
        who.post(f"/complaints/{number}/actions", {**body, "version": version}, expect=200)
    assert ctl(audited, "verify", "--number", number)[0] == 0
    found, _ = export(audited, tmp_path, "--number", number)
    assert [e["action"] for e in found["complaints"][0]["events"]] == ["lodge", "note", "escalate", "note", "note"]
    assert [e["internal"] for e in found["complaints"][0]["events"]] == [False, True, False, False, False]
    assert verify_export.verify(found) == []


def test_an_export_of_days_holds_all_that_changed_then(audited, ask, tmp_path):
    day, = ask("SELECT day FROM audit_day WHERE heads > 3 ORDER BY day DESC LIMIT 1")[0]
    found, _ = export(audited, tmp_path, "--from", day, "--to", day)
    ids = [i for i, in ask("SELECT complaint_id FROM audit_head WHERE day = %s ORDER BY complaint_id", day)]
    assert [c["complaint"]["id"] for c in found["complaints"]] == ids
    assert (found["from"], found["to"], found["faults"]) == (str(day), str(day), None)
    assert verify_export.verify(found, key_of(audited)) == []


def test_personal_data_is_opened_only_for_a_reason_and_that_is_recorded(audited, somebody, complainant, tmp_path):
    number = lodge(complainant)
    closed, _ = export(audited, tmp_path, "--number", number)
    one = closed["complaints"][0]["complaint"]
    assert (one["name"], one["mobile"], one["landmark"], closed["personal"]) == (None, None, None, False)
    opened, path = export(audited, tmp_path, "--number", number, "--personal", "--reason", "Case 7 of the আয়োগ")
    one = opened["complaints"][0]["complaint"]
    assert (one["name"], one["mobile"], one["landmark"]) == ("অমল বসু", complainant.mobile, "Beside the tube well")
    assert opened["complaints"][0]["signed"] == [] and verify_export.verify(opened) == []
    rows = readings(somebody("admin"), number=number)
    assert [(r["what"], r["reason"], r["user"], r["request_id"]) for r in rows] == \
        [("export", "Case 7 of the আয়োগ", None, opened["id"]), ("export", None, None, closed["id"])]
    assert all(r["operator"] for r in rows)
    assert [a["request_id"] for a in opened["complaints"][0]["access"]] == [closed["id"], opened["id"]]
    assert complainant.mobile not in (audited.layout.log / "ctl.log").read_text(encoding="utf-8")
    assert path.exists()


def test_an_export_has_messages_but_no_secret_of_them(audited, complainant, ask, tmp_path):
    number = lodge(complainant)
    found, path = export(audited, tmp_path, "--number", number)
    sent = {(m["template"], m["recipient"]) for m in found["complaints"][0]["messages"]}
    assert ("registered", "citizen") in sent and not any(t == "otp" for t, _ in sent)
    assert "payload" not in path.read_text(encoding="utf-8")


def test_a_removed_complaint_can_still_be_exported(audited, tamper, long_one, tmp_path):
    tamper(f"DELETE FROM complaint_event WHERE complaint_id = {long_one[0]}", f"DELETE FROM complaint WHERE id = {long_one[0]}")
    code, _, _ = ctl(audited, "export", "--number", long_one[1], "--out", tmp_path / "gone.json")
    found = json.loads((tmp_path / "gone.json").read_text(encoding="utf-8"))
    assert code == 1 and found["faults"][0]["fault"] == "complaint removed with its timeline"
    assert found["complaints"][0]["complaint"] is None and found["complaints"][0]["signed"]


def test_half_an_export_is_removed(audited, long_one, tmp_path):
    code, _, err = ctl(audited, "export", "--number", long_one[1], "--out", tmp_path / "x.json", EKMC_DB_NAME="mysql")
    assert code in (1, 3) and not (tmp_path / "x.json").exists(), err
    assert ctl(audited, "export", "--number", long_one[1], "--out", tmp_path / "no" / "x.json")[0] == 1


def test_copies_are_not_the_original(audited, long_one, tmp_path):
    """The outsider's program does not say yes to everything: an export with the heads of another complaint."""
    found, _ = export(audited, tmp_path, "--number", long_one[1])
    other = copy.deepcopy(found)
    other["complaints"][0]["complaint"]["id"] += 1
    assert verify_export.verify(other)
