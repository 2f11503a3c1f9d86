"""Departments, categories, holidays and settings: changed by those who look after them, recorded, and at work within seconds."""
import datetime
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import openapi
from client import Client, fresh_key
from lists import NAMES, Department, demo_login, fresh_code


@pytest.fixture(scope="module")
def admin(stack, phone):
    return demo_login(stack, phone, "admin")


@pytest.fixture
def there(admin, database):
    return Department(admin, database)


def version(database):
    return database("SELECT version FROM directory_version")[0][0]


def past(admin, what, subject):
    """The record of one thing, newest first."""
    rows, cursor = [], None
    while True:
        page = admin.get("/changes", params={"limit": 100, **({"cursor": cursor} if cursor else {})}, expect=200).data
        rows += [c for c in page["items"] if (c["what"], c["subject"]) == (what, subject)]
        cursor = page["next"]
        if cursor is None:
            return rows


def find(admin, kind, code):
    return next(i for i in admin.get(f"/{kind}", expect=200).data["items"] if i["code"] == code)


def eventually(check, seconds=6):
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "not within seconds"
        time.sleep(0.1)
    return found


# -- departments, categories, subcategories

def test_a_department_is_made_changed_and_recorded(admin, database):
    code, before = fresh_code(), version(database)
    made = admin.post("/departments", {"code": code, **NAMES}, expect=201)
    assert made.headers["Location"] == f"/api/v1/departments/{code}" and made.data["version"] == 1 and made.data["active"]
    changed = admin.post(f"/departments/{code}", {"version": 1, "hi": "नया", "active": False}, expect=200).data
    assert (changed["version"], changed["hi"], changed["en"], changed["active"]) == (2, "नया", NAMES["en"], False)
    assert find(admin, "departments", code) == changed
    assert version(database) == before + 2
    second, first = past(admin, "department", code)
    assert first["before"] is None and first["after"]["hi"] == NAMES["hi"] and first["user"] == "admin" and first["operator"] is None
    assert second["before"]["active"] is True and second["after"]["active"] is False


def test_a_change_that_changes_nothing_is_none(admin, there, database):
    before = version(database)
    same = admin.post(f"/departments/{there.code}", {"version": 1, **NAMES}, expect=200).data
    assert same["version"] == 1 and version(database) == before and len(past(admin, "department", there.code)) == 1


@pytest.mark.parametrize("kind", ["departments", "categories", "subcategories"])
def test_of_two_changes_from_one_look_the_second_is_refused(admin, there, kind):
    code = {"departments": there.code, "categories": there.category, "subcategories": there.subcategory}[kind]
    admin.post(f"/{kind}/{code}", {"version": 1, "en": "First"}, expect=200)
    assert admin.post(f"/{kind}/{code}", {"version": 1, "en": "Second"}, expect=409).code == "changed_meanwhile"
    assert find(admin, kind, code)["en"] == "First"
    admin.post(f"/{kind}/{code}", {"version": 2, "en": "Second"}, expect=200)


def test_a_repeated_key_gets_the_first_answer(admin, database):
    code, key = fresh_code(), fresh_key()
    body = {"code": code, **NAMES}
    first = admin.post("/departments", body, expect=201, key=key)
    after = version(database)
    assert admin.post("/departments", body, expect=201, key=key).body == first.body
    assert version(database) == after
    assert admin.post("/departments", {**body, "en": "Other"}, expect=422, key=key).code == "key_reused"
    assert admin.post("/departments", body, expect=422).pointers("taken") == ["/code"]


@pytest.mark.parametrize("body, pointer, code", [
    ({"code": "drn"}, "/code", "format"), ({"code": "D"}, "/code", "format"), ({"code": "1AB"}, "/code", "format"),
    ({"code": "TOOLONGXX"}, "/code", "too_long"), ({"code": "DRN"}, "/code", "taken"), ({}, "/code", "required"),
    ({"code": "NEWER", "en": None}, "/en", "required"), ({"code": "NEWER", "bn": " "}, "/bn", "required"),
    ({"code": "NEWER", "hi": "x" * 101}, "/hi", "too_long"), ({"code": "NEWER", "en": "a\nb"}, "/en", "format"),
    ({"code": "NEWER", "sort": -1}, "/sort", "range"), ({"code": "NEWER", "version": 1}, "/version", "unknown_key"),
    ({"code": "NEWER", "active": "no"}, "/active", "type"),
])
def test_a_wrong_department_names_its_field(admin, body, pointer, code):
    assert admin.post("/departments", {**NAMES, **body}, expect=422).pointers(code) == [pointer]


