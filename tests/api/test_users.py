"""Accounts of the staff: who may see and change whose, first passwords shown once, and who cannot be made inactive."""
import concurrent.futures
import re
import subprocess

import pytest

import staff
from client import Client, fresh_key
from staff import PASSWORD, login, with_totp

FIRST = re.compile(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}")


@pytest.fixture(scope="module")
def admin(stack, phone):
    return staff.demo(stack, phone, "admin")


@pytest.fixture
def people(admin, database):
    with staff.People(admin, database) as made:
        yield made


@pytest.fixture
def controlling(people):
    """Of the drains, and of nothing else."""
    return people.hire(("CONTROLLING", "DRN"))


def everybody(caller, **params):
    """All pages of GET /users."""
    found, cursor = [], None
    while True:
        page = caller.get("/users", params={"limit": 100, **params, **({"cursor": cursor} if cursor else {})}, expect=200).data
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


# -- making

def test_a_new_account_shows_its_password_once(admin, people, database):
    user = staff.fresh_user("New.One").lower()
    made = admin.post("/users", {"user": user, "name_en": "Rina Sen", "name_bn": "রিনা সেন", "mobile": "+91 70000-54321", "language": "hi",
                                 "department": "DRN"}, key=fresh_key(), expect=201)
    assert made.headers["Location"] == f"/api/v1/users/{user}" and "no-store" in made.headers["Cache-Control"]
    assert FIRST.fullmatch(made.data["password"])
    person = made.data["user"]
    assert person == admin.get(f"/users/{user}", expect=200).data == admin.get(f"/users/{user.upper()}", expect=200).data
    assert person == {"user": user, "name_en": "Rina Sen", "name_bn": "রিনা সেন", "mobile": "******4321", "language": "hi", "department": "DRN",
                      "active": True, "has_password": True, "must_change": True, "totp": False, "locked_until": None, "roles": [], "duties": [],
                      "open_complaints": 0}
    (row,), = [database("SELECT CONCAT_WS('|', password_hash, name_en, HEX(mobile_sealed)) FROM staff WHERE user_name = %s", (user,))]
    assert made.data["password"] not in row[0] and "7000054321" not in row[0]
    assert login(admin.anonymous(), user, made.data["password"]).session.data["me"]["must_change"] is True


def test_nothing_keeps_the_answer_that_shows_a_secret(admin, database):
    before = database("SELECT COUNT(*) FROM idempotency")
    key, user = fresh_key(), staff.fresh_user()
    body = {"user": user, "name_en": "R", "name_bn": "র"}
    admin.post("/users", body, key=key, expect=201)
    again = admin.post("/users", body, key=key, expect=422)
    assert [(e["pointer"], e["code"]) for e in again.data["errors"]] == [("/user", "taken")]
    one, two = (admin.post(f"/users/{user}/password", {}, key=key, expect=200).data["password"] for _ in range(2))
    assert one != two
    assert database("SELECT COUNT(*) FROM idempotency") == before


@pytest.mark.parametrize("fields, pointers", [
    ({"user": "x"}, ["/user"]), ({"user": "Has Blank"}, ["/user"]), ({"user": "9lives"}, ["/user"]), ({"user": "রিনা"}, ["/user"]),
    ({"user": "BIG.letters"}, ["/user"]), ({"user": "a" * 61}, ["/user"]), ({"user": None}, ["/user"]), ({"name_en": ""}, ["/name_en"]),
    ({"name_bn": "ক" * 101}, ["/name_bn"]), ({"mobile": "12345"}, ["/mobile"]), ({"language": "fr"}, ["/language"]),
    ({"department": "NONE"}, ["/department"]), ({"role": "admin"}, ["/role"]), ({"password": PASSWORD}, ["/password"]),
    ({"user": "x", "mobile": "1"}, ["/mobile", "/user"])])
def test_a_wrong_account_is_refused_with_pointers(admin, fields, pointers):
    body = {"user": staff.fresh_user(), "name_en": "R", "name_bn": "র", **fields}
    assert admin.post("/users", {k: v for k, v in body.items() if v is not None}, expect=422).pointers() == pointers


