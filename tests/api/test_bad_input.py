"""Hypothesis against every operation of the document: never a 5xx, never a hang, always a problem, with a pointer when it is a 422."""
import json
import re
import string
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import openapi
import staff
from numbers_ekmc import number
from people import officer

OPERATIONS = [op for op in openapi.operations() if op.path != "/openapi.json"]
# administrators' have tests of their own in test_admin.py, on things that may be changed
WITH_BODY = [op for op in OPERATIONS if op.body_schema() and "administration" not in op.spec["tags"]]
FEW = settings(max_examples=30, deadline=None, derandomize=True, database=None,
               suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large])
MORE = settings(FEW, max_examples=80)

NASTY = ["", " ", "\x00", "\u202e", "\ufeff", "0", "-0", "1e309", "NaN", "null", "true", "[]", "{}", "../..", "%2e%2e%2f", "' OR 1=1 --", "${x}",
         "<script>", "\r\nX-A: b", "🦜" * 50, "ক" * 300, "A" * 3000, "২৬১১০০০০০০১৬", number("2611", 1), number("2403", 1), "261100000017",
         "2023WSU004512", "9223372036854775808", "-9223372036854775809", "1.0", "+1", "0x10", "1_000", "\u0661"]
text = st.one_of(st.sampled_from(NASTY), st.text(max_size=60))
scalar = st.one_of(st.none(), st.booleans(), st.integers(-2**70, 2**70), st.floats(allow_nan=False, allow_infinity=False), text)
value = st.recursive(scalar, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(text, inner, max_size=4)), max_leaves=8)
header_text = st.text(string.printable.strip() + " é", max_size=80).map(lambda s: s.strip().encode("utf-8"))
path_text = st.one_of(text.map(lambda s: quote(s, safe="")), st.binary(min_size=1, max_size=20).map(lambda b: quote_from_bytes(b, safe="")))


def judge(answer):
    """What every refusal owes its caller beyond what the client checks already."""
    assert answer.status < 500, answer
    assert answer.seconds < 5, answer
    if answer.status == 422:
        assert answer.code == "key_reused" or answer.pointers(), f"no pointer: {answer}"
    return answer


VICTIM = "somebody.to.change"


@pytest.fixture(scope="module")
def boss(stack, phone, database):
    """An administrator whom a few wrong passwords may lock out."""
    with staff.People(staff.demo(stack, phone, "admin"), database) as people:
        people.account(user=VICTIM)
        yield people.hire(("ADMIN",))


@pytest.fixture(scope="module")
def clerk(stack, phone, database):
    """What only officers may call gets no further than its gate with a citizen."""
    return officer(stack, phone, database, "gro.drn")


@pytest.fixture
def caller(anyone, citizen, boss, clerk):
    def who(op):
        """Logging out for real would end the login that the other examples need."""
        if op.public or op.method == "DELETE":
            return anyone
        if op.spec["tags"] == ["work"]:
            return clerk
        return boss if op.path.startswith(("/me/", "/users", "/templates")) else citizen
    return who


def plain_path(op):
    examples = {p["name"]: p.get("example") for p in op.parameters("path")} | {"number": number("2611", 1), "user": VICTIM}
    return op.base + re.sub(r"{(\w+)}", lambda m: examples[m[1]], op.path)


def plain_query(op):
    return {p["name"]: p["example"] for p in op.parameters("query") if p.get("required")}


@pytest.mark.parametrize("op", [op for op in OPERATIONS if "{" in op.path], ids=str)
def test_any_path(op, caller):
    client = caller(op)

    @MORE
    @given(path_text)
    def send(part):
        body = op.body_examples()[0] if op.body_schema() else None
        judge(client.call(op.method, op.base + re.sub(r"{\w+}", lambda _: part or "%20", op.path), body, expect=range(200, 500)))
    send()


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op.method == "GET"], ids=str)
def test_any_query(op, caller):
    client = caller(op)
    names = [p["name"] for p in op.parameters("query")]
    pair = st.tuples(st.one_of(st.sampled_from(names), text) if names else text, text)

    @(MORE if names else FEW)
    @given(st.lists(pair, max_size=5), st.booleans())
    def send(pairs, with_required):
        params = (list(plain_query(op).items()) if with_required else []) + pairs
        judge(client.call(op.method, plain_path(op), params=params, expect=range(200, 500)))
    send()


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_any_headers(op, caller):
    client = caller(op)
    names = ["If-None-Match", "Accept-Language", "X-Request-Id", "Idempotency-Key", "X-Ekmc-Csrf", "Cookie", "Accept", "Origin",
             "Content-Type", "Range", "If-Match", "X-HTTP-Method-Override", "X-Forwarded-For", "Authorization"]

    @FEW
    @given(st.dictionaries(st.sampled_from(names), header_text, max_size=4))
    def send(headers):
        # an empty object is refused by every call that takes a body: nothing is lodged, no SMS is sent
        raw = b"{}" if op.body_schema() else None
        judge(client.call(op.method, plain_path(op), raw=raw, params=plain_query(op), headers=headers, expect=range(200, 500)))
    send()


@pytest.mark.parametrize("op", WITH_BODY, ids=str)
def test_any_json(op, caller):
    client = caller(op)

    @MORE
    @given(value)
    def send(body):
        refused = judge(client.call(op.method, plain_path(op), raw=json.dumps(body).encode(), expect=range(200, 500)))
        if refused.status != 429:
            # an object without anything in it is all that these take
            assert refused.status in (400, 404, 422) or body == {} and str(op) in (
                "PATCH /users/{user}", "POST /users/{user}/password", "POST /complaints/search")
    send()


@pytest.mark.parametrize("op", WITH_BODY, ids=str)
def test_any_field_of_another_kind(op, caller):
    """The document's own examples with one field changed, dropped or added: close to right, so that it gets far."""
    client = caller(op)
    schemas = [openapi.resolve(op.body_schema())]
    schemas += [openapi.resolve(s) for s in schemas[0].get("oneOf", [])]
    names = sorted({name for s in schemas for name in s.get("properties", {})}) or ["anything"]

    @MORE
    @given(st.sampled_from(op.body_examples()), st.dictionaries(st.sampled_from(names), value, min_size=1, max_size=3), st.sets(st.sampled_from(names)))
    def send(example, changed, dropped):
        body = {k: v for k, v in {**example, **changed}.items() if k not in dropped}
        if op.path == "/otp" and "mobile" not in changed:
            body.pop("mobile", None)    # the example's mobile is somebody's limit
        judge(client.call(op.method, plain_path(op), raw=json.dumps(body).encode(), expect=range(200, 500)))
    send()


@pytest.mark.parametrize("op", WITH_BODY, ids=str)
def test_any_bytes(op, caller):
    client = caller(op)
    example = json.dumps(op.body_examples()[0], ensure_ascii=False).encode()
    cut = st.integers(0, len(example) - 1).map(lambda i: example[:i])
    flipped = st.tuples(st.integers(0, len(example) - 1), st.integers(0, 255)).map(lambda t: example[:t[0]] + bytes([t[1]]) + example[t[0] + 1:])
    deep = st.integers(1, 3000).map(lambda n: b'{"description":' + b"[" * n + b"]" * n + b"}")
    paths = (400, 401, 404, 409, 410, 413, 422, 429, *range(200, 300))

    @MORE
    @given(st.one_of(st.binary(max_size=300), cut, flipped, deep))
    def send(raw):
        if op.path == "/otp" and b'"mobile"' in raw:
            raw = raw.replace(b"98300", b"11100")
        judge(client.call(op.method, plain_path(op), raw=raw, expect=paths))
    send()