@pytest.mark.parametrize("body, pointer, code", [
    ({"code": "{d}-1"}, "/code", "format"), ({"code": "DRN-77"}, "/code", "format"), ({"code": "{d}-01"}, "/code", "taken"),
    ({"category": None}, "/category", "required"), ({"category": "ZZZ-A"}, "/category", "not_found"),
    ({"sla_hours": None}, "/sla_hours", "required"), ({"sla_hours": 0}, "/sla_hours", "range"), ({"sla_hours": 721}, "/sla_hours", "range"),
    ({"department": "DRN"}, "/department", "unknown_key"), ({"photo_on_resolve": "yes"}, "/photo_on_resolve", "type"),
])
def test_a_wrong_subcategory_names_its_field(admin, there, body, pointer, code):
    right = {"code": f"{there.code}-09", "category": there.category, "sla_hours": 24, **NAMES}
    body = {k: v.replace("{d}", there.code) if isinstance(v, str) else v for k, v in body.items()}
    assert admin.post("/subcategories", {**right, **body}, expect=422).pointers(code) == [pointer]


def test_codes_are_for_ever_and_a_subcategory_keeps_its_department(admin, there):
    assert admin.post(f"/departments/{there.code}", {"version": 1, "code": "NEW"}, expect=422).pointers("unknown_key") == ["/code"]
    assert admin.post(f"/categories/{there.category}", {"version": 1, "department": "DRN"}, expect=422).pointers() == ["/department"]
    refused = admin.post(f"/subcategories/{there.subcategory}", {"version": 1, "category": "DRN-A"}, expect=422)
    assert refused.pointers("mismatch") == ["/category"]
    other = f"{there.code}-B"
    admin.post("/categories", {"code": other, "department": there.code, **NAMES}, expect=201)
    assert admin.post(f"/subcategories/{there.subcategory}", {"version": 1, "category": other}, expect=200).data["category"] == other
    for path in (f"/departments/{there.code}", f"/subcategories/{there.subcategory}"):
        assert admin.delete(path, expect=405).code == "method_not_allowed"


def test_what_is_not_there_is_not_found(admin):
    for path in ("/departments/XYZ", "/categories/DRN-ZZ", "/subcategories/DRN-999", "/departments/%E0%A6%95", "/settings/colour"):
        body = {"version": 1, "value": 1} if "settings" in path else {"version": 1, "en": "x"}
        admin.call("PUT" if "settings" in path else "POST", path, body, expect=404)


@pytest.mark.parametrize("kind", ["subcategories", "categories", "departments"])
def test_what_is_inactive_takes_no_new_complaints_and_keeps_the_old(admin, there, stack, phone, database, kind):
    citizen = Client(stack.base_url, phone).login()
    eventually(lambda: citizen.lodge(expect=(201, 422), subcategory=there.subcategory).status == 201)
    code = {"departments": there.code, "categories": there.category, "subcategories": there.subcategory}[kind]
    admin.post(f"/{kind}/{code}", {"version": 1, "active": False}, expect=200)
    refused = eventually(lambda: (a := citizen.lodge(expect=(201, 422), subcategory=there.subcategory)).status == 422 and a)
    assert refused.pointers("not_found") == ["/subcategory"]
    shown = [c["code"] for d in citizen.get("/catalogue", expect=200).data["departments"] for c in d["categories"] for c in c["subcategories"]]
    assert there.subcategory not in shown
    number = citizen.mine()[-1]["number"]
    citizen.withdraw(number, version=1)
    assert citizen.status(number).data["state"] == "WITHDRAWN"
    admin.post(f"/{kind}/{code}", {"version": 2, "active": True}, expect=200)
    eventually(lambda: citizen.lodge(expect=(201, 422), subcategory=there.subcategory).status == 201)


