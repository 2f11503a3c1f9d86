"""Moving a complaint over the API: whose move it is, twice and in time, one of two, ratings, photos, reasons, and whole lives."""
import datetime
import itertools
import threading
import unicodedata

import pytest

import openapi
import pictures
from client import fresh_key
from life import COLLEAGUE, EO1, EO2, GRO, LME, Life, officers
from numbers_ekmc import number
from people import act, holder, officer
from test_complaints import same_refusal

QUIET = "LGT-02"        # needs no photo of what was done
PARK, PARK_WARD, PARK_BOROUGH = "PRK-03", 63, 7
ACTIONS = openapi.DOCUMENT["components"]["schemas"]["ActionRequest"]["properties"]["action"]["enum"]
_serial = itertools.count()


@pytest.fixture(scope="module")
def staff(stack, phone):
    return officers(stack, phone)


@pytest.fixture
def as_user(stack, phone, database):
    return lambda user: officer(stack, phone, database, user)


@pytest.fixture
def hired(as_user, database):
    """Employees of this test alone, without a mobile: hired(role, department, level, borough) gives one who is logged in."""
    users = []

    def hire(role, department=None, level=None, borough=None, name="Test Person"):
        user = f"moves.{next(_serial)}"
        users.append(user)
        database("INSERT INTO staff (user_name, name_en, name_bn, language, must_change) VALUES (%s, %s, %s, 'en', FALSE)", (user, name, name))
        database("INSERT INTO roster (staff_id, role, department_code, eo_level, borough_no) SELECT id, %s, %s, %s, %s FROM staff WHERE user_name = %s",
                 (role, department, level, borough, user))
        return as_user(user)

    yield hire
    for user in users:
        database("DELETE FROM roster WHERE staff_id = (SELECT id FROM staff WHERE user_name = %s)", (user,))
        database("UPDATE staff SET active = FALSE WHERE user_name = %s", (user,))


@pytest.fixture
def resolved(stack, phone, database, fresh_citizen):
    """A complaint that its LME has resolved: (number, its citizen)."""
    n = fresh_citizen.lodge(subcategory=QUIET).data["number"]
    act(holder(stack, phone, database, n), n, "resolve", note="A lamp was fitted")
    return n, fresh_citizen


def send(who, n, expect, **body):
    return who.post(f"/complaints/{n}/actions", body, expect=expect, key=fresh_key())


def see(who, n, expect=200):
    return who.get(f"/complaints/{n}", expect=expect).data


def offers(who, n):
    return {o["action"]: o for o in see(who, n)["allowed_actions"]}


def timeline(who, n):
    return who.get(f"/complaints/{n}/timeline", expect=200).data["items"]


# -- whose move it is

NOT_THERE, SEES = 404, 403      # what "assign" answers; 422: theirs to do, and the field that is missing is named
OFFICERS = [
    ("its holder", lambda hired, as_user, lme: lme, SEES),
    ("a colleague", lambda hired, as_user, lme: as_user("lme.prk.2" if lme.user == "lme.prk.1" else "lme.prk.1"), NOT_THERE),
    ("an LME of drains", lambda hired, as_user, lme: as_user("lme.drn.w063"), NOT_THERE),
    ("GRO", lambda hired, as_user, lme: as_user("gro.prk"), 422),
    ("GRO of the borough", lambda hired, as_user, lme: hired("GRO", "PRK", borough=PARK_BOROUGH), 422),
    ("GRO of another borough", lambda hired, as_user, lme: hired("GRO", "PRK", borough=PARK_BOROUGH + 1), NOT_THERE),
    ("GRO of the whole corporation", lambda hired, as_user, lme: hired("GRO"), 422),
    ("GRO of drains", lambda hired, as_user, lme: as_user("gro.drn"), NOT_THERE),
    ("EO 1", lambda hired, as_user, lme: as_user("eo1.prk"), SEES),
    ("EO 2 of another borough", lambda hired, as_user, lme: hired("EO", "PRK", level=2, borough=PARK_BOROUGH - 1), NOT_THERE),
    ("EO 1 of drains", lambda hired, as_user, lme: as_user("eo1.drn"), NOT_THERE),
    ("controlling officer", lambda hired, as_user, lme: as_user("co.prk"), SEES),
    ("controlling officer of drains", lambda hired, as_user, lme: as_user("co.drn"), NOT_THERE),
    ("desk", lambda hired, as_user, lme: as_user("desk1"), SEES),
    ("commissioner", lambda hired, as_user, lme: as_user("commissioner"), SEES),
    ("mayor's office", lambda hired, as_user, lme: as_user("mayor"), SEES),
]


