"""The texts of messages: who may change them, to what, and what the next citizen reads."""
import json
import random
import unicodedata

import pytest

import mariadb
from client import Client

TEXT = "We have complaint {number} ({subcategory}) until {due}. -KMC"
DLT = "1107167200000099999"


@pytest.fixture(scope="module")
def officer(stack, phone):
    """officer(role): an employee of the demonstration who is logged in."""
    logins = json.loads((stack.layout.dir / "demo.json").read_text("utf-8"))["logins"]

    def login(role):
        found = next(x for x in logins if x["role"] == role)
        one = Client(stack.base_url, phone)
        one.token = one.post("/sessions", {"user": found["user"], "password": found["password"]}, expect=201).data["token"]
        one.user = found["user"]
        return one
    return login


@pytest.fixture(scope="module")
def admin(officer):
    return officer("admin")


@pytest.fixture
def restored(admin):
    """Texts are put back after the test: restored("registered", "en")."""
    before = []

    def keep(code, language):
        before.append((code, language, admin.get(f"/templates/{code}/{language}", expect=200).data))
        return before[-1][2]
    yield keep
    for code, language, was in before:
        admin.call("PUT", f"/templates/{code}/{language}", {"text": was["text"], "dlt_id": was["dlt_id"]}, expect=200)


def put(admin, code, language, expect=200, **body):
    return admin.call("PUT", f"/templates/{code}/{language}", {"text": TEXT, "dlt_id": DLT, **body}, expect=expect)


def test_every_message_has_a_text_in_three_languages(admin, database):
    items = admin.get("/templates", expect=200).data["items"]
    assert [i["code"] for i in items] == sorted({c for c, in database("SELECT code FROM sms_template")})
    for item in items:
        assert set(item["texts"]) == {"en", "bn", "hi"}
        assert item["placeholders"] and any(p["required"] for p in item["placeholders"])
        assert item["texts"]["en"]["longest"]["encoding"] == "GSM7" and item["texts"]["bn"]["longest"]["encoding"] == "UCS2"
        for text in item["texts"].values():
            assert 1 <= text["longest"]["parts"] <= 2 and len(text["dlt_id"]) == 19


def test_only_an_administrator_sees_and_changes_them(anyone, citizen, officer):
    preview = {"code": "registered", "language": "en", "text": TEXT}
    for caller, status in [(anyone, 401), (citizen, 403), *((officer(r), 403) for r in ("lme", "gro", "desk", "controlling", "commissioner"))]:
        caller.get("/templates", expect=status)
        caller.get("/templates/registered/en", expect=status)
        put(caller, "registered", "en", expect=status)
        caller.post("/templates/preview", preview, expect=status)


def test_a_changed_text_is_what_the_next_citizen_reads(admin, fresh_citizen, phone, restored):
    was = restored("registered", "en")
    changed = put(admin, "registered", "en").data
    assert changed["text"] == TEXT and changed["dlt_id"] == DLT and changed["changed_by"] == admin.user
    assert changed["changes"][0]["text_before"] == was["text"] and changed["changes"][0]["dlt_id_before"] == was["dlt_id"]
    assert changed["changes"][0]["by"] == admin.user and changed["changes"][0]["at"] == changed["changed_at"]
    number = fresh_citizen.lodge(language="en").data["number"]
    message = phone.wait_for(fresh_citizen.mobile, number)
    assert message["text"].startswith("We have complaint ") and message["template_id"] == DLT and message["number"] == number
    # other languages have theirs
    number = fresh_citizen.lodge(language="hi").data["number"]
    assert phone.wait_for(fresh_citizen.mobile, number)["template_id"] != DLT


def test_the_same_again_is_no_change(admin, restored):
    restored("escalated", "en")
    first = put(admin, "escalated", "en", text="Complaint {number} went up. -KMC").data
    again = put(admin, "escalated", "en", text="  Complaint {number} went up. -KMC ").data
    assert again == first


def test_seeding_leaves_a_changed_text_alone_and_says_so(stack, admin, restored):
    restored("reopened", "hi")
    text = "शिकायत {number} खोली गई।"
    put(admin, "reopened", "hi", text=text)
    done = mariadb.ctl(stack.layout, "seed", "--dir", stack.layout.source("sql/seed"))
    assert done.returncode == 0 and "templates.csv: reopened hi stays as an administrator wrote it" in done.stdout
    assert admin.get("/templates/reopened/hi", expect=200).data["text"] == text