def test_a_controlling_officer_keeps_their_own_categories_alone(there, admin, stack):
    boss = there.controlling(stack)
    code = f"{there.code}-02"
    made = boss.post("/subcategories", {"code": code, "category": there.category, "sla_hours": 8, **NAMES}, expect=201).data
    boss.post(f"/subcategories/{code}", {"version": made["version"], "sla_hours": 12}, expect=200)
    assert past(admin, "subcategory", code)[0]["user"] == boss.user
    boss.post("/categories", {"code": f"{there.code}-B", "department": there.code, **NAMES}, expect=201)
    assert {i["code"] for i in boss.get("/subcategories", params={"department": there.code}, expect=200).data["items"]} == {there.subcategory, code}
    # of another department: refused before anything else is said about it
    for kind, other in (("categories", "DRN-A"), ("subcategories", "DRN-01")):
        boss.post(f"/{kind}/{other}", {"version": 1, "en": "Mine"}, expect=403)
        boss.post(f"/{kind}/{other}", {"version": 99, "en": "Mine"}, expect=403)
    boss.post("/categories", {"code": "DRN-Q", "department": "DRN", **NAMES}, expect=403)
    boss.post("/subcategories", {"code": "DRN-98", "category": "DRN-A", "sla_hours": 8, **NAMES}, expect=403)
    boss.post("/departments", {"code": fresh_code(), **NAMES}, expect=403)
    boss.post(f"/departments/{there.code}", {"version": 1, "active": False}, expect=403)


# -- holidays

def test_a_holiday_moves_promises_made_from_now_on(admin, there, stack, phone, database):
    admin.post(f"/subcategories/{there.subcategory}", {"version": 1, "sla_hours": 48}, expect=200)
    citizen = Client(stack.base_url, phone).login()
    first = eventually(lambda: (a := citizen.lodge(expect=(201, 422), subcategory=there.subcategory)).status == 201 and a).data
    kolkata = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    due = datetime.datetime.fromisoformat(first["due_at"].replace("Z", "+00:00")).astimezone(kolkata)
    day = (due - datetime.timedelta(seconds=1)).date().isoformat()     # due at midnight is due at the end of the day before
    assert day not in {h["day"] for h in admin.get("/holidays", expect=200).data["items"]}
    made = admin.call("PUT", f"/holidays/{day}", NAMES, expect=200)
    try:
        assert made.data == {"day": day, **NAMES}
        assert day in {h["day"] for h in admin.get("/holidays", params={"year": day[:4]}, expect=200).data["items"]}
        before = version(database)
        admin.call("PUT", f"/holidays/{day}", NAMES, expect=200)
        assert version(database) == before and len(past(admin, "holiday", day)) == 1
        later = eventually(lambda: (a := citizen.lodge(subcategory=there.subcategory)).data["due_at"][:10] > first["due_at"][:10] and a).data
        assert later["due_at"] > first["due_at"]
        # what was promised stays promised
        assert citizen.get(f"/complaints/{first['number']}", expect=200).data["due_at"] == first["due_at"]
    finally:
        admin.delete(f"/holidays/{day}", expect=204)
    admin.delete(f"/holidays/{day}", expect=404)
    gone, made = past(admin, "holiday", day)
    assert gone["after"] is None and gone["before"] == NAMES == made["after"]


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "1999-01-01", "2100-01-01", "26-01-01", "tomorrow", "2026-1-1", "2026-01-01T00"])
def test_a_day_that_is_none_is_refused(admin, day):
    assert admin.call("PUT", f"/holidays/{day}", NAMES, expect=422).pointers("format") == ["/day"]
    assert admin.delete(f"/holidays/{day}", expect=422).pointers("format") == ["/day"]


# -- settings

def test_a_setting_moves_within_its_bounds(admin, database):
    now = next(s for s in admin.get("/settings", expect=200).data["items"] if s["name"] == "similar_metres")
    before = version(database)
    changed = admin.call("PUT", "/settings/similar_metres", {"value": now["least"], "version": now["version"]}, expect=200).data
    assert (changed["value"], changed["version"], changed["changed_by"]) == (now["least"], now["version"] + 1, "admin")
    assert version(database) == before + 1
    assert admin.call("PUT", "/settings/similar_metres", {"value": 300, "version": now["version"]}, expect=409).code == "changed_meanwhile"
    for value in (now["least"] - 1, now["most"] + 1, -2**62, 2**62):
        refused = admin.call("PUT", "/settings/similar_metres", {"value": value, "version": changed["version"]}, expect=422)
        assert refused.pointers("range") == ["/value"] and str(now["most"]) in refused.data["errors"][0]["detail"]
    for value in ("250", 1.5, None, True):
        admin.call("PUT", "/settings/similar_metres", {"value": value, "version": changed["version"]}, expect=422)
    admin.call("PUT", "/settings/similar_metres", {"value": now["value"], "version": changed["version"]}, expect=200)
    back, there = past(admin, "setting", "similar_metres")[:2]
    assert (there["before"], there["after"], back["after"]) == ({"value": now["value"]}, {"value": now["least"]}, {"value": now["value"]})