@pytest.mark.parametrize("who, answer", [(o[1], o[2]) for o in OFFICERS], ids=[o[0] for o in OFFICERS])
def test_who_sees_it_and_whose_move_it_is(as_user, hired, database, citizen, who, answer):
    n = citizen.lodge(subcategory=PARK, ward=PARK_WARD).data["number"]
    user, = database("SELECT s.user_name FROM complaint c JOIN staff s ON s.id = c.holder_id WHERE c.number = %s", (n,))[0]
    lme = as_user(user)
    lme.user = user
    one = who(hired, as_user, lme)
    refused = send(one, n, answer, action="assign", version=1)
    if answer == NOT_THERE:
        for tail in ("", "/timeline"):
            assert same_refusal(one.get(f"/complaints/{n}{tail}", expect=404), one.get(f"/complaints/{number('2611', 9999999)}{tail}", expect=404))
    else:
        assert ("assign" in offers(one, n)) == (answer == 422)
        assert "note" in offers(one, n), "whoever of the staff sees it may note"
        assert answer != 422 or refused.pointers("required") == ["/lme"]
        see(one, n)
    assert see(citizen, n)["version"] == 1


def test_the_controlling_officer_stands_in_where_there_is_no_gro(as_user, database, citizen):
    """PER has no LME, so its GRO has it; and while nobody is GRO the controlling officer."""
    n = citizen.lodge(subcategory="PER-01").data["number"]
    gro, co = as_user("gro.per"), as_user("co.per")
    assert "reject" in offers(gro, n) and "reject" not in offers(co, n)
    send(co, n, 403, action="reject", version=1, note="x")
    away = "UPDATE staff SET active = %s WHERE user_name = 'gro.per'"
    grow = "UPDATE directory_version SET version = version + 1"
    database(away, (False,))
    database(grow)
    try:
        from watch import wait_until
        wait_until(lambda: "reject" in offers(co, n), 10, "the directory")
        send(co, n, 200, action="reject", version=1, note="Not a matter of the corporation")
    finally:
        database(away, (True,))
        database(grow)


@pytest.mark.parametrize("action", ACTIONS)
def test_somebody_elses_complaint_takes_no_action(anyone, citizen, action):
    """Forged ownership: whatever is said, the answer is that of a number that does not exist."""
    n, unknown = citizen.lodge().data["number"], number("2611", 9999999)
    body = {"action": action, "version": 1, "note": "mine", "stars": 5, "lme": "lme.drn.b10", "subcategory": "LGT-02", "ward": 1,
            "parent": citizen.lodge().data["number"]}
    stranger = anyone.login()
    for fields in (body, {**body, "mobile": citizen.mobile}, {"action": action, "version": 1}):
        theirs, nothing = send(stranger, n, 404, **fields), send(stranger, unknown, 404, **fields)
        assert same_refusal(theirs, nothing)
    headers = {"X-Forwarded-User": citizen.mobile, "X-Ekmc-Citizen": citizen.mobile, "From": citizen.mobile}
    stranger.post(f"/complaints/{n}/actions", {"action": action, "version": 1, "note": "mine"}, headers=headers, expect=404)
    assert [e["action"] for e in timeline(citizen, n)] == ["lodge"]


