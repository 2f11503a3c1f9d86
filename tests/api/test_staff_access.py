"""Staff at the door: first passwords, guessing, second factors, sessions and what ends them."""
import base64
import concurrent.futures
import statistics
import urllib.parse

import pytest

import openapi
import staff
from client import Client
from staff import PASSWORD, code, login, with_totp, wrong
from watch import wait_ready, wait_until

WHILE_FIRST = {"GET /me", "POST /me/password", "GET /sessions", "DELETE /sessions", "DELETE /sessions/current", "DELETE /sessions/{id}"}


@pytest.fixture(scope="module")
def admin(stack, phone):
    return staff.demo(stack, phone, "admin")


@pytest.fixture
def people(admin, database):
    with staff.People(admin, database) as made:
        yield made


def failed(database, user):
    return database("SELECT failed_logins FROM staff WHERE user_name = %s", (user,))[0][0]


def unlock(database, user):
    """Time passes."""
    database("UPDATE staff SET locked_until = locked_until - INTERVAL 1 HOUR WHERE user_name = %s", (user,))


# -- a first password

def test_the_demonstrations_people_have_passwords_of_their_own(admin):
    me = admin.get("/me", expect=200).data
    assert (me["must_change"], me["totp"], me["user"]) == (False, False, "admin")


def test_me_tells_roles_with_their_scopes(people):
    who = people.hire(("GRO", "DRN"), ("EO", "PRK", 2, 7), ("EO", "PRK", 2, 9), ("EO", "PRK", 1), ("DESK",), mobile="70000 54321")
    me = who.get("/me", expect=200).data
    assert me["roles"] == ["gro", "eo", "desk"]
    assert me["duties"] == [
        {"role": "gro", "department": "DRN", "eo_level": None, "boroughs": []},
        {"role": "eo", "department": "PRK", "eo_level": 1, "boroughs": []},
        {"role": "eo", "department": "PRK", "eo_level": 2, "boroughs": [7, 9]},
        {"role": "desk", "department": None, "eo_level": None, "boroughs": []}]
    assert me["mobile"] == "******4321" and me["name"] == "রিনা সেন"
    assert who.session.data["me"]["user"] == me["user"]


def an_address(op):
    return op.path.replace("{number}", "261100000016").replace("{user}", "admin").replace("{id}", "0" * 16)


def test_with_a_first_password_nothing_else_can_be_done(anyone, people):
    user, first = people.account()
    for role in ("LME", "GRO", "EO", "DESK", "CONTROLLING", "COMMISSIONER", "MAYOR", "ADMIN"):
        people.duty(user, role)
    new = login(anyone, user, first)
    assert new.session.data["me"]["must_change"] is True
    for op in openapi.operations():
        if op.public or str(op) in WHILE_FIRST:
            continue
        examples = op.body_examples()
        answer = new.call(op.method, an_address(op), examples[0] if examples else None, expect=(403, 404))
        assert answer.status == 403, op
        # lodging looks at the session in the database: staff may not, whatever their password
        assert answer.code == "password_change" or str(op) == "POST /complaints", (op, answer)
    assert new.get("/users", headers={"Accept-Language": "bn"}, expect=403).data["title"] == "আগে পাসওয়ার্ড বদলান"
    assert new.get("/me", expect=200).data["must_change"] is True
    new.get("/sessions", expect=200)
    new.delete("/sessions/" + "0" * 16, expect=404)
    new.delete("/sessions/current", expect=204)


def test_a_changed_password_opens_the_rest_and_ends_the_other_sessions(anyone, people):
    user, first = people.account()
    people.duty(user, "ADMIN")
    here, elsewhere = login(anyone, user, first), login(anyone, user, first)
    here.post("/me/password", {"current": first, "new": PASSWORD}, expect=204)
    here.get("/users", expect=200)
    assert here.get("/me", expect=200).data["must_change"] is False
    assert elsewhere.get("/me", expect=401).code == "unauthenticated"
    assert login(anyone, user, first, expect=401).code == "login_wrong"
    login(anyone, user, PASSWORD)


@pytest.mark.parametrize("new, fault", [
    ("short", "too_short"), ("ninechars", "too_short"), ("কখগঘঙচছজঝ", "too_short"), ("x1" * 65, "too_long"), ("ক" * 43, "too_long"),
    ("password123", "too_easy"), ("Kolkata@123", "too_easy"), ("aaaaaaaaaaaa", "too_easy"), (None, "required"), ("", "required"),
    (12345678901, "type"), ("four words\nin two lines", "format")])
