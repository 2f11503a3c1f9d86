"""Lodging badly: every refusal says what is wrong, where, and all of it at once; nothing is stored."""
import json

import pytest

from client import fresh_key
from test_catalogue import HOWRAH, SALT_LAKE
from test_lodge import BENGALI_4000

GOOD = {"subcategory": "DRN-01", "description": "ok", "ward": 63}


@pytest.fixture(autouse=True)
def nothing_is_stored(request, database):
    before = database("SELECT COUNT(*) FROM complaint")[0][0]
    yield
    assert database("SELECT COUNT(*) FROM complaint")[0][0] == before, "a refused request left a complaint"


def send(citizen, raw, expect, **more):
    return citizen.post("/complaints", raw=raw, expect=expect, key=fresh_key(), **more)


@pytest.mark.parametrize("text, code", [
    (BENGALI_4000 + "।", "too_long"), ("🦜" * 4001, "too_long"), ("x" * 4001, "too_long"), ("", None), (" \n\t ", None)],
    ids=["bengali4001", "emoji4001", "ascii4001", "empty", "blank"])
def test_a_description_of_wrong_length_is_refused(citizen, text, code):
    refused = citizen.lodge(description=text, expect=422)
    assert refused.code == "invalid"
    assert refused.pointers(code) == ["/description"]


@pytest.mark.parametrize("fields, pointer, code", [
    ({"subcategory": "DRN-99"}, "/subcategory", "not_found"),
    ({"subcategory": "ডিআরএন"}, "/subcategory", None),
    ({"subcategory": "DRN-01' OR '1'='1"}, "/subcategory", None),
    ({"subcategory": 1}, "/subcategory", "type"),
    ({"subcategory": None}, "/subcategory", "required"),
    ({"description": None}, "/description", "required"),
    ({"description": ["x"]}, "/description", "type"),
    ({"ward": 0}, "/ward", "range"), ({"ward": 145}, "/ward", "range"), ({"ward": -1}, "/ward", "range"),
    ({"ward": 2**53}, "/ward", "range"), ({"ward": "63"}, "/ward", "type"), ({"ward": 63.5}, "/ward", "type"),
    ({"ward": True}, "/ward", "type"), ({"ward": [63]}, "/ward", "type"), ({"ward": {}}, "/ward", "type"),
    ({"landmark": "x" * 201}, "/landmark", "too_long"), ({"landmark": "ক" * 201}, "/landmark", "too_long"),
    ({"name": "x" * 101}, "/name", "too_long"), ({"language": "fr"}, "/language", None), ({"language": 1}, "/language", "type"),
    ({"channel": "MAYOR_OFFICE"}, "/channel", "format"), ({"channel": "app"}, "/channel", "format"),
    ({"channel": 1}, "/channel", "type"), ({"state": "CLOSED"}, "/state", "unknown_key"),
    ({"a/b~c": 1}, "/a~1b~0c", "unknown_key"), ({"": 1}, "/", "unknown_key"),
    ({"location": {"lat": 22.56}}, "/location/lon", "required"),
    ({"location": {"lat": "22.56", "lon": 88.35}}, "/location/lat", "type"),
    ({"location": {"lat": 91, "lon": 88.35}}, "/location/lat", "range"),
    ({"location": {"lat": 22.56, "lon": -1e308}}, "/location/lon", "range"),
    ({"location": {"lat": 22.56, "lon": 88.35, "accuracy_m": -1}}, "/location/accuracy_m", "range"),
    ({"location": {"lat": 22.56, "lon": 88.35, "alt": 9}}, "/location/alt", "unknown_key"),
    ({"location": "22.56,88.35"}, "/location", "type"), ({"location": []}, "/location", "type")],
    ids=lambda v: json.dumps(v)[:40] if isinstance(v, dict) else None)
def test_one_bad_field_is_named(citizen, fields, pointer, code):
    refused = citizen.lodge(expect=422, **fields)
    assert refused.code in ("invalid", "outside_kolkata")
    assert pointer in refused.pointers(code), refused


def test_all_bad_fields_are_named_at_once(citizen):
    refused = citizen.lodge(expect=422, subcategory=None, description="", ward=999, landmark="x" * 201, name=7, language="xx", rating=5,
                            location={"lat": 100, "lon": "east", "accuracy_m": -5, "alt": 1})
    assert refused.pointers() == sorted([
        "/subcategory", "/description", "/ward", "/landmark", "/name", "/language", "/rating", "/location/lat", "/location/lon",
        "/location/accuracy_m", "/location/alt"])


@pytest.mark.parametrize("fields", [{"department": "LGT"}, {"category": "LGT-A"}, {"department": "LGT", "category": "LGT-A"},
                                    {"subcategory": "LGT-01", "department": "DRN"}])
def test_a_subcategory_of_another_department_does_not_match(citizen, fields):
    refused = citizen.lodge(expect=422, **fields)
    assert set(refused.pointers("mismatch")) & {"/subcategory", "/department", "/category"}


