"""Limits as they are set by default, on a stack of their own. Each test calls from its own loopback address."""
import time

import pytest

from client import Client, Phone, fresh_mobile
from numbers_ekmc import number
from watch import LogWatch, wait_ready

UNKNOWN = number("2611", 9999998)


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    from stack import Stack
    with Stack(tmp_path_factory.mktemp("strict"), settings={"otp.ttl_s": 2, "otp.address_hour": 8}, with_demo=False) as s:
        wait_ready(s)
        watch = LogWatch(s)
        yield s
        assert not watch.unexpected()


@pytest.fixture
def caller(strict):
    """caller(n): somebody at 127.0.0.n."""
    return lambda n: Client(strict.base_url, Phone(strict.sim("sms") + "/sms"), source=f"127.0.0.{n}")


def test_status_is_limited_by_the_minute_and_address(caller):
    mine, other = caller(11), caller(12)
    got = [mine.get(f"/status/{UNKNOWN}", expect=(404, 429)) for _ in range(60)]
    first = [a.status for a in got].index(429)
    assert 29 <= first <= 45, f"refused after {first}"
    refused = [a for a in got if a.status == 429]
    assert refused[0].code == "rate_limited"
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
    assert len(refused) >= 10
    other.get(f"/status/{UNKNOWN}", expect=404)
    mine.get("/wards", expect=200)


def test_an_address_cannot_be_made_up(caller):
    mine = caller(13)
    got = [mine.get(f"/status/{UNKNOWN}", expect=(404, 429), headers={"X-Forwarded-For": f"10.0.0.{i}", "X-Real-IP": f"10.1.0.{i}",
                                                                     "Forwarded": f"for=10.2.0.{i}"}).status for i in range(60)]
    assert got.count(429) >= 10


def test_a_code_expires(caller):
    mine = caller(14)
    mobile = fresh_mobile()
    otp_id = mine.ask_otp(mobile)
    code = mine.phone.code(mobile)
    time.sleep(2.2)
    assert mine.post("/sessions", {"otp_id": otp_id, "code": code}, expect=401).code == "otp_spent"


def test_codes_are_limited_by_the_hour_and_address(caller):
    mine, other = caller(15), caller(16)
    for _ in range(8):
        mine.ask_otp(fresh_mobile())
    refused = mine.post("/otp", {"mobile": fresh_mobile()}, expect=429)
    assert refused.code == "otp_limit"
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    other.ask_otp(fresh_mobile())


def test_codes_are_limited_without_redis_too(strict, caller):
    mobile = fresh_mobile()
    for n in (17, 18):
        caller(n).ask_otp(mobile)
    strict.stop("redis")
    try:
        caller(19).ask_otp(mobile)
        assert caller(20).post("/otp", {"mobile": mobile}, expect=429).code == "otp_limit"
    finally:
        strict.start("redis")


def test_the_status_limit_holds_without_redis_too(strict, caller):
    strict.stop("redis")
    try:
        got = [caller(21).get(f"/status/{UNKNOWN}", expect=(404, 429)).status for _ in range(60)]
        assert got.count(429) >= 10
    finally:
        strict.start("redis")