def test_a_poor_password_is_refused_with_its_reason(people, new, fault):
    who = people.hire()
    refused = who.post("/me/password", {"current": PASSWORD, "new": new}, expect=422)
    assert refused.pointers() == ["/new"]
    assert refused.data["errors"][0]["code"] == fault
    login(who.anonymous(), who.user, PASSWORD)


def test_the_user_name_and_the_present_password_are_no_new_one(people):
    who = people.hire(user=staff.fresh_user("somebody.long"))
    for new, fault in ((who.user, "too_easy"), (who.user.upper(), "too_easy"), (PASSWORD, "unchanged")):
        refused = who.post("/me/password", {"current": PASSWORD, "new": new}, expect=422)
        assert [(e["pointer"], e["code"]) for e in refused.data["errors"]] == [("/new", fault)]


def test_a_password_may_hold_what_people_write(people):
    who = people.hire()
    for new in ("নদীর ধারে চারটি শব্দ", "  blanks around it are not part of it  ", "ñ\"\\'; DROP TABLE staff; -- ✓"):
        who.post("/me/password", {"current": who.password, "new": new}, expect=204)
        who.password = new
        login(who.anonymous(), who.user, new.strip())


def test_an_employee_without_a_duty_may_do_what_all_may(people):
    who = people.hire()
    assert who.get("/me", expect=200).data["roles"] == []
    who.get("/sessions", expect=200)
    assert who.get("/complaints/261100000016", expect=403).code == "forbidden"
    assert who.get("/users", expect=403).code == "forbidden"


# -- guessing

def same(x, y):
    return {k: v for k, v in x.data.items() if k != "request_id"} == {k: v for k, v in y.data.items() if k != "request_id"}


def test_guessing_locks_and_nobody_can_tell_whom(stack, anyone, people, database):
    who = people.hire()
    for i in range(5):
        refused = login(anyone, who.user, f"wrong {i}", expect=401)
    assert failed(database, who.user) == 5
    locked = login(anyone, who.user, PASSWORD, expect=401)
    nobody = login(anyone, staff.fresh_user("nobody"), PASSWORD, expect=401)
    assert same(locked, refused) and same(locked, nobody) and locked.code == "login_wrong"
    assert set(locked.headers) == set(nobody.headers)
    assert who.get("/me", expect=200), "who is inside stays inside"
    database("UPDATE staff SET locked_until = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE user_name = %s", (who.user,))
    stack.kill("fcgi")
    wait_ready(stack)
    assert same(login(anyone, who.user, PASSWORD, expect=401), nobody), "a restart does not open the lock"
    assert failed(database, who.user) == 5, "what is refused while locked does not count"
    database("UPDATE staff SET locked_until = UTC_TIMESTAMP(3) WHERE user_name = %s", (who.user,))
    login(anyone, who.user, "wrong again", expect=401)
    assert database("SELECT failed_logins, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), locked_until) BETWEEN 1 AND 4 FROM staff"
                    " WHERE user_name = %s", (who.user,)) == ((6, 1),), "the sixth costs more"
    unlock(database, who.user)
    login(anyone, who.user, PASSWORD)
    assert failed(database, who.user) == 0


def test_the_lock_opens_by_itself(anyone, people):
    who = people.hire()
    for i in range(5):
        login(anyone, who.user, f"wrong {i}", expect=401)
    took = wait_until(lambda: isinstance(login(anyone, who.user, PASSWORD, expect=(201, 401)), Client), 8)
    assert took > 1


def test_one_account_locked_leaves_the_others_alone(anyone, people):
    one, other = people.hire(), people.hire()
    for i in range(6):
        login(anyone, one.user, f"wrong {i}", expect=401)
    login(anyone, other.user, PASSWORD)


def test_many_guesses_at_once_are_five(stack, phone, people, database):
    who = people.hire()

    def guess(i):
        return Client(stack.base_url, phone).post("/sessions", {"user": who.user, "password": f"wrong {i}"}, expect=(401, 503)).status
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        got = list(pool.map(guess, range(24)))
    assert got.count(401) >= 5 and failed(database, who.user) == 5


def test_a_refusal_takes_as_long_whoever_it_is(anyone, people, database):
    """The unit test counts statements; here only that no way out is a short one."""
    known, locked = people.hire(), people.hire()
    nobody = staff.fresh_user("nobody")
    database("UPDATE staff SET locked_until = '2099-01-01' WHERE user_name = %s", (locked.user,))
    seconds = {known.user: [], locked.user: [], nobody: []}
    for i in range(9):
        for user, took in seconds.items():
            took.append(login(anyone, user, f"wrong {i}", expect=401).seconds)
        unlock(database, known.user)
    middle = {user: statistics.median(took) for user, took in seconds.items()}
    assert max(middle.values()) < 3 * min(middle.values()), middle