def test_two_accounts_of_one_name_at_once_are_one(stack, phone, admin):
    user = staff.fresh_user()

    def make(_):
        caller = Client(stack.base_url, phone, admin.token)
        return caller.post("/users", {"user": user, "name_en": "R", "name_bn": "র"}, expect=(201, 422, 503)).status
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(make, range(4))).count(201) == 1


# -- finding

def test_the_list_is_filtered_and_paged(admin, people):
    mark = staff.fresh_user("zz").replace(".", "")
    lme = people.hire(("LME", "DRN"), ("LME", "PRK"), name_en=f"{mark} One", user=f"{mark}.b").user
    eo = people.hire(("EO", "PRK", 1), name_bn=f"ক {mark}", user=f"{mark}.a").user
    idle, _ = people.account(user=f"{mark}.c", department="DRN")
    admin.call("PATCH", f"/users/{idle}", {"active": False}, expect=200)

    def users(**params):
        return [p["user"] for p in everybody(admin, text=mark, **params)]
    assert users() == [eo, lme, idle], "by user name"
    assert users(department="DRN") == [lme, idle] and users(department="PRK") == [eo, lme] and users(department="WSU") == []
    assert users(role="lme") == [lme] and users(role="lme", department="PRK") == [lme] and users(role="eo", department="DRN") == []
    assert users(active="false") == [idle] and users(active="true") == [eo, lme]
    assert [p["user"] for p in everybody(admin, text=f"{mark} ONE")] == [lme], "in any case of letters"
    assert [p["user"] for p in everybody(admin, text=f"ক {mark}")] == [eo]
    assert everybody(admin, text="%") == [] and everybody(admin, department="যা") == []
    first = admin.get("/users", params={"text": mark, "limit": 2}, expect=200).data
    second = admin.get("/users", params={"text": mark, "limit": 2, "cursor": first["next"]}, expect=200).data
    assert [p["user"] for p in first["items"] + second["items"]] == [eo, lme, idle] and second["next"] is None
    assert admin.get("/users", params={"text": mark, "limit": 2, "role": "lme", "cursor": first["next"]}, expect=422).pointers() == ["/cursor"]


def test_every_account_is_found_once(admin, database):
    found = [p["user"] for p in everybody(admin)]
    assert len(found) == len(set(found)) and found == sorted(found, key=str.lower)
    assert len(found) == database("SELECT COUNT(*) FROM staff")[0][0]


@pytest.mark.parametrize("params, pointer", [({"role": "boss"}, "/role"), ({"active": "yes"}, "/active"), ({"limit": "0"}, "/limit"),
                                             ({"name": "x"}, "/name"), ({"cursor": "AAAA"}, "/cursor")])
def test_a_wrong_filter_is_told(admin, params, pointer):
    assert admin.get("/users", params=params, expect=422).pointers() == [pointer]


# -- whose

def test_a_controlling_officer_sees_the_department_only(controlling, people):
    mine, both = people.hire(("LME", "DRN", None, 7)), people.hire(("GRO", "DRN"), ("GRO", "PRK"))
    theirs, nobodys = people.hire(("LME", "PRK")), people.hire()
    made, _ = people.account(department="DRN")
    seen = {p["user"] for p in everybody(controlling)}
    assert {mine.user, both.user, made, controlling.user} <= seen and not {theirs.user, nobodys.user, "admin", "mayor"} & seen
    assert all(any(d["department"] == "DRN" for d in p["duties"]) or p["department"] == "DRN" for p in everybody(controlling))
    for user in seen:
        controlling.get(f"/users/{user}", expect=200)
    for user in (theirs.user, nobodys.user, "admin", "no.such.user"):
        assert controlling.get(f"/users/{user}", expect=404).code == "not_found"
    parks = everybody(controlling, department="PRK")
    assert both.user in {p["user"] for p in parks} <= seen