@pytest.mark.parametrize("field, value", [("citizen_id", 1), ("citizen", "9830012345"), ("actor", "gro.drn"), ("actor_id", 1), ("by", "staff"),
                                          ("holder", "lme.drn.b10"), ("state", "RESOLVED"), ("level", 0), ("reopen_count", 0), ("parties", 511)])
def test_who_one_is_cannot_be_said_in_the_body(citizen, field, value):
    n = citizen.lodge().data["number"]
    assert send(citizen, n, 422, action="withdraw", version=1, **{field: value}).pointers("unknown_key") == [f"/{field}"]


@pytest.mark.parametrize("colleague", ["lme.lgt.b07", "gro.drn", "eo1.drn", "lme.of.nobody", "admin", "লোক"])
def test_a_colleague_of_another_department_cannot_be_named(stack, phone, database, as_user, citizen, colleague):
    n = citizen.lodge(subcategory="DRN-02").data["number"]
    lme = holder(stack, phone, database, n)
    assert send(lme, n, 422, action="request_reassign", version=1, note="x", lme=colleague).pointers("not_found") == ["/lme"]
    assert send(as_user("gro.drn"), n, 422, action="assign", version=1, lme=colleague).pointers("not_found") == ["/lme"]
    assert see(citizen, n)["version"] == 1


def test_notes_stand_in_nobody_s_way_and_are_not_who_moved_it(as_user, fresh_citizen):
    n = fresh_citizen.lodge(subcategory=QUIET).data["number"]
    gro, commissioner = as_user("gro.lgt"), as_user("commissioner")
    for who, version, fields in ((gro, 1, {"note": "Among ourselves", "internal": True}), (commissioner, 1, {"priority": True}),
                                 (fresh_citizen, 1, {"note": "Still dark \U0001f526\u200d\u202e" + "অ" * 900})):
        send(who, n, 200, action="note", version=version, **fields)
    assert send(gro, n, 422, action="note", version=1, note="\u200b\u202e ").pointers("required") == ["/note"]
    assert send(commissioner, n, 422, action="note", version=1).pointers("required") == ["/note"]
    assert see(gro, n)["version"] == 4 and see(gro, n)["priority"]
    send(gro, n, 200, action="escalate", version=1)
    send(gro, n, 200, action="note", version=5, note="Among ourselves", internal=True)
    refused = send(fresh_citizen, n, 409, action="note", version=4, note="Hello?")
    assert (refused.code, refused.data["last_action"], refused.data["version"]) == ("changed_meanwhile", "escalate", 6)
    assert send(fresh_citizen, n, 409, action="withdraw", version=6).data["last_action"] == "escalate"
    assert send(fresh_citizen, n, 409, action="withdraw", version=7).code == "changed_meanwhile"


def test_only_the_desk_acts_for_a_caller(stack, phone, database, as_user, fresh_citizen, anyone):
    """An LME could have tried mobiles until one was the complainant's."""
    n = fresh_citizen.lodge(subcategory=QUIET).data["number"]
    lme = holder(stack, phone, database, n)
    for mobile in (fresh_citizen.mobile, "9830099999"):
        for one, action in ((lme, "start"), (as_user("gro.lgt"), "escalate"), (fresh_citizen, "withdraw"), (as_user("commissioner"), "note")):
            assert send(one, n, 422, action=action, version=1, note="x", mobile=mobile).pointers("unknown_key") == ["/mobile"]
    desk = as_user("desk1")
    assert {a: o["needs"] for a, o in offers(desk, n).items()} == {"withdraw": ["mobile"], "note": ["note"]}, "what is said to be enough is"
    assert send(desk, n, 422, action="withdraw", version=1, mobile=anyone.login().mobile).pointers("mismatch") == ["/mobile"]
    send(desk, n, 403, action="withdraw", version=1)
    send(desk, n, 200, action="withdraw", version=1, mobile=fresh_citizen.mobile)