def test_a_stolen_session_cannot_guess_the_password(people, database):
    who = people.hire()
    for i in range(5):
        refused = who.post("/me/password", {"current": f"wrong {i}", "new": "another four words"}, expect=422)
        assert [(e["pointer"], e["code"]) for e in refused.data["errors"]] == [("/current", "wrong")]
    assert failed(database, who.user) == 5
    right = who.post("/me/password", {"current": PASSWORD, "new": "another four words"}, expect=422)
    assert same(right, refused)
    login(who.anonymous(), who.user, PASSWORD, expect=401)


# -- the second factor

def test_a_second_factor_from_beginning_to_end(people, database):
    who = people.hire()
    out = who.anonymous()
    assert who.post("/me/totp/confirm", {"code": "123456"}, expect=409).code == "totp_state"
    refused = who.post("/me/totp", {"password": "not this one"}, expect=422)
    assert [(e["pointer"], e["code"]) for e in refused.data["errors"]] == [("/password", "wrong")]
    begun = who.post("/me/totp", {"password": PASSWORD}, expect=201)
    assert "no-store" in begun.headers["Cache-Control"]
    uri = urllib.parse.urlsplit(begun.data["uri"])
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", f"/eKMC2.0:{who.user}")
    assert dict(urllib.parse.parse_qsl(uri.query)) == {"secret": begun.data["secret"], "issuer": "eKMC2.0", "algorithm": "SHA1",
                                                       "digits": "6", "period": "30"}
    assert len(base64.b32decode(begun.data["secret"])) == 20
    login(out, who.user, PASSWORD)      # begun is not confirmed
    secret = who.post("/me/totp", {"password": PASSWORD}, expect=201).data["secret"]
    assert secret != begun.data["secret"]
    staff.steady()
    for bad in (wrong(code(secret)), code(begun.data["secret"])):
        assert who.post("/me/totp/confirm", {"code": bad}, expect=422).pointers("wrong") == ["/code"]
    who.post("/me/totp/confirm", {"code": code(secret, step=-1)}, expect=204)
    assert who.get("/me", expect=200).data["totp"] is True
    assert who.post("/me/totp", {"password": PASSWORD}, expect=409).code == "totp_state"
    stored, = database("SELECT totp_sealed FROM staff WHERE user_name = %s", (who.user,))[0]
    assert base64.b32decode(secret) not in stored

    needed = login(out, who.user, PASSWORD, expect=401)
    assert needed.code == "totp_needed" and "errors" not in needed.data and needed.headers["WWW-Authenticate"] == "Bearer"
    assert login(out, who.user, "not this one", expect=401).code == "login_wrong"
    assert "errors" not in login(out, who.user, "not this one", code=code(secret), expect=401).data
    first = code(secret)
    inside = login(out, who.user, PASSWORD, code=first)
    again = login(out, who.user, PASSWORD, code=first, expect=401)
    assert (again.code, again.pointers("wrong")) == ("login_wrong", ["/code"]), "no code is good twice"
    later = code(secret, step=1)
    login(out, who.user, PASSWORD, code=f"{later[:3]} {later[3:]}".translate(str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")))

    inside.post("/me/totp/remove", {"password": PASSWORD}, expect=422)
    assert inside.post("/me/totp/remove", {"password": PASSWORD, "code": later}, expect=422).pointers("wrong") == ["/code"]
    database("UPDATE staff SET totp_step = 0 WHERE user_name = %s", (who.user,))     # half a minute passes
    assert inside.post("/me/totp/remove", {"password": "not this one", "code": later}, expect=422).pointers("wrong") == ["/password"]
    inside.post("/me/totp/remove", {"password": PASSWORD, "code": code(secret)}, expect=204)
    assert inside.post("/me/totp/remove", {"password": PASSWORD, "code": "123456"}, expect=409).code == "totp_state"
    login(out, who.user, PASSWORD)


def test_wrong_codes_lock_the_account(people, database):
    who = people.hire()
    secret = with_totp(who)
    out = who.anonymous()
    for i in range(5):
        assert login(out, who.user, PASSWORD, expect=401).code == "totp_needed", "asking for the code counts for nothing"
        assert login(out, who.user, PASSWORD, code=wrong(code(secret)), expect=401).pointers("wrong") == ["/code"]
        assert failed(database, who.user) == i + 1
    locked = login(out, who.user, PASSWORD, code=code(secret), expect=401)
    assert locked.code == "login_wrong" and "errors" not in locked.data
    assert login(out, who.user, PASSWORD, expect=401).code == "login_wrong"
    unlock(database, who.user)
    login(out, who.user, PASSWORD, code=code(secret))
    assert failed(database, who.user) == 0


@pytest.mark.parametrize("typed", ["12345", "1234567", "abcdef", "12345a", "      "])
def test_a_code_that_is_none_is_told_before_anything_is_tried(anyone, people, database, typed):
    who = people.hire()
    refused = anyone.post("/sessions", {"user": who.user, "password": "wrong", "code": typed}, expect=(401, 422))
    if typed.strip():
        assert refused.status == 422 and refused.pointers() == ["/code"] and failed(database, who.user) == 0


def test_a_code_nobody_asked_for_does_not_matter(anyone, people):
    who = people.hire()
    login(anyone, who.user, PASSWORD, code="000000")


def test_an_administrator_takes_a_lost_telephone_away(admin, people):
    who = people.hire()
    with_totp(who)
    login(who.anonymous(), who.user, PASSWORD, expect=401)
    assert admin.get(f"/users/{who.user}", expect=200).data["totp"] is True
    admin.delete(f"/users/{who.user}/totp", expect=204)
    admin.delete(f"/users/{who.user}/totp", expect=204)
    assert admin.get(f"/users/{who.user}", expect=200).data["totp"] is False
    login(who.anonymous(), who.user, PASSWORD)


# -- sessions

def test_sessions_tell_where_and_how(anyone, people):
    who = people.hire()
    login(anyone, who.user, PASSWORD, cookie=True)
    items = who.get("/sessions", expect=200).data["items"]
    assert [(s["how"], s["client"], s["current"]) for s in items] == [("browser", "127.0.0.*", False), ("app", "127.0.0.*", True)]
    assert all(s["last_seen_at"] is None and s["created_at"] < s["expires_at"] for s in items)


def test_a_use_is_noted_every_five_minutes_at_most(people, database):
    who = people.hire()
    database("UPDATE session SET created_at = created_at - INTERVAL 6 MINUTE WHERE staff_id = %s", (people.id(who.user),))
    seen = {who.get("/sessions", expect=200).data["items"][0]["last_seen_at"] for _ in range(5)}
    assert len(seen) == 1 and None not in seen


def test_one_session_is_ended_by_its_id(people):
    who, other = people.hire(), people.hire()
    lost = login(who.anonymous(), who.user, PASSWORD)
    ids = {s["current"]: s["id"] for s in who.get("/sessions", expect=200).data["items"]}
    theirs = other.get("/sessions", expect=200).data["items"][0]["id"]
    for bad in (theirs, "0" * 16, "x", "0" * 15, ids[False].upper() + "0"):
        assert who.delete(f"/sessions/{bad}", expect=404).code == "not_found"
    other.get("/me", expect=200)
    who.delete(f"/sessions/{ids[False]}", expect=204)
    lost.get("/me", expect=401)
    who.get("/me", expect=200)
    who.delete(f"/sessions/{ids[False]}", expect=404)
    who.delete(f"/sessions/{ids[True]}", expect=204)
    who.get("/me", expect=401)


def test_the_cookie_goes_with_its_session_only(anyone, people):
    who = people.hire()
    browser = login(anyone, who.user, PASSWORD, cookie=True)
    headers = {"Cookie": browser.session.headers["Set-Cookie"].split(";")[0], "X-Ekmc-Csrf": browser.session.data["csrf"]}
    inside = Client(anyone.base_url, headers=headers)
    ids = {s["current"]: s["id"] for s in inside.get("/sessions", expect=200).data["items"]}
    assert "Set-Cookie" not in inside.delete(f"/sessions/{ids[False]}", expect=204).headers
    assert "Max-Age=0" in inside.delete(f"/sessions/{ids[True]}", expect=204).headers["Set-Cookie"]
    inside.get("/me", expect=401)


def test_citizens_end_their_sessions_by_id_too(anyone, fresh_citizen):
    second = anyone.login(fresh_citizen.mobile)
    other = next(s["id"] for s in second.get("/sessions", expect=200).data["items"] if not s["current"])
    second.delete(f"/sessions/{other}", expect=204)
    fresh_citizen.get("/me", expect=401)
    second.get("/me", expect=200)


def test_who_leaves_is_out_and_who_gets_a_duty_is_in_at_once(people, database):
    who = people.hire()
    assert who.get("/users", expect=403).code == "forbidden"
    people.duty(who.user, "ADMIN")
    who.get("/users", expect=200)
    database("DELETE FROM roster WHERE staff_id = %s", (people.id(who.user),))
    who.get("/users", expect=403)
    database("UPDATE staff SET active = 0 WHERE user_name = %s", (who.user,))
    assert who.get("/me", expect=401).code == "unauthenticated"
    login(who.anonymous(), who.user, PASSWORD, expect=401)
    database("UPDATE staff SET active = 1 WHERE user_name = %s", (who.user,))
    who.get("/me", expect=200)