def calls(user):
    return [("PATCH", f"/users/{user}", {"name_en": "Somebody Else"}), ("POST", f"/users/{user}/password", {}), ("DELETE", f"/users/{user}/totp", None),
            ("GET", f"/users/{user}/sessions", None), ("DELETE", f"/users/{user}/sessions", None)]


@pytest.mark.parametrize("duties, status", [
    ([("LME", "DRN")], 200), ([("GRO", "DRN"), ("EO", "DRN", 1, 5)], 200), ([("LME", "DRN"), ("LME", "PRK")], 403),
    ([("LME", "DRN"), ("ADMIN",)], 403), ([("GRO", "DRN"), ("COMMISSIONER",)], 403), ([("LME", "DRN"), ("DESK",)], 403),
    ([("CONTROLLING", "DRN")], 403), ([("LME", "PRK")], 404), ([("ADMIN",)], 404), ([], 404)], ids=str)
def test_a_controlling_officer_changes_only_who_has_no_power_elsewhere(controlling, people, duties, status):
    who = people.hire(*duties)
    for method, path, body in calls(who.user):
        answer = controlling.call(method, path, body, expect=(200, 204) if status == 200 else status)
        assert status == 200 or answer.code == ("forbidden" if status == 403 else "not_found")
    if status == 200:
        who.get("/me", expect=401)
    else:
        who.get("/me", expect=200)
        login(who.anonymous(), who.user, PASSWORD)


def test_a_controlling_officer_of_a_borough_has_that_borough(people):
    boss = people.hire(("CONTROLLING", "DRN", None, 7))
    inside, outside, whole = (people.hire(("LME", "DRN", None, b)) for b in (7, 8, None))
    boss.call("PATCH", f"/users/{inside.user}", {"name_en": "X"}, expect=200)
    for who in (outside, whole):
        boss.get(f"/users/{who.user}", expect=404)
    seen = {p["user"] for p in everybody(boss)}
    assert inside.user in seen and not {outside.user, whole.user} & seen


def test_a_controlling_officer_makes_accounts_for_the_department(controlling):
    body = {"user": staff.fresh_user(), "name_en": "R", "name_bn": "র"}
    assert controlling.post("/users", {**body, "department": "PRK"}, expect=403).code == "forbidden"
    made = controlling.post("/users", body, expect=201).data
    assert made["user"]["department"] == "DRN"
    again = controlling.post(f"/users/{body['user']}/password", {}, expect=200).data["password"]
    assert login(controlling.anonymous(), body["user"], made["password"], expect=401)
    login(controlling.anonymous(), body["user"], again)


# -- changing

def test_fields_change_one_by_one(admin, people):
    user, _ = people.account(mobile="7000011111")
    for change, shown in (({"name_en": "Mina Pal"}, {"name_en": "Mina Pal"}), ({"name_bn": "মিনা পাল"}, {"name_bn": "মিনা পাল"}),
                          ({"mobile": "৭০০০০ ২২২২২"}, {"mobile": "******2222"}), ({"language": "en"}, {"language": "en"}),
                          ({}, {}), ({"name_en": None}, {})):
        before = admin.get(f"/users/{user}", expect=200).data
        after = admin.call("PATCH", f"/users/{user}", change, expect=200).data
        assert after == {**before, **shown} == admin.get(f"/users/{user}", expect=200).data
    for body, pointer in (({"user": "x"}, "/user"), ({"roles": []}, "/roles"), ({"mobile": "1"}, "/mobile"), ({"active": "no"}, "/active"),
                          ({"must_change": False}, "/must_change"), ({"department": "PRK"}, "/department")):
        assert admin.call("PATCH", f"/users/{user}", body, expect=422).pointers() == [pointer]