def test_what_duplicates_do_by_themselves_is_nobody_s_to_do(as_user, fresh_citizen, anyone):
    parent, other = (fresh_citizen.lodge(subcategory=QUIET).data["number"] for _ in range(2))
    child = anyone.login().lodge(subcategory=QUIET, me_too=parent).data["number"]
    gro = as_user("gro.lgt")
    for action, fields in (("merge", {"parent": other}), ("transfer", {"subcategory": "DRN-02"}), ("correct", {"subcategory": "LGT-03"})):
        refused = send(gro, child, 409, action=action, version=1, **fields)
        assert (refused.code, refused.data["why"], refused.data["state"]) == ("illegal_move", "state", "DUPLICATE")


def test_duplicates_follow_their_parent_to_another_department(as_user, fresh_citizen, anyone):
    """Re-opened they came to a department that had never done anything about it; and their parent could not be joined to another."""
    parent, neighbour = fresh_citizen.lodge(subcategory=QUIET).data["number"], anyone.login()
    child = neighbour.lodge(subcategory=QUIET, me_too=parent).data["number"]
    send(as_user("gro.lgt"), parent, 200, action="transfer", version=1, subcategory="DRN-02")
    send(as_user("gro.drn"), parent, 200, action="correct", version=2, subcategory="DRN-03")
    moved = see(neighbour, child)
    assert (moved["department"], moved["subcategory"], moved["state"], moved["parent"]["number"]) == ("DRN", "DRN-03", "DUPLICATE", parent)
    assert [e["action"] for e in timeline(neighbour, child)] == ["me_too", "transfer", "correct"]
    see(as_user("gro.lgt"), child, expect=404)
    grandparent = anyone.login().lodge(subcategory="DRN-03").data["number"]
    send(as_user("gro.drn"), parent, 200, action="merge", version=3, parent=grandparent)
    assert see(neighbour, child)["parent"]["number"] == grandparent
    send(as_user("gro.drn"), grandparent, 200, action="escalate", version=1)
    send(as_user("eo1.drn"), grandparent, 200, action="resolve", version=2, note="Done")
    send(neighbour, child, 200, action="reopen", version=see(neighbour, child)["version"], note="Not here")
    assert "resolve" in offers(as_user("eo1.drn"), child)


def test_hundreds_of_duplicates_hold_up_nobody(as_user, fresh_citizen, anyone):
    """After a burst main: all of them together were more than a request may hold, and nobody could move the complaint any more."""
    parent, neighbour = fresh_citizen.lodge(subcategory=QUIET).data["number"], anyone.login()
    children = [neighbour.lodge(subcategory=QUIET, me_too=parent, description="অ" * 4000).data["number"] for _ in range(300)]
    send(as_user("gro.lgt"), parent, 200, action="escalate", version=1)
    send(as_user("eo1.lgt"), parent, 200, action="transfer", version=2, subcategory="DRN-02")
    assert {c["subcategory"] for c in (see(neighbour, n) for n in (children[0], children[-1]))} == {"DRN-02"}


def test_nobody_escalates_above_the_highest_level_by_way_of_a_question(as_user, fresh_citizen):
    n = fresh_citizen.lodge(subcategory=QUIET).data["number"]
    gro = as_user("gro.lgt")
    send(gro, n, 200, action="escalate", version=1)
    send(as_user("eo1.lgt"), n, 200, action="escalate", version=2)
    send(as_user("eo2.lgt"), n, 200, action="ask_citizen", version=3, note="Which lamp?")
    assert "escalate" not in offers(gro, n)
    assert send(gro, n, 409, action="escalate", version=4).data["why"] == "highest_level"


# -- twice, and in time