# -- who may

ASKED = [("GET", "/departments"), ("GET", "/categories"), ("GET", "/subcategories"), ("GET", "/settings"), ("GET", "/changes"),
         ("POST", "/departments"), ("POST", "/departments/DRN"), ("POST", "/categories"), ("POST", "/categories/DRN-A"),
         ("POST", "/subcategories"), ("POST", "/subcategories/DRN-01"), ("PUT", "/holidays/2030-01-01"), ("DELETE", "/holidays/2030-01-01"),
         ("PUT", "/settings/similar_metres")]


@pytest.mark.parametrize("role", ["lme", "gro", "eo1", "eo2", "desk", "commissioner", "mayor"])
def test_other_officers_change_nothing(stack, phone, role):
    officer = demo_login(stack, phone, role)
    for method, path in ASKED:
        officer.call(method, path, {} if method in ("POST", "PUT") else None, expect=403)
    officer.get("/holidays", expect=200)


def test_a_controlling_officer_changes_no_rules(stack, phone):
    officer = demo_login(stack, phone, "controlling")
    for method, path in ASKED[3:7] + ASKED[11:]:
        officer.call(method, path, {} if method in ("POST", "PUT") else None, expect=403)


def test_nobody_else_changes_anything(anyone, citizen):
    for method, path in [*ASKED, ("GET", "/holidays")]:
        body = {} if method in ("POST", "PUT") else None
        anyone.call(method, path, body, expect=401)
        citizen.call(method, path, body, expect=403)


def test_the_record_goes_back_page_by_page(admin, there):
    pages, cursor = [], None
    for _ in range(3):
        page = admin.get("/changes", params={"limit": 2, **({"cursor": cursor} if cursor else {})}, expect=200).data
        pages += page["items"]
        cursor = page["next"]
    assert len(pages) == 6 and [p["at"] for p in pages] == sorted((p["at"] for p in pages), reverse=True)
    assert pages[0]["what"] == "subcategory" and pages[0]["subject"] == there.subcategory
    admin.get("/changes", params={"cursor": "x" * 32}, expect=422)


# -- whatever is sent

LEAF = st.one_of(st.none(), st.booleans(), st.integers(-2**70, 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=40),
                 st.sampled_from(["", " ", "\x00", "\u202e", "A" * 3000, "ক" * 101, "' OR 1=1 --", "DRN", "DRN-A", "\r\n"]))
VALUE = st.recursive(LEAF, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)), max_leaves=5)
CHANGES = [op for op in openapi.operations() if op.body_schema() and "administration" in op.spec["tags"]]


@pytest.mark.parametrize("op", CHANGES, ids=str)
def test_a_body_that_is_nearly_right_is_taken_or_refused_with_a_pointer(admin, there, op):
    """The document's examples with fields changed, dropped or added, on things of this test alone."""
    mine = {"/departments/{code}": there.code, "/categories/{code}": there.category, "/subcategories/{code}": there.subcategory,
            "/holidays/{day}": "2029-02-03", "/settings/{name}": "similar_metres"}
    path = op.path.split("{")[0] + mine.get(op.path, "")
    names = sorted(openapi.resolve(op.body_schema())["properties"])

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(op.body_examples()), st.dictionaries(st.sampled_from(names), VALUE, min_size=1, max_size=3), st.sets(st.sampled_from(names)))
    def send(example, changed, dropped):
        body = {k: v for k, v in example.items() if k not in dropped} | changed
        for field in ("code", "category", "department"):
            if body.get(field) == example.get(field) and field in body:
                body[field] = {"department": there.code, "category": there.category}.get(field, "ZZZZ")
        answer = admin.call(op.method, path, body, expect=(200, 201, 400, 409, 422))
        if answer.status == 422:
            assert answer.pointers(), answer
    send()
    admin.call("DELETE", "/holidays/2029-02-03", expect=(204, 404))