def test_a_new_first_password_opens_the_lock_and_ends_the_sessions(admin, people, database):
    who = people.hire()
    for i in range(5):
        login(who.anonymous(), who.user, f"wrong {i}", expect=401)
    assert admin.get(f"/users/{who.user}", expect=200).data["locked_until"]
    given = admin.post(f"/users/{who.user}/password", {}, expect=200)
    assert FIRST.fullmatch(given.data["password"]) and "no-store" in given.headers["Cache-Control"]
    assert given.data["user"]["must_change"] is True and given.data["user"]["locked_until"] is None
    who.get("/me", expect=401)
    assert login(who.anonymous(), who.user, PASSWORD, expect=401)
    new = login(who.anonymous(), who.user, given.data["password"])
    assert new.get("/users", expect=403).code == "password_change"


def test_a_new_first_password_leaves_the_second_factor(admin, people):
    who = people.hire()
    with_totp(who)
    given = admin.post(f"/users/{who.user}/password", {}, expect=200).data
    assert given["user"]["totp"] is True
    assert login(who.anonymous(), who.user, given["password"], expect=401).code == "totp_needed"


def test_somebodys_sessions_are_seen_and_ended(admin, people):
    who = people.hire()
    login(who.anonymous(), who.user, PASSWORD, cookie=True)
    items = admin.get(f"/users/{who.user}/sessions", expect=200).data["items"]
    assert [(s["how"], s["current"]) for s in items] == [("browser", False), ("app", False)]
    admin.delete(f"/users/{who.user}/sessions", expect=204)
    assert admin.get(f"/users/{who.user}/sessions", expect=200).data["items"] == []
    who.get("/me", expect=401)
    admin.get("/me", expect=200)


# -- leaving

def version(database):
    return database("SELECT version FROM directory_version")[0][0]


def test_who_is_made_inactive_is_out_at_once_and_stays_out(admin, people, database):
    who = people.hire(("LME", "DRN"))
    before = version(database)
    assert admin.call("PATCH", f"/users/{who.user}", {"active": False}, expect=200).data["active"] is False
    assert version(database) > before, "workers learn who is there"
    assert who.get("/me", expect=401).code == "unauthenticated"
    assert login(who.anonymous(), who.user, PASSWORD, expect=401).code == "login_wrong"
    before = version(database)
    admin.call("PATCH", f"/users/{who.user}", {"active": False, "name_en": "Gone"}, expect=200)
    assert version(database) == before, "nothing that a worker keeps has changed"
    admin.call("PATCH", f"/users/{who.user}", {"active": True}, expect=200)
    assert version(database) > before
    who.get("/me", expect=401)      # an old session does not come back
    login(who.anonymous(), who.user, PASSWORD)


def test_who_holds_open_complaints_leaves_by_the_roster(admin, people, citizen, database):
    who = people.hire(("LME", "DRN"))
    numbers = [citizen.lodge().data["number"] for _ in range(2)]
    for number in numbers:
        database("UPDATE complaint SET holder_id = %s, state = 'ASSIGNED' WHERE number = %s", (people.id(who.user), number))
    assert admin.get(f"/users/{who.user}", expect=200).data["open_complaints"] == 2
    refused = admin.call("PATCH", f"/users/{who.user}", {"active": False, "name_en": "Gone"}, expect=409)
    assert refused.code == "holds_complaints" and refused.data["open_complaints"] == 2
    still = admin.get(f"/users/{who.user}", expect=200).data
    assert still["active"] and still["name_en"] != "Gone", "nothing of it was done"
    who.get("/me", expect=200)
    admin.call("PATCH", f"/users/{who.user}", {"name_en": "Stays"}, expect=200)
    database("UPDATE complaint SET state = 'RESOLVED' WHERE number = %s", (numbers[0],))
    assert admin.call("PATCH", f"/users/{who.user}", {"active": False}, expect=409).data["open_complaints"] == 1
    database("UPDATE complaint SET holder_id = NULL WHERE number = %s", (numbers[1],))
    admin.call("PATCH", f"/users/{who.user}", {"active": False}, expect=200)


def without_other_admins(people, database, keep):
    ids = ",".join(str(people.id(c.user)) for c in keep)
    database(f"UPDATE staff SET active = 0 WHERE id NOT IN ({ids}) AND id IN (SELECT staff_id FROM roster WHERE role = 'ADMIN')")


