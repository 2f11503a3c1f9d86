"""Tokens and cookies: what they open, and how fast they stop doing so."""
import pytest

import raw
from client import Client


def with_cookie(client, citizen, csrf=None):
    """requests does not send __Host- cookies over http, so the header is set by hand, as a browser would."""
    value = citizen.session.headers["Set-Cookie"].split(";")[0]
    headers = {"Cookie": value, **({"X-Ekmc-Csrf": csrf} if csrf else {})}
    return Client(client.base_url, client.phone, headers=headers)


def test_me_shows_the_last_four_digits_only(fresh_citizen):
    answer = fresh_citizen.get("/me", expect=200)
    me = answer.data
    assert (me["kind"], me["mobile"], me["roles"]) == ("citizen", "******" + fresh_citizen.mobile[-4:], [])
    assert fresh_citizen.mobile not in answer.body.decode()
    assert fresh_citizen.session.data["me"]["mobile"] == me["mobile"]


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer x", "Bearer " + "A" * 43, "Basic dXNlcjpwYXNz", "Bearer a b", "bearer",
                                   "Bearer " + "é" * 20, "Bearer " + "A" * 4000])
def test_a_token_that_is_none_opens_nothing(anyone, value):
    refused = anyone.get("/me", headers={"Authorization": value.encode("utf-8")}, expect=(400, 401))
    assert refused.code in ("unauthenticated", "malformed")


@pytest.mark.parametrize("method, path", [("GET", "/me"), ("GET", "/sessions"), ("DELETE", "/sessions"), ("DELETE", "/sessions/current"),
    ("POST", "/complaints"), ("GET", "/complaints"), ("GET", "/complaints/261100000016"), ("GET", "/complaints/261100000016/timeline"),
    ("POST", "/complaints/261100000016/actions")])
def test_without_a_login_the_door_is_shut(anyone, method, path):
    assert anyone.call(method, path, {} if method == "POST" else None, expect=401).code == "unauthenticated"


def test_sessions_are_listed_and_the_current_one_is_marked(anyone, fresh_citizen):
    second = anyone.login(fresh_citizen.mobile)
    items = second.get("/sessions", expect=200).data["items"]
    assert len(items) == 2 and len({s["id"] for s in items}) == 2
    assert [s["current"] for s in items].count(True) == 1
    text = second.get("/sessions").body.decode()
    assert second.token not in text and fresh_citizen.token not in text


def test_logging_out_takes_effect_at_once(fresh_citizen):
    twin = fresh_citizen.twin()
    for _ in range(3):
        twin.get("/me", expect=200)     # so that it is in every cache there is
    fresh_citizen.delete("/sessions/current", expect=204)
    assert twin.get("/me", expect=401).code == "unauthenticated"
    twin.lodge(expect=401)


def test_logging_out_here_leaves_the_other_device_alone(anyone, fresh_citizen):
    other = anyone.login(fresh_citizen.mobile)
    fresh_citizen.delete("/sessions/current", expect=204)
    other.get("/me", expect=200)


def test_logging_out_everywhere_ends_every_session(anyone, fresh_citizen):
    others = [anyone.login(fresh_citizen.mobile) for _ in range(2)]
    for client in others:
        client.get("/me", expect=200)
    fresh_citizen.delete("/sessions", expect=204)
    for client in (*others, fresh_citizen):
        client.get("/me", expect=401)


def test_a_wrong_password_does_not_tell_whether_the_user_exists(anyone):
    refused = [anyone.post("/sessions", {"user": user, "password": "not the password"}, expect=401) for user in ("nobody-at-all", "admin")]
    assert {r.code for r in refused} == {"login_wrong"}
    assert len({r.data["detail"] for r in refused}) == 1


@pytest.mark.parametrize("body", [{}, {"otp_id": "AAAAAAAAAAAAAAAA"}, {"code": "123456"}, {"user": "admin"}, {"password": "x"},
                                  {"otp_id": "AAAAAAAAAAAAAAAA", "code": "123456", "user": "admin", "password": "x"},
                                  {"otp_id": "AAAAAAAAAAAAAAAA", "code": 123456}, {"otp_id": None, "code": None},
                                  {"user": "admin", "password": "x" * 5000}])
def test_half_a_login_is_refused_with_a_pointer(anyone, body):
    assert anyone.post("/sessions", body, expect=422).pointers()


def test_a_cookie_session_hides_its_token_from_scripts(anyone):
    citizen = anyone.login(cookie=True)
    assert "token" not in citizen.session.data
    value, *attributes = [p.strip() for p in citizen.session.headers["Set-Cookie"].split(";")]
    assert value.startswith("__Host-ekmc=")
    flags = {a.lower() for a in attributes}
    assert {"httponly", "secure", "samesite=strict", "path=/"} <= flags
    assert not any(f.startswith("domain") for f in flags)
    assert with_cookie(anyone, citizen).get("/me", expect=200).data["csrf"] == citizen.session.data["csrf"]


def test_a_cookie_alone_changes_nothing(anyone):
    citizen = anyone.login(cookie=True)
    browser = with_cookie(anyone, citizen)
    assert browser.lodge(expect=403).code == "csrf"
    assert browser.delete("/sessions/current", expect=403).code == "csrf"
    assert with_cookie(anyone, citizen, "wrong-token-0").lodge(expect=403).code == "csrf"
    assert browser.mine() == []


def test_the_csrf_token_of_somebody_else_does_not_fit(anyone):
    citizen, other = anyone.login(cookie=True), anyone.login(cookie=True)
    assert with_cookie(anyone, citizen, other.session.data["csrf"]).lodge(expect=403).code == "csrf"


def test_a_cookie_with_its_csrf_token_lodges_and_logs_out(anyone):
    citizen = anyone.login(cookie=True)
    browser = with_cookie(anyone, citizen, citizen.session.data["csrf"])
    number = browser.lodge().data["number"]
    assert [c["number"] for c in browser.mine()] == [number]
    browser.delete("/sessions/current", expect=204)
    with_cookie(anyone, citizen).get("/me", expect=401)


@pytest.mark.parametrize("name", ["Authorization", "Idempotency-Key"])
@pytest.mark.parametrize("same", [True, False])
def test_a_security_header_twice_is_refused(stack, citizen, name, same):
    first = f"Bearer {citizen.token}" if name == "Authorization" else "a-key-of-this-test"
    headers = [(name, first), (name, first if same else first + "x"), ("Content-Type", "application/json")]
    if name != "Authorization":
        headers.append(("Authorization", f"Bearer {citizen.token}"))
    body = b'{"subcategory":"DRN-01","description":"twice","ward":63}'
    answer = raw.request(stack.port, "POST", "/api/v1/complaints", headers, body)
    assert (answer.status, answer.code) == (400, "malformed")


def test_a_bearer_and_a_cookie_together_never_mix_two_people(anyone):
    bearer, browser = anyone.login(), anyone.login(cookie=True)
    both = with_cookie(anyone, browser)
    both.token = bearer.token
    answer = both.get("/me", expect=(200, 400))
    if answer.status == 200:
        assert answer.data["mobile"].endswith(bearer.mobile[-4:])
