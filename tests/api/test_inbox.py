"""Inboxes, the register, searches and bulk actions: who sees what, in which order, how often, and nobody anything else."""
import concurrent.futures
import datetime
import hashlib
import itertools
import json
import time

import pymysql
import pytest

from client import Client, fresh_key, fresh_mobile
from numbers_ekmc import BENGALI, DEVANAGARI, mistyped, number
from offices import CLOSED, HOUR, OPEN, PEOPLE, TABS, Offices
from people import officer


@pytest.fixture(scope="module")
def offices(stack, phone):
    """The tests' own departments with their people, logged in: offices.who[user]."""
    made = Offices(stack.db())

    def database(sql, args):
        return made.run((sql, args))
    made.found()
    made.fill()
    made.who = {user: officer(stack, phone, database, user) for user in PEOPLE}
    wait_for_directory(made)
    yield made
    made.leave()


def wait_for_directory(offices):
    """Until the workers know the roster of now: they look every two seconds. The controlling officer's own inbox tells it."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if all(numbers(offices.who[u], "mine") == expected(offices, u, "mine") for u in ("co.tix", "co.tiy")):
            return
        time.sleep(0.2)
    raise AssertionError({u: (numbers(offices.who[u], "mine") ^ expected(offices, u, "mine")) for u in ("co.tix", "co.tiy")})


def now():
    return datetime.datetime.utcnow()


def pages(who, path="/inbox", limit=7, **params):
    """Every page to the end."""
    cursor = None
    while True:
        page = who.get(path, params={"limit": limit, **params, **({"cursor": cursor} if cursor else {})}, expect=200).data
        yield page
        assert path != "/inbox" or len(page["items"]) == limit or page["next"] is None, "a page before the last is full"
        cursor = page["next"]
        if cursor is None:
            return


def items(who, path="/inbox", **params):
    return [item for page in pages(who, path, **params) for item in page["items"]]


def numbers(who, tab=None, **params):
    found = [i["number"] for i in items(who, **({"tab": tab} if tab else {}), **params)]
    assert len(found) == len(set(found)), "one stands there twice"
    return set(found)


def expected(offices, user, tab):
    return {r.number for r in offices.rows if offices.in_tab(user, tab, r, now())}


# ---- who sees what

@pytest.mark.parametrize("user", [u for u in PEOPLE if u not in ("desk.tix", "mayor.tix")])
def test_every_tab_holds_what_the_rules_say(offices, user):
    who = offices.who[user]
    for tab in offices.tabs(user):
        assert numbers(who, tab) == expected(offices, user, tab), tab


def test_the_mayors_office_has_all_departments(offices):
    who = offices.who["mayor.tix"]
    for tab, department in itertools.product(offices.tabs("mayor.tix"), ("TIX", "TIY")):
        there = {r.number for r in offices.rows if r.department == department}
        assert numbers(who, tab, department=department) == expected(offices, "mayor.tix", tab) & there
    assert len({i["department"] for i in items(who, tab="department", limit=100)}) > 5
    assert "mine" not in who.get("/inbox", expect=200).data["counts"]


@pytest.mark.parametrize("user", [u for u in PEOPLE if u != "desk.tix"])
def test_counts_are_the_lists_to_their_end(offices, user):
    who = offices.who[user]
    counts = who.get("/inbox", params={"limit": 1}, expect=200).data["counts"]
    assert list(counts) == [tab for tab in TABS if tab in offices.tabs(user)]
    for tab, count in counts.items():
        assert sum(len(p["items"]) for p in pages(who, tab=tab, limit=50)) == count, tab


def test_counts_do_not_follow_filters(offices):
    who = offices.who["gro.tix"]
    plain = who.get("/inbox", expect=200).data["counts"]
    assert who.get("/inbox", params={"ward": 1, "tab": "overdue", "state": "ASSIGNED"}, expect=200).data["counts"] == plain


def test_a_tab_that_one_has_not_is_forbidden(offices):
    for user in PEOPLE:
        for tab in TABS:
            if user == "desk.tix" or tab not in offices.tabs(user):
                offices.who[user].get("/inbox", params={"tab": tab}, expect=403)


def test_without_a_tab_one_gets_what_is_to_be_done(offices):
    assert offices.who["lme1.tix"].get("/inbox", expect=200).data["tab"] == "mine"
    assert offices.who["mayor.tix"].get("/inbox", expect=200).data["tab"] == "department"


def test_citizens_desk_and_strangers_have_no_inbox(anyone, citizen, offices):
    citizen.get("/inbox", expect=403)
    anyone.get("/inbox", expect=401)
    offices.who["desk.tix"].get("/inbox", expect=403)


def test_who_stands_in_for_a_level_without_an_officer_changes_with_the_roster(offices):
    before = expected(offices, "co.tix", "mine")
    offices.send_away("eo1.tix", "gro.tix")
    try:
        wait_for_directory(offices)
        assert numbers(offices.who["co.tix"], "mine") == expected(offices, "co.tix", "mine") > before
        assert offices.who["co.tix"].get("/inbox", expect=200).data["counts"]["mine"] == len(expected(offices, "co.tix", "mine"))
    finally:
        offices.call_back()
    wait_for_directory(offices)
    assert numbers(offices.who["co.tix"], "mine") == before


def test_what_is_mine_is_mine_to_act_on(offices):
    """The moves that only a HOLDER has are offered for exactly these."""
    for user in ("lme1.tix", "gro.b12.tix", "eo1.tix", "co.tix", "co.tiy"):
        who = offices.who[user]
        for item in items(who, tab="mine"):
            offered = {o["action"] for o in who.get(f"/complaints/{item['number']}", expect=200).data["allowed_actions"]}
            assert offered & {"ask_citizen", "start", "resolve", "reject", "resume"}, (user, item["number"], offered)


# ---- order, items, pages

def test_flagged_ones_come_first_then_what_is_due_first(offices):
    found = items(offices.who["gro.tix"], tab="department")
    keys = [(not i["priority"], i["due_at"]) for i in found]
    assert keys == sorted(keys) and {k[0] for k in keys} == {True, False}
    assert items(offices.who["gro.tix"], tab="department", sort="due") == found


def test_an_item_says_what_an_inbox_shows(offices):
    rows = {r.number: r for r in offices.rows}
    for item in items(offices.who["gro.tix"], tab="department", limit=100):
        row = rows[item["number"]]
        assert (item["state"], item["level"], item["channel"], item["priority"], item["reopen_count"], item["parent"]) == \
            (row.state, row.level, row.channel, row.priority, 0, None)
        assert item["holder"] == (row.holder and {"user": row.holder, "name": f"Name of {row.holder}"})
        assert item["overdue"] is row.late(now())
        assert "description" not in item and "complainant" not in item


def test_names_are_in_the_callers_language(offices):
    got = offices.who["lme1.tix"].get("/inbox", headers={"Accept-Language": "bn"}, expect=200).data["items"]
    assert got[0]["holder"]["name"] == "lme1.tix-এর নাম"


def test_a_duplicate_names_its_parent(offices):
    parent, child = offices.add("IN_PROGRESS", "TIY", holder="lme.tiy"), offices.add("DUPLICATE", "TIY")
    offices.run(("UPDATE complaint SET parent_id = %s WHERE id = %s", (parent.id, child.id)))
    found, = items(offices.who["co.tiy"], "/complaints", state="DUPLICATE")
    assert found["parent"] == {"number": parent.number, "state": "IN_PROGRESS"} and found["holder"] is None


def test_what_does_not_change_is_neither_repeated_nor_left_out(offices):
    who = offices.who["co.tiy"]
    every = [i["number"] for i in items(who, tab="department")]
    first = who.get("/inbox", params={"tab": "department", "limit": 5}, expect=200).data
    gone, seen = every[9], [i["number"] for i in first["items"]]
    # one of the page is flagged and another closed, one that is to come is closed, and a new one is due before all
    offices.run(("UPDATE complaint SET priority = TRUE WHERE number = %s", (seen[4],)),
                ("UPDATE complaint SET state = 'CLOSED', holder_id = NULL WHERE number IN (%s, %s)", (seen[3], gone)))
    fresh = offices.add("UNASSIGNED", "TIY", due_h=-900)
    rest, cursor = [], first["next"]
    while cursor:
        page = who.get("/inbox", params={"tab": "department", "limit": 5, "cursor": cursor}, expect=200).data
        rest += [i["number"] for i in page["items"]]
        cursor = page["next"]
    assert rest == [n for n in every[5:] if n != gone]
    assert numbers(who, "department") == (set(every) - {gone, seen[3]}) | {fresh.number}
    offices.run(*[("UPDATE complaint SET state = %s, priority = %s, holder_id = (SELECT id FROM staff WHERE user_name = %s) WHERE id = %s",
                   (r.state, r.priority, r.holder, r.id)) for r in offices.rows if r.number in (gone, *seen)])


def test_a_cursor_is_good_for_its_list_and_its_owner_alone(offices):
    who = offices.who["gro.tix"]
    params = {"tab": "department", "limit": 2, "ward": 1}
    cursor = who.get("/inbox", params=params, expect=200).data["next"]
    who.get("/inbox", params={**params, "cursor": cursor}, expect=200)
    who.get("/inbox", params={**params, "limit": 9, "cursor": cursor}, expect=200)
    for other in ({"ward": 2}, {"tab": "overdue"}, {"state": "ASSIGNED"}, {"overdue": "true"}, {"min_days": 1}, {"text": "26"}, {"level": 0},
                  {"holder": "lme1.tix"}, {"channel": "WEB"}, {"lodged_after": "2026-01-01T00:00:00Z"}, {"category": "TIX-A"}, {"borough": 1}):
        assert who.get("/inbox", params={**params, **other, "cursor": cursor}, expect=422).pointers() == ["/cursor"], other
    assert offices.who["co.tix"].get("/inbox", params={**params, "cursor": cursor}, expect=422).pointers() == ["/cursor"]
    assert who.get("/complaints", params={"limit": 2, "ward": 1, "cursor": cursor}, expect=422).pointers() == ["/cursor"]
    middle = len(cursor) // 2
    for forged in (cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1:], cursor[:-2], cursor + "AA", "next", "ক"):
        assert who.get("/inbox", params={**params, "cursor": forged}, expect=422).pointers() == ["/cursor"]


# ---- filters

def iso(at):
    return at.isoformat(timespec="milliseconds") + "Z"


def filters(offices):
    """(params, what they let through)"""
    old, one = now() - 120 * HOUR, offices.rows[5]
    return [
        ({"state": "ASSIGNED"}, lambda r: r.state == "ASSIGNED"),
        ({"state": "ASSIGNED,ESCALATED, IN_PROGRESS"}, lambda r: r.state in ("ASSIGNED", "ESCALATED", "IN_PROGRESS")),
        ({"category": "TIX-A"}, lambda r: True),
        ({"category": "TIY-A"}, lambda r: False),
        ({"subcategory": "TIX-02"}, lambda r: r.subcategory == "TIX-02"),
        ({"subcategory": "nothing"}, lambda r: False),
        ({"subcategory": "ক"}, lambda r: False),
        ({"department": "TIX"}, lambda r: True),
        ({"department": "TIY"}, lambda r: False),
        ({"ward": 29}, lambda r: r.ward == 29),
        ({"ward": 29, "subcategory": "TIX-01"}, lambda r: r.ward == 29 and r.subcategory == "TIX-01"),
        ({"borough": 2}, lambda r: r.borough == 2),
        ({"level": 0}, lambda r: r.level == 0),
        ({"level": 2}, lambda r: r.level == 2),
        ({"channel": "APP"}, lambda r: r.channel == "APP"),
        ({"holder": "lme2.tix"}, lambda r: r.holder == "lme2.tix"),
        ({"holder": "LME2.TIX"}, lambda r: r.holder == "lme2.tix"),
        ({"holder": "nobody"}, lambda r: False),
        ({"overdue": "true"}, lambda r: r.late(now())),
        ({"overdue": "false"}, lambda r: not r.late(now())),
        ({"overdue": "true", "state": "AWAITING_CITIZEN"}, lambda r: r.late(now()) and r.state == "AWAITING_CITIZEN"),
        ({"min_days": 5}, lambda r: r.lodged <= old),
        ({"max_days": 4}, lambda r: r.lodged > old),
        ({"min_days": 5, "max_days": 9}, lambda r: old >= r.lodged > old - 120 * HOUR),
        ({"lodged_after": iso(old)}, lambda r: r.lodged >= old),
        ({"lodged_before": iso(old)}, lambda r: r.lodged < old),
        ({"lodged_after": iso(old), "lodged_before": iso(old)}, lambda r: False),
        ({"text": one.number}, lambda r: r is one),
        ({"text": f"{one.number[:4]} {one.number[4:8]}-{one.number[8:]}".translate(BENGALI)}, lambda r: r is one),
        ({"text": one.number[:11].translate(DEVANAGARI)}, lambda r: r.number[:11] == one.number[:11]),
        ({"text": one.number[:9]}, lambda r: r.number.startswith(one.number[:9])),
        ({"text": one.number[:6]}, lambda r: r.number.startswith(one.number[:6])),
        ({"text": "2"}, lambda r: True),
        ({"text": "24"}, lambda r: False),
        ({"text": "2699"}, lambda r: False),
        ({"borough": 1, "state": "ESCALATED", "level": 1, "channel": "WEB"},
         lambda r: r.borough == 1 and r.state == "ESCALATED" and r.level == 1 and r.channel == "WEB"),
    ]


def test_every_filter_of_an_inbox(offices):
    who = offices.who["gro.tix"]
    for tab in ("department", "escalated", "overdue"):
        for params, lets in filters(offices):
            want = {r.number for r in offices.rows if offices.in_tab("gro.tix", tab, r, now()) and lets(r)}
            assert numbers(who, tab, **params) == want, (tab, params)
    assert numbers(who, "department", state=",".join(CLOSED)) == set()


def test_every_filter_of_the_register(offices):
    who = offices.who["gro.tix"]
    for params, lets in filters(offices):
        found = [i["number"] for i in items(who, "/complaints", **params)]
        assert len(found) == len(set(found)) and set(found) == {r.number for r in offices.rows if r.department == "TIX" and lets(r)}, params


def test_every_filter_of_a_search(offices):
    who = offices.who["gro.tix"]
    for params, lets in filters(offices):
        body = {k: (v == "true" if k == "overdue" else [s.strip() for s in v.split(",")] if k == "state" else v) for k, v in params.items()}
        got = who.post("/complaints/search", {**body, "limit": 100}, expect=200).data
        assert {i["number"] for i in got["items"]} == {r.number for r in offices.rows if r.department == "TIX" and lets(r)}, params


@pytest.mark.parametrize("params, pointer", [
    ({"tab": "all"}, "/tab"), ({"sort": "age"}, "/sort"), ({"state": "ASSIGNED,open"}, "/state"), ({"state": ","}, "/state"), ({"ward": 0}, "/ward"),
    ({"ward": 145}, "/ward"), ({"borough": 17}, "/borough"), ({"level": 3}, "/level"), ({"channel": "web"}, "/channel"),
    ({"overdue": "yes"}, "/overdue"), ({"min_days": -1}, "/min_days"), ({"max_days": "x"}, "/max_days"), ({"lodged_after": "yesterday"}, "/lodged_after"),
    ({"lodged_before": "2026-11-01T00:00:00"}, "/lodged_before"), ({"text": "drain"}, "/text"), ({"text": mistyped(number("2611", 77))}, "/text"),
    ({"limit": 0}, "/limit"), ({"limit": 101}, "/limit"), ({"mobile": "9830012345"}, "/mobile"), ({"cursor": "x" * 101}, "/cursor")], ids=str)
def test_a_filter_that_is_none_is_named(offices, params, pointer):
    assert offices.who["gro.tix"].get("/inbox", params=params, expect=422).pointers() == [pointer]


# ---- the register and searches

@pytest.mark.parametrize("user", list(PEOPLE))
def test_the_register_holds_what_one_may_see_newest_first(offices, user):
    narrowed = {"department": "TIX"} if user in ("desk.tix", "desklme.tix", "mayor.tix") else {}
    found = items(offices.who[user], "/complaints", **narrowed)
    assert [i["lodged_at"] for i in found] == sorted((i["lodged_at"] for i in found), reverse=True)
    ours = {r.number for r in offices.rows if offices.seen(user, r) and (not narrowed or r.department == "TIX")}
    assert {i["number"] for i in found} == ours


def test_what_a_list_shows_can_be_opened(offices):
    for user in ("lme1.tix", "gro.b12.tix", "both.tix"):
        for item in items(offices.who[user], "/complaints", limit=50):
            offices.who[user].get(f"/complaints/{item['number']}", expect=200)
        hidden = next(r for r in offices.rows if not offices.seen(user, r))
        offices.who[user].get(f"/complaints/{hidden.number}", expect=404)


def test_a_citizens_list_is_as_it_was(citizen):
    page = citizen.get("/complaints", params={"state": "ASSIGNED", "limit": 1}, expect=200).data
    assert set(page) == {"items", "next"} and all("holder" not in i for i in page["items"])
    for params in ({"state": "ASSIGNED,CLOSED"}, {"borough": 1}, {"overdue": "true"}, {"text": "26"}):
        citizen.get("/complaints", params=params, expect=422)


def test_a_mobile_finds_its_citizens_complaints_within_the_scope(anyone, offices):
    mobile = fresh_mobile()
    citizen = anyone.login(mobile)
    lodged = {citizen.lodge().data["number"] for _ in range(3)}
    who, = offices.run(("SELECT citizen_id FROM complaint WHERE number = %s", (min(lodged),)))
    ours = [offices.add(state, "TIX", 10, holder="lme1.tix" if state == "ASSIGNED" else None, citizen=who[0]) for state in ("ASSIGNED", "CLOSED")]
    written = f"+91 {mobile[:5]}-{mobile[5:]}".translate(BENGALI)

    def search(user, **more):
        return offices.who[user].post("/complaints/search", {"mobile": written, **more}, expect=200).data["items"]
    assert {i["number"] for i in search("desk.tix")} == lodged | {r.number for r in ours}
    assert {i["number"] for i in search("gro.b12.tix")} == {r.number for r in ours}
    assert {i["number"] for i in search("lme1.tix")} == {ours[0].number}
    assert search("co.tiy") == []
    assert [i["number"] for i in search("gro.tix", state=["CLOSED"])] == [ours[1].number]
    assert search("gro.tix", text="2101") == []
    # a box for both: what cannot be a number is a mobile
    for text in (mobile, written, "0" + mobile):
        found = offices.who["gro.b12.tix"].post("/complaints/search", {"text": text}, expect=200).data["items"]
        assert {i["number"] for i in found} == {r.number for r in ours}
    first = offices.who["desk.tix"].post("/complaints/search", {"mobile": mobile, "limit": 4}, expect=200).data
    second = offices.who["desk.tix"].post("/complaints/search", {"mobile": mobile, "limit": 4, "cursor": first["next"]}, expect=200).data
    assert len(first["items"]) == 4 and len(second["items"]) == 1 and second["next"] is None
    # another mobile's list
    offices.who["desk.tix"].post("/complaints/search", {"mobile": fresh_mobile(), "limit": 4, "cursor": first["next"]}, expect=422)
    assert offices.who["desk.tix"].post("/complaints/search", {"mobile": fresh_mobile()}, expect=200).data == {"items": [], "next": None}


@pytest.mark.parametrize("body, pointer", [({"mobile": "12345"}, "/mobile"), ({"mobile": 9830012345}, "/mobile"), ({"text": "x"}, "/text"),
    ({"state": "ASSIGNED"}, "/state"), ({"state": ["ASSIGNED", "OPEN"]}, "/state/1"), ({"limit": 101}, "/limit"), ({"name": "Sen"}, "/name"),
    ({"tab": "mine"}, "/tab")], ids=str)
def test_a_search_that_is_none_is_named(offices, body, pointer):
    assert offices.who["gro.tix"].post("/complaints/search", body, expect=422).pointers() == [pointer]


def test_searching_is_for_employees(anyone, citizen):
    citizen.post("/complaints/search", {"text": "26"}, expect=403)
    anyone.post("/complaints/search", {"text": "26"}, expect=401)


# ---- bulk actions

def bulk(who, action, rows, expect=200, key=None, **fields):
    body = {"action": action, "items": [{"number": n, "version": v} for n, v in rows], **fields}
    return who.post("/inbox/actions", body, expect=expect, key=key or fresh_key())


def told(results):
    return [(r["number"], r["status"], r["problem"]["code"] if "problem" in r else r["complaint"]["state"]) for r in results]


def test_one_bad_row_does_not_hold_up_the_others(offices):
    good, again, stale = (offices.add("UNASSIGNED") for _ in range(3))
    illegal = offices.add("CLOSED")
    forbidden = offices.add("ASSIGNED", "TIX", 29, holder="both.tix")
    hidden, nowhere = offices.add("UNASSIGNED", "TIY"), number("2611", 9999998)
    who = offices.who["gro.tix"]
    rows = [(good.number, 1), (stale.number, 7), (illegal.number, 1), (hidden.number, 1), (nowhere, 1), (again.number.translate(BENGALI), 1)]
    key = fresh_key()
    first = bulk(who, "assign", rows, key=key, lme="lme1.tix", note="সবই এক গলিতে")
    results = first.data["results"]
    assert told(results) == [(good.number, 200, "ASSIGNED"), (stale.number, 409, "changed_meanwhile"), (illegal.number, 409, "illegal_move"),
                             (hidden.number, 404, "not_found"), (nowhere, 404, "not_found"), (again.number, 200, "ASSIGNED")]
    problems = {r["number"]: r["problem"] for r in results if "problem" in r}
    assert problems[stale.number]["version"] == 1 and problems[stale.number]["state"] == "UNASSIGNED"
    assert problems[illegal.number]["action"] == "assign" and problems[illegal.number]["why"] == "state"
    assert problems[hidden.number] == problems[nowhere]
    assert (results[0]["complaint"]["version"], results[0]["complaint"]["number"]) == (2, good.number)
    assert bulk(who, "assign", rows, key=key, lme="lme1.tix", note="সবই এক গলিতে").body == first.body
    assert told(bulk(offices.who["both.tix"], "assign", [(forbidden.number, 1)], lme="lme1.tix").data["results"]) == [(forbidden.number, 403, "forbidden")]
    events = who.get(f"/complaints/{good.number}/timeline", expect=200).data["items"]
    assert [e["action"] for e in events] == ["lodge", "assign"] and events[1]["note"] == "সবই এক গলিতে"


def test_who_is_logged_out_in_the_middle_moves_no_more(stack, offices):
    who, rows = offices.who["lme1.tix"], [offices.add("ASSIGNED", holder="lme1.tix") for _ in range(2)]
    session = hashlib.sha256(who.token.encode()).digest()
    with pymysql.connect(**stack.db()) as lock, lock.cursor() as k, concurrent.futures.ThreadPoolExecutor(1) as pool:
        lock.begin()
        k.execute("SELECT id FROM complaint WHERE id = %s FOR UPDATE", (rows[0].id,))
        answer = pool.submit(bulk, who, "start", [(r.number, 1) for r in rows])
        time.sleep(0.7)
        offices.run(("UPDATE session SET revoked_at = UTC_TIMESTAMP(3) WHERE token_hash = %s", (session,)))
        lock.rollback()
        got = told(answer.result().data["results"])
    offices.run(("UPDATE session SET revoked_at = NULL WHERE token_hash = %s", (session,)))
    assert got == [(rows[0].number, 200, "IN_PROGRESS"), (rows[1].number, 401, "unauthenticated")]


def test_a_repetition_finds_what_was_done(offices):
    rows = [offices.add("ASSIGNED", holder="lme1.tix") for _ in range(3)]
    who, key = offices.who["lme1.tix"], fresh_key()
    asked = [(r.number, 1) for r in rows]
    first = bulk(who, "start", asked, key=key).data
    assert [r["status"] for r in first["results"]] == [200] * 3
    # meanwhile one went on, and another was taken away: neither is done twice, both are told as the first time
    who.post(f"/complaints/{rows[0].number}/actions", {"action": "resolve", "version": 2, "note": "done"}, expect=200, key=fresh_key())
    offices.run(("UPDATE complaint SET holder_id = NULL WHERE id = %s", (rows[1].id,)))
    assert bulk(who, "start", asked, key=key).data == first
    assert bulk(who, "start", asked[:1], key=key, expect=422).code == "key_reused"
    # what could not be kept of it is found row by row
    offices.run(("DELETE FROM idempotency WHERE answer LIKE '{\"results\":%'", None))
    assert bulk(who, "start", asked, key=key).data == first
    # a row's key is its own: it is no other request's
    assert told(bulk(who, "start", asked).data["results"])[0][1:] == (409, "changed_meanwhile")


def test_what_goes_to_another_department_is_told_again_too(offices):
    row = offices.add("UNASSIGNED", "TIX", 63)
    who, key = offices.who["gro.tix"], fresh_key()
    first = bulk(who, "transfer", [(row.number, 1)], key=key, subcategory="PRK-01").data
    assert first["results"][0]["complaint"]["department"] == "PRK"
    who.get(f"/complaints/{row.number}", expect=404)
    assert bulk(who, "transfer", [(row.number, 1)], key=key, subcategory="PRK-01").data == first
    assert told(bulk(who, "transfer", [(row.number, 2)], subcategory="PRK-01").data["results"]) == [(row.number, 404, "not_found")]


def test_what_a_move_lacks_is_each_rows_problem(offices):
    one, other = offices.add("REASSIGN_REQUESTED", holder="lme1.tix"), offices.add("ASSIGNED", holder="lme1.tix")
    results = bulk(offices.who["gro.tix"], "refuse", [(one.number, 1), (other.number, 1)]).data["results"]
    assert told(results) == [(one.number, 422, "invalid"), (other.number, 409, "illegal_move")]
    assert [(e["pointer"], e["code"]) for e in results[0]["problem"]["errors"]] == [("/note", "required")]
    lost = bulk(offices.who["gro.tix"], "assign", [(one.number, 1)], lme="lme.tiy").data["results"]
    assert [e["pointer"] for e in lost[0]["problem"]["errors"]] == ["/lme"]


def test_two_at_once_on_the_same_rows_share_them(offices):
    from watch import together
    rows = [(offices.add("UNASSIGNED").number, 1) for _ in range(10)]
    clients = [offices.who["gro.tix"].twin() for _ in range(2)]
    orders = [rows, rows[::-1]]
    answers = together(2, lambda i: bulk(clients[i], "assign", orders[i], lme="lme1.tix").data["results"])
    won = [[r["number"] for r in a if r["status"] == 200] for a in answers]
    assert sorted(won[0] + won[1]) == sorted(n for n, _ in rows)
    assert {r["status"] for a in answers for r in a} <= {200, 409}


def test_a_hundred_rows_and_no_more(offices):
    rows = [(offices.add("UNASSIGNED").number, 1) for _ in range(100)]
    done = bulk(offices.who["gro.tix"], "assign", rows, lme="lme2.tix")
    assert [r["status"] for r in done.data["results"]] == [200] * 100 and done.seconds < 5
    assert bulk(offices.who["gro.tix"], "note", rows + [(number("2611", 5), 1)], expect=422, note="x").pointers() == ["/items"]


@pytest.mark.parametrize("body, pointer", [
    ({"action": "start"}, "/items"), ({"action": "start", "items": []}, "/items"), ({"items": [{"number": number("2611", 5), "version": 1}]}, "/action"),
    ({"action": "start", "items": [{"number": number("2611", 5)}]}, "/items/0/version"), ({"action": "start", "items": [7]}, "/items/0"),
    ({"action": "start", "items": [{"number": "12", "version": 1}]}, "/items/0/number"),
    ({"action": "start", "items": [{"number": mistyped(number("2611", 5)), "version": 1}]}, "/items/0/number"),
    ({"action": "start", "items": [{"number": number("2611", 5), "version": 1}] * 2}, "/items/1/number"),
    ({"action": "start", "version": 1, "items": [{"number": number("2611", 5), "version": 1}]}, "/version"),
    ({"action": "fly", "items": [{"number": number("2611", 5), "version": 1}]}, "/action"),
    ({"action": "transfer", "subcategory": "ZZZ-01", "items": [{"number": number("2611", 5), "version": 1}]}, "/subcategory")], ids=lambda v: str(v)[:60])
def test_a_bulk_action_that_is_none_is_named(offices, body, pointer):
    assert offices.who["gro.tix"].post("/inbox/actions", body, expect=422).pointers() == [pointer]


def test_bulk_actions_are_for_employees(anyone, citizen):
    body = {"action": "note", "note": "x", "items": [{"number": number("2611", 5), "version": 1}]}
    citizen.post("/inbox/actions", body, expect=403)
    anyone.post("/inbox/actions", body, expect=401)


# ---- colleagues

def test_colleagues_stand_nearest_first_then_who_has_fewest(offices):
    offices.run(("UPDATE complaint SET holder_id = NULL, state = 'CLOSED' WHERE holder_id = (SELECT id FROM staff WHERE user_name = 'both.tix')", ()))
    for r in offices.rows:
        if r.holder == "both.tix":
            r.holder, r.state = None, "CLOSED"
    got = offices.who["gro.tix"].get("/employees", params={"ward": 29}, expect=200).data
    assert got["department"] == "TIX"
    assert [(e["user"], e["fit"]) for e in got["items"]][0] == ("lme2.tix", "borough")
    rest = [(e["fit"], e["open"], e["user"]) for e in got["items"][1:]]
    assert rest == sorted(rest) and rest[0] == ("department", 0, "both.tix") and {e[2] for e in rest} == {"lme1.tix", "desklme.tix", "both.tix"}
    (count,), = offices.run(("SELECT COUNT(*) FROM complaint c JOIN staff s ON s.id = c.holder_id WHERE s.user_name = 'lme2.tix'", ()))
    assert got["items"][0]["open"] == count
    assert got["items"][0]["duties"] == [{"level": None, "category": None, "subcategory": None, "borough": 3, "ward": None}]
    elsewhere = offices.who["gro.tix"].get("/employees", params={"ward": 1, "department": "TIX"}, expect=200).data["items"]
    assert elsewhere[-1]["user"] == "lme2.tix" and elsewhere[-1]["fit"] == "other"
    assert "mobile" not in json.dumps(got)


def test_colleagues_on_duty_for_a_subcategory_in_a_ward_come_first(stack, phone, database):
    got = officer(stack, phone, database, "gro.drn").get("/employees", params={"ward": 46, "subcategory": "DRN-01"}, expect=200).data["items"]
    assert (got[0]["user"], got[0]["fit"]) == ("lme.drn.w046.01", "ward")
    assert {e["user"] for e in got if e["fit"] == "borough"} == {"lme.drn.b06", "lme.drn.b06.2"}
    other = officer(stack, phone, database, "gro.drn").get("/employees", params={"ward": 46, "subcategory": "DRN-02", "limit": 100}, expect=200).data["items"]
    assert next(e["fit"] for e in other if e["user"] == "lme.drn.w046.01") == "other"


def test_colleagues_by_role_and_text(offices):
    def users(user, **params):
        return [e["user"] for e in offices.who[user].get("/employees", params=params, expect=200).data["items"]]
    assert users("lme1.tix", role="gro") == ["gro.b12.tix", "gro.tix"]
    assert users("co.tiy", role="eo") == ["eo2.tiy"]
    assert users("co.tiy", role="controlling") == ["co.tiy"]
    assert users("co.tix", text="NAME OF LME2") == ["lme2.tix"]
    assert users("co.tix", text="lme1.tix-এর") == ["lme1.tix"]
    assert users("co.tix", text="%") == [] and users("co.tix", text="_") == []
    assert users("co.tix", limit=1) == users("co.tix")[:1]
    assert users("both.tix", department="TIY") == ["lme.tiy"]
    offices.send_away("lme2.tix")
    assert "lme2.tix" not in users("co.tix")
    offices.call_back()
    wait_for_directory(offices)


def test_colleagues_are_ones_own_departments(anyone, citizen, offices):
    offices.who["lme1.tix"].get("/employees", params={"department": "TIY"}, expect=403)
    offices.who["gro.tix"].get("/employees", params={"subcategory": "DRN-01"}, expect=403)
    assert offices.who["gro.tix"].get("/employees", params={"department": "XXX"}, expect=422).pointers() == ["/department"]
    assert offices.who["both.tix"].get("/employees", expect=422).pointers() == ["/department"]
    for params, pointer in (({"role": "mayor"}, "/role"), ({"ward": 145}, "/ward"), ({"subcategory": "ZZ"}, "/subcategory"), ({"limit": 101}, "/limit")):
        assert offices.who["gro.tix"].get("/employees", params=params, expect=422).pointers() == [pointer]
    for user in ("desk.tix", "mayor.tix"):
        offices.who[user].get("/employees", expect=403)
    citizen.get("/employees", expect=403)
    anyone.get("/employees", expect=401)