@pytest.mark.parametrize("code, language, body, pointers", [
    ("registered", "en", {"text": "Complaint {number} for {reason}"}, {"/text": "format"}),
    ("registered", "en", {"text": "Complaint {nummer}"}, {"/text": "format"}),
    ("registered", "en", {"text": "Complaint {number"}, {"/text": "format"}),
    ("registered", "en", {"text": "Your complaint"}, {"/text": "format"}),
    ("otp", "en", {"text": "Welcome to KMC, {minutes} minutes"}, {"/text": "format"}),
    ("registered", "bn", {"text": "शिकायत {number}"}, {"/text": "format"}),
    ("registered", "en", {"text": "{number} " + "x" * 400}, {"/text": "too_long"}),
    ("registered", "bn", {"text": "{number} " + "ক" * 200}, {"/text": "too_long"}),
    ("registered", "en", {"text": "x" * 1001}, {"/text": "too_long"}),
    ("registered", "en", {"text": "{number}\nnext line"}, {"/text": "format"}),
    ("registered", "en", {"text": "   "}, {"/text": "required"}),
    ("registered", "en", {"text": 5}, {"/text": "type"}),
    ("registered", "en", {"dlt_id": "1234"}, {"/dlt_id": "format"}),
    ("registered", "en", {"dlt_id": "১১০৭১৬৭২০০০০০০৯৯৯৯৯"}, {"/dlt_id": "format"}),
    ("registered", "en", {"dlt_id": None}, {"/dlt_id": "required"}),
    ("registered", "en", {"audience": "citizen"}, {"/audience": "unknown_key"}),
    ("registered", "en", {"text": "{", "dlt_id": "x"}, {"/dlt_id": "format", "/text": "format"}),
])
def test_what_could_not_be_sent_is_refused(admin, database, code, language, body, pointers):
    before = database("SELECT COUNT(*) FROM sms_template_change")
    answer = put(admin, code, language, expect=422, **body)
    assert {e["pointer"]: e["code"] for e in answer.data["errors"]} == pointers
    assert database("SELECT COUNT(*) FROM sms_template_change") == before


def test_the_refusal_says_what_may_stand_there(admin):
    details = [e["detail"] for e in put(admin, "otp", "en", expect=422, text="Hello {name}").data["errors"]]
    assert "{code}" in details[0] and "{minutes}" in details[0]


@pytest.mark.parametrize("path", ["/templates/nothing/en", "/templates/registered/fr", "/templates/Registered/en",
                                  "/templates/%E0%A6%95/en"])
def test_there_is_no_such_text(admin, path):
    admin.get(path, expect=404)
    admin.call("PUT", path, {"text": TEXT, "dlt_id": DLT}, expect=404)


def test_a_preview_shows_what_would_be_sent_and_changes_nothing(admin, stack):
    before = admin.get("/templates", expect=200).data
    shown = admin.post("/templates/preview", {"code": "resolved", "language": "en", "text": "Done: {number} {site}/r#{link}"}, expect=200).data
    assert shown["example"].startswith("Done: 2611 0000 0016 " + stack.base_url + "/r#2611") and "{" not in shown["example"]
    assert (shown["encoding"], shown["parts"], shown["units"]) == ("GSM7", 1, len(shown["example"]))
    assert shown["longest"] == {"encoding": "GSM7", "units": len("Done:  /r#") + 14 + len(stack.base_url) + 28, "parts": 1}
    shown = admin.post("/templates/preview", {"code": "lme_refused", "language": "bn", "text": "{number}: {reason}। ক"}, expect=200).data
    assert shown["encoding"] == "UCS2" and shown["longest"]["units"] == 14 + 2 + 30 + 3 and shown["units"] == len(shown["example"])
    assert admin.get("/templates", expect=200).data == before
    admin.post("/templates/preview", {"code": "nothing", "language": "en", "text": "x"}, expect=422)
    assert admin.post("/templates/preview", {"code": "otp", "language": "bn", "text": "{code"}, expect=422).pointers() == ["/text"]


def test_letters_are_stored_one_way(admin, restored):
    """The judge is Python's copy of the Unicode database."""
    random.seed(20261123)
    for language, first, last in (("bn", 0x0980, 0x09FE), ("hi", 0x0900, 0x097F)):
        marks = [chr(c) for c in range(first, last + 1) if unicodedata.decomposition(chr(c)) or unicodedata.combining(chr(c))
                 or chr(c) in "\u09be\u09d7\u09c7\u0928\u0930\u0933"]
        for _ in range(30):
            letters = "".join(random.choice(marks) if random.random() < 0.7 else chr(random.randint(first, last)) for _ in range(60))
            text = "{number} " + ("ক" if language == "bn" else "क") + letters
            shown = admin.post("/templates/preview", {"code": "assigned", "language": language, "text": text}, expect=200).data
            assert shown["text"] == unicodedata.normalize("NFC", text)
    restored("assigned", "bn")
    assert put(admin, "assigned", "bn", text="{number} \u09df").data["text"] == "{number} \u09af\u09bc"