def test_a_third_reopening_says_why_in_every_language(as_user, resolved):
    n, citizen = resolved
    for level in (1, 2):
        before = offers(citizen, n)
        assert before["reopen"]["until"] and before["reopen"]["needs"] == ["note"]
        assert act(citizen, n, "reopen", note="Still dark").data["level"] == level
        act(as_user(f"eo{level}.lgt"), n, "resolve", note="Done")
    assert "reopen" not in offers(citizen, n) and "rate" in offers(citizen, n)
    version, told = see(citizen, n)["version"], set()
    for language, word in (("en", "twice"), ("bn", "দু'বার"), ("hi", "दो बार")):
        refused = citizen.post(f"/complaints/{n}/actions", {"action": "reopen", "version": version, "note": "Still dark"}, key=fresh_key(),
                               headers={"Accept-Language": language}, expect=409)
        problem = refused.data
        assert (problem["code"], problem["why"], problem["action"], problem["state"]) == ("illegal_move", "reopened_twice", "reopen", "RESOLVED")
        assert word in problem["detail"]
        told.add(problem["detail"])
        last = timeline(citizen, n)[-1]
        assert (problem["since"], problem["last_at"], problem["last_action"], problem["by"]) == (last["at"], last["at"], "resolve", "staff")
        assert "by_name" not in problem, "a citizen reads no officer's name"
    assert len(told) == 3 and see(citizen, n)["version"] == version