@pytest.fixture
def admins_back(database):
    before = [row[0] for row in database("SELECT DISTINCT s.id FROM staff s JOIN roster r ON r.staff_id = s.id WHERE r.role = 'ADMIN' AND s.active")]
    yield
    for one in before:
        database("UPDATE staff SET active = 1 WHERE id = %s", (one,))


@pytest.mark.usefixtures("admins_back")
def test_the_last_administrator_stays(people, database):
    one, other = people.hire(("ADMIN",)), people.hire(("ADMIN",))
    without_other_admins(people, database, [one, other])
    one.call("PATCH", f"/users/{other.user}", {"active": False}, expect=200)
    for body in ({"active": False}, {"active": False, "name_en": "X"}):
        assert one.call("PATCH", f"/users/{one.user}", body, expect=409).code == "last_admin"
    one.get("/users", expect=200)
    # an account that nobody can log in to is nobody
    database("UPDATE staff SET active = 1, password_hash = NULL WHERE user_name = %s", (other.user,))
    assert one.call("PATCH", f"/users/{one.user}", {"active": False}, expect=409).code == "last_admin"


@pytest.mark.usefixtures("admins_back")
def test_two_administrators_cannot_both_put_the_other_out(people, database):
    for _ in range(3):
        pair = [people.hire(("ADMIN",)), people.hire(("ADMIN",))]
        without_other_admins(people, database, pair)

        def put_out(who, whom):
            return who.call("PATCH", f"/users/{whom.user}", {"active": False}, expect=(200, 401, 409)).status
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            got = list(pool.map(put_out, pair, reversed(pair)))
        assert got.count(200) == 1, got
        database("UPDATE staff SET active = 1 WHERE user_name = 'admin'")


# -- from a shell

def test_ctl_makes_the_first_administrator_and_helps_who_cannot_log_in(stack, anyone, people):
    def ctl(*args, typed=None, expect=0):
        argv = [str(stack.layout.build / "ekmc-ctl"), "--conf", str(stack.layout.etc / "ekmc-ctl.ini"), "users", *args]
        done = subprocess.run(argv, input=typed or "", capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode == expect, done
        return done
    user = staff.fresh_user("boss")
    first = ctl("add", user, "Rina Sen", "রিনা সেন", "admin").stdout.split()[1]
    assert FIRST.fullmatch(first)
    assert ctl("add", user, "R", "র", expect=1).stderr.endswith(f"there is a user {user} already\n")
    assert "user name has" in ctl("add", "No Good", "R", "র", expect=1).stderr
    boss = login(anyone, user, first)
    assert boss.session.data["me"]["roles"] == ["admin"] and boss.session.data["me"]["must_change"] is True

    for typed, said in (("short\n", "at least 10 characters"), (user + "\n", None), ("password123\n", "too easy"), ("x" * 300 + "\n", "at most 128 bytes"),
                        ("", "at least")):
        if said:
            assert said in ctl("password", user, typed=typed, expect=1).stderr
    ctl("password", user, typed="  another four words \n")
    boss.get("/me", expect=401)
    boss = login(anyone, user, "another four words")
    assert boss.session.data["me"]["must_change"] is True
    boss.post("/me/password", {"current": "another four words", "new": PASSWORD}, expect=204)
    boss.password = PASSWORD
    with_totp(boss)
    assert re.search(rf"^{re.escape(user)} +password +totp +Rina Sen +ADMIN$", ctl("list").stdout, re.M)
    ctl("no-totp", user)
    ctl("logout", user)
    boss.get("/me", expect=401)
    boss = login(anyone, user, PASSWORD)
    ctl("off", user)
    boss.get("/me", expect=401)
    assert re.search(rf"^{re.escape(user)} +left ", ctl("list").stdout, re.M)
    ctl("on", user)
    login(anyone, user, PASSWORD)
    assert "there is no user" in ctl("off", "no.such.user", expect=1).stderr
    for args in ((), ("list", "x"), ("add", user), ("password",), ("fire", user)):
        ctl(*args, expect=2)