def test_without_a_place_there_is_no_complaint(citizen):
    refused = citizen.lodge(ward=None, expect=422)
    assert set(refused.pointers("required")) & {"/ward", "/location"}


@pytest.mark.parametrize("lat, lon", [HOWRAH, SALT_LAKE], ids=["howrah", "salt_lake"])
def test_a_point_outside_kolkata_is_refused(citizen, lat, lon):
    refused = citizen.lodge(ward=None, location={"lat": lat, "lon": lon}, expect=422)
    assert refused.code in ("outside_kolkata", "invalid")
    assert all(p.startswith("/location") for p in refused.pointers("outside_kolkata")) and refused.pointers("outside_kolkata")


@pytest.mark.parametrize("raw", [
    b"", b"{", b"nonsense", b"<complaint/>", b'{"ward":63,}', b"{'ward':63}", b'{"ward":063}', b'{"ward":NaN}', b'{"ward":1e999}',
    b'{"ward":63}{"ward":64}', b'{"ward":63} x', b'"text"', b"63", b"null", b"true",
    b'{"subcategory":"DRN-01","description":"a\xff\xfeb","ward":63}', b'{"subcategory":"DRN-01","description":"\xc0\xaf","ward":63}',
    b'{"subcategory":"DRN-01","description":"\xed\xa0\x80","ward":63}', b'{"subcategory":"DRN-01","description":"\\ud800","ward":63}',
    b'\xff\xfe{\x00}\x00', b'\x00', b'{"ward":63\x00}', b"subcategory=DRN-01&ward=63"],
    ids=lambda raw: repr(raw)[:45])
def test_what_is_not_json_in_utf8_is_malformed(citizen, raw):
    refused = send(citizen, raw, expect=400)
    assert refused.code == "malformed"


def test_an_array_is_json_but_no_complaint(citizen):
    assert send(citizen, b"[]", expect=(400, 422)).code in ("malformed", "invalid")


@pytest.mark.parametrize("raw", [
    b'{"subcategory":"DRN-01","description":"ok","ward":63,"ward":64}', b'{"ward":63,"\\u0077ard":64,"subcategory":"DRN-01","description":"ok"}',
    b'{"subcategory":"DRN-01","description":"ok","location":{"lat":22.56,"lat":22.57,"lon":88.35}}'], ids=["plain", "escaped", "inner"])
def test_a_key_twice_is_malformed(citizen, raw):
    assert send(citizen, raw, expect=400).code == "malformed"


@pytest.mark.parametrize("raw", [b'{"a":' * 2000 + b"1" + b"}" * 2000, b"[" * 30000 + b"]" * 30000, b'{"location":' + b"[" * 17 + b"]" * 17 + b"}"],
                         ids=["objects", "arrays", "17"])
def test_what_is_nested_too_deep_is_malformed(citizen, raw):
    assert send(citizen, raw, expect=400).code == "malformed"


def test_many_small_values_are_refused_and_cheap(citizen):
    refused = send(citizen, b"[" + b"{}," * 21000 + b"{}]", expect=(400, 422))
    assert refused.seconds < 2


@pytest.mark.parametrize("size", [65537, 70000, 1 << 20, 20 << 20])
def test_what_is_too_large_is_refused(citizen, size):
    raw = json.dumps({**GOOD, "description": "x"}).encode()
    raw = raw[:-1] + b" " * (size - len(raw)) + b"}"
    assert send(citizen, raw, expect=413).code == "too_large"


def test_just_not_too_large_is_read(citizen):
    raw = b'{"nonsense":1' + b" " * 65000 + b"}"
    assert "/nonsense" in send(citizen, raw, expect=422).pointers("unknown_key")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp",
                                  "garbage"])
def test_another_media_type_is_refused(citizen, kind):
    refused = send(citizen, json.dumps(GOOD).encode(), expect=415, headers={"Content-Type": kind})
    assert refused.code == "unsupported_media_type"


@pytest.mark.parametrize("key", ["x" * 65, "a b", "ключ".encode(), "a/b", "a,b", "'"], ids=repr)
def test_a_bad_idempotency_key_is_malformed(citizen, key):
    refused = citizen.post("/complaints", GOOD, headers={"Idempotency-Key": key}, expect=400)
    assert refused.code == "malformed"


def test_refusals_speak_the_language_of_the_caller(citizen):
    seen = {}
    for wanted, language in [("bn", "bn"), ("hi-IN, en;q=0.4", "hi"), ("en", "en"), ("fr", "en"), ("fr, bn;q=0.3", "bn"), ("*", "en"),
                             ("en;q=0.2, hi;q=0.9", "hi"), (";;;q=,,", "en")]:
        refused = citizen.lodge(ward=999, expect=422, headers={"Accept-Language": wanted})
        assert refused.headers["Content-Language"] == language, wanted
        seen[language] = refused.data["title"], refused.data["errors"][0]["detail"]
    assert len({t for t, _ in seen.values()}) == len({d for _, d in seen.values()}) == 3