LIES = [{"Date": "Mon, 01 Jan 2024 00:00:00 GMT"}, {"X-Ekmc-Timestamp": "1700000000"}, {"X-Timestamp": "1700000000", "X-Client-Time": "2024-01-01T00:00:00Z"},
        {"X-Request-Start": "t=1700000000"}, {"If-Unmodified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}, {"X-Real-Date": "2024-01-01", "Age": "999999999"}]
WINDOW_S, RATE_MORE_S = 10 * 86400, 30 * 86400


def ago(database, n, seconds):
    """The resolution was so long ago."""
    then = datetime.datetime.utcnow() - datetime.timedelta(seconds=seconds)
    database("UPDATE complaint SET resolved_at = %s WHERE number = %s", (then, n))


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: next(iter(lie)))
def test_a_second_after_the_window_no_clock_but_ours_counts(database, resolved, lie):
    n, citizen = resolved
    ago(database, n, WINDOW_S + 1)
    body = {"action": "reopen", "version": 2, "note": "Still dark"}
    refused = citizen.post(f"/complaints/{n}/actions", body, key=fresh_key(), headers=lie, expect=409)
    assert (refused.code, refused.data["why"], refused.data["state"]) == ("illegal_move", "window_ended", "RESOLVED")
    assert "reopen" not in offers(citizen, n)
    assert [e["action"] for e in timeline(citizen, n)] == ["lodge", "resolve"]


@pytest.mark.parametrize("field", ["at", "now", "date", "time", "timestamp", "now_ms", "resolved_at", "reopened_at", "created_at", "until"])
def test_the_body_has_no_place_for_a_time(database, resolved, field):
    n, citizen = resolved
    ago(database, n, WINDOW_S + 1)
    for value in ("2024-01-01T00:00:00Z", 1700000000000):
        refused = send(citizen, n, 422, action="reopen", version=2, note="Still dark", **{field: value})
        assert refused.pointers("unknown_key") == [f"/{field}"]
    assert see(citizen, n)["state"] == "RESOLVED"


def test_within_the_window_a_client_of_the_future_reopens(database, resolved):
    n, citizen = resolved
    ago(database, n, WINDOW_S - 60)
    body = {"action": "reopen", "version": 2, "note": "Still dark"}
    done = citizen.post(f"/complaints/{n}/actions", body, key=fresh_key(), headers={"Date": "Fri, 01 Jan 2038 00:00:00 GMT"}, expect=200)
    assert (done.data["state"], done.data["level"]) == ("ESCALATED", 1)


def test_rating_has_its_own_end(database, resolved):
    n, citizen = resolved
    database("UPDATE complaint SET state = 'CLOSED', closed_by_clock = TRUE WHERE number = %s", (n,))
    ago(database, n, WINDOW_S + RATE_MORE_S + 1)
    refused = send(citizen, n, 409, action="rate", version=2, stars=5)
    assert (refused.code, refused.data["why"]) == ("illegal_move", "rate_late")
    ago(database, n, WINDOW_S + RATE_MORE_S - 60)
    assert send(citizen, n, 200, action="rate", version=2, stars=5).data["state"] == "CLOSED"


# -- of two officers at once

def test_of_two_gros_one_assigns_and_the_other_hears_who_and_when(hired, citizen):
    names = ("First Officer", "Second Officer")
    gros = [hired("GRO", "DRN", name=name) for name in names]
    lmes = ("lme.drn.b09", "lme.drn.b10")
    for _ in range(8):
        n = citizen.lodge(subcategory="DRN-02").data["number"]
        meet, answers = threading.Barrier(2), [None, None]

        def assign(i, n=n, meet=meet, answers=answers):
            meet.wait()
            answers[i] = send(gros[i], n, (200, 409), action="assign", version=1, lme=lmes[i])

        threads = [threading.Thread(target=assign, args=(i,)) for i in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(a.status for a in answers) == [200, 409]
        won = 0 if answers[0].status == 200 else 1
        late, events = answers[1 - won].data, timeline(gros[0], n)
        assert [e["action"] for e in events] == ["lodge", "assign"]
        assert (late["code"], late["action"], late["state"], late["version"]) == ("changed_meanwhile", "assign", "ASSIGNED", 2)
        assert (late["by"], late["by_name"], late["last_action"], late["last_at"]) == ("staff", names[won], "assign", events[1]["at"])
        assert events[1]["by_name"] == names[won]
        assert see(gros[0], n)["holder"]["user"] == lmes[won]


# -- joined to another

def test_what_it_can_be_joined_to(as_user, citizen):
    gro = as_user("gro.lgt")
    n, other, done, drain = (citizen.lodge(subcategory=x).data["number"] for x in (QUIET, QUIET, QUIET, "DRN-02"))
    act(gro, done, "merge", parent=other)
    for parent in (number("2611", 9999999), drain):
        assert send(gro, n, 422, action="merge", version=1, parent=parent).pointers("not_found") == ["/parent"], "there is none that they see"
    for parent in (n, done):
        assert send(gro, n, 409, action="merge", version=1, parent=parent).data["why"] == "parent"
    citizen.withdraw(other)
    assert send(gro, n, 409, action="merge", version=1, parent=other).data["why"] == "parent"
    assert see(citizen, n)["version"] == 1


def test_duplicates_follow_their_parent_to_another(as_user, citizen):
    gro = as_user("gro.lgt")
    child, parent, last = (citizen.lodge(subcategory=QUIET).data["number"] for _ in range(3))
    act(gro, child, "merge", parent=parent)
    act(gro, parent, "merge", parent=last)
    for n in (child, parent):
        one = see(citizen, n)
        assert (one["state"], one["parent"]["number"]) == ("DUPLICATE", last)
    assert [e["action"] for e in timeline(citizen, child)] == ["lodge", "merge", "merge"]


# -- ratings

@pytest.mark.parametrize("stars", [0, 6, -1, "5", 4.5, 5.0, None, True, [5], {"stars": 5}, 2**53], ids=str)
def test_stars_are_a_whole_number_from_one_to_five(resolved, stars):
    n, citizen = resolved
    assert "/stars" in send(citizen, n, 422, action="rate", version=2, stars=stars).pointers()
    one = see(citizen, n)
    assert (one["state"], one["version"], one["rating"]) == ("RESOLVED", 2, None)


def test_a_rating_without_stars_names_them(resolved):
    n, citizen = resolved
    assert send(citizen, n, 422, action="rate", version=2, comment="Good").pointers("required") == ["/stars"]


def test_a_rated_complaint_is_reopened_and_each_rating_stays(as_user, database, resolved):
    n, citizen = resolved
    assert act(citizen, n, "rate", stars=2, reasons=["slow"], comment="দু'দিন পরে").data["state"] == "CLOSED"
    refused = act(citizen, n, "rate", stars=5, expect=409)
    assert refused.data["why"] == "rated"
    assert "reopen" in offers(citizen, n) and "rate" not in offers(citizen, n)
    again = act(citizen, n, "reopen", note="Dark again").data
    assert (again["state"], again["level"], again["resolved_at"]) == ("ESCALATED", 1, None)
    rating = see(citizen, n)["rating"]
    assert (rating["stars"], rating["reasons"], rating["comment"]) == (2, ["slow"], "দু'দিন পরে")
    assert [e["action"] for e in timeline(citizen, n)] == ["lodge", "resolve", "rate", "reopen"]
    act(as_user("eo1.lgt"), n, "resolve", note="A new cable")
    act(citizen, n, "rate", stars=5)
    assert see(citizen, n)["rating"]["stars"] == 5, "the page shows the last"
    records = "SELECT r.reopen_count, r.stars, s.user_name LIKE 'lme.%%' FROM rating r JOIN complaint c ON c.id = r.complaint_id" \
              " JOIN staff s ON s.id = r.holder_id WHERE c.number = %s ORDER BY 1"
    assert database(records, (n,)) == ((0, 2, 1), (1, 5, 0)), "reports count each, for whom it was about"


# -- photos

def test_without_the_photo_that_is_asked_for_nothing_is_resolved(stack, phone, database, as_user, citizen):
    n = citizen.lodge(subcategory="DRN-01", ward=93).data["number"]
    lme = holder(stack, phone, database, n)
    assert offers(lme, n)["resolve"]["needs"] == ["note", "attachments"]
    assert send(lme, n, 422, action="resolve", version=1, note="Cleaned").pointers("required") == ["/attachments"]
    assert send(lme, n, 422, action="resolve", version=1, note="Cleaned", attachments=[]).pointers("required") == ["/attachments"]
    paper = lme.upload(pictures.PDF).data["id"]
    assert send(lme, n, 422, action="resolve", version=1, note="Cleaned", attachments=[paper]).pointers("required") == ["/attachments"]
    theirs = citizen.upload(pictures.talkative_jpeg()).data["id"]
    assert send(lme, n, 422, action="resolve", version=1, note="Cleaned", attachments=[theirs]).pointers() == ["/attachments/0"]
    assert see(citizen, n)["version"] == 1
    photo = lme.upload(pictures.talkative_jpeg()).data["id"]
    assert send(lme, n, 200, action="resolve", version=1, note="Cleaned", attachments=[photo, paper]).data["state"] == "RESOLVED"
    assert {a["id"] for a in timeline(citizen, n)[-1]["attachments"]} == {photo, paper}
    act(citizen, n, "reopen", note="Full again")
    assert offers(as_user("eo1.drn"), n)["resolve"]["needs"] == ["note"], "of an escalation officer none is asked"


# -- reasons

REASON = "ক্ষতি র‍্যাম্পে: জ‌ল, ১২/৩ ৳"       # conjuncts, vowel signs, both joiners, digits, the taka sign; a message holds it whole


def test_a_bengali_reason_arrives_as_it_was_written(stack, phone, database, staff, fresh_citizen, citizen):
    assert unicodedata.is_normalized("NFC", REASON)
    life = Life(fresh_citizen, staff, "bn")
    life.told(("citizen", "registered"), (LME, "lme_assigned"))
    life.act(staff["lme"], "request_reassign", note=REASON)
    told = next(m for m in life.told(("citizen", "reassigned"), (GRO, "gro_reassign_request")) if m["template"] == "gro_reassign_request")
    assert REASON in told["text"]
    for reader in (fresh_citizen, staff["gro"]):
        answer = reader.get(f"/complaints/{life.number}/timeline", expect=200)
        assert answer.data["items"][-1]["note"] == REASON and REASON.encode() in answer.body
    stored, = database("SELECT CAST(e.note AS BINARY) FROM complaint_event e JOIN complaint c ON c.id = e.complaint_id WHERE c.number = %s"
                       " AND e.seq = 2", (life.number,))[0]
    assert stored == REASON.encode()
    life.act(staff["gro"], "reject", note=REASON)
    rejected, = life.told(("citizen", "rejected"))
    assert "/r#" + life.number in rejected["text"]


# -- whole lives, one for each way a complaint comes in

PHOTO_NEEDED = "DRN-01"


@pytest.mark.parametrize("channel, language", [("WEB", "bn"), ("APP", "hi")])
def test_a_whole_life_tells_exactly_whom_it_should(staff, fresh_citizen, database, channel, language):
    life = Life(fresh_citizen, staff, language, subcategory=PHOTO_NEEDED, channel=channel)
    citizen, lme, gro, eo1, eo2 = fresh_citizen, *(staff[r] for r in ("lme", "gro", "eo1", "eo2"))
    expected = []

    def step(action, *told):
        expected.extend((len(timeline(gro, life.number)), action, to if to == "citizen" else "staff", template) for to, template in told)
        life.told(*told)

    step("lodge", ("citizen", "registered"), (LME, "lme_assigned"))
    assert see(citizen, life.number)["channel"] == channel
    life.act(lme, "request_reassign", note=REASON, lme="lme.drn.b09")
    step("request_reassign", ("citizen", "reassigned"), (GRO, "gro_reassign_request"))
    assert see(gro, life.number)["proposed"]["user"] == "lme.drn.b09"
    life.act(gro, "refuse", note="Please begin")
    step("refuse", (LME, "lme_refused"))
    life.act(lme, "request_reassign", note="On leave", lme="lme.drn.b09")
    step("request_reassign", ("citizen", "reassigned"), (GRO, "gro_reassign_request"))
    life.act(gro, "assign", lme="lme.drn.b09")
    step("assign", ("citizen", "assigned"), (COLLEAGUE, "lme_assigned"))
    life.act(gro, "assign", lme="lme.drn.b10")
    step("assign", ("citizen", "assigned"), (LME, "lme_assigned"))
    life.act(lme, "start")
    life.act(gro, "note", note="Among ourselves", internal=True)
    life.act(lme, "ask_citizen", note="Which house?")
    step("ask_citizen", ("citizen", "question"))
    life.act(citizen, "reply", note="Number 12")
    step("reply", (LME, "holder_reply"))
    life.act(lme, "resolve", note="Cleaned", attachments=[lme.upload(pictures.talkative_jpeg()).data["id"]])
    step("resolve", ("citizen", "resolved"))
    life.act(citizen, "reopen", note="Full again")
    step("reopen", ("citizen", "reopened"), (EO1, "eo_reopened"))
    life.act(eo1, "resolve", note="Cleaned again")
    step("resolve", ("citizen", "resolved"))
    life.act(citizen, "reopen", note="And again")
    step("reopen", ("citizen", "reopened"), (EO2, "eo_reopened"))
    life.act(eo2, "direct", lme="lme.drn.b10", note="Take the jet")
    step("direct", ("citizen", "directed"), (LME, "lme_directed"))
    life.act(gro, "escalate")
    step("escalate", ("citizen", "escalated"), (EO2, "eo_escalated"))
    life.act(eo2, "resolve", note="Relined")
    step("resolve", ("citizen", "resolved_last"))
    assert life.act(citizen, "reopen", note="Once more", expect=409).data["why"] == "reopened_twice"
    life.act(citizen, "rate", stars=4)
    step("rate", (EO2, "holder_rated"))

    one = see(citizen, life.number)
    assert (one["state"], one["level"], one["reopen_count"], one["rating"]["stars"]) == ("CLOSED", 2, 2, 4)
    # the outbox itself: what was never sent, or twice, does not show on the phones
    rows = database("SELECT o.event_seq, e.action, o.recipient, o.template FROM outbox o JOIN complaint c ON c.id = o.complaint_id"
                    " JOIN complaint_event e ON e.complaint_id = c.id AND e.seq = o.event_seq WHERE c.number = %s", (life.number,))
    assert sorted(rows) == sorted(expected)
