"""One-time passwords: forgiving about how a mobile is written, strict about everything else."""
import pytest

from client import fresh_mobile, wrong_code
from numbers_ekmc import BENGALI, DEVANAGARI
from watch import log_lines, together


def guess(client, otp_id, code, **more):
    return client.post("/sessions", {"otp_id": otp_id, "code": code}, **more)


@pytest.mark.parametrize("write", [
    lambda m: m, lambda m: "+91" + m, lambda m: "+91 " + m[:5] + " " + m[5:], lambda m: "0" + m, lambda m: m[:5] + "-" + m[5:],
    lambda m: m.translate(BENGALI), lambda m: m.translate(DEVANAGARI), lambda m: f"  {m}  "],
    ids=["plain", "+91", "spaces", "0", "hyphen", "bengali", "devanagari", "padded"])
def test_a_mobile_is_taken_as_people_write_it(anyone, write):
    mobile = fresh_mobile()
    otp_id = anyone.ask_otp(write(mobile))
    session = guess(anyone, otp_id, anyone.phone.code(mobile), expect=201)
    assert session.data["me"]["mobile"] == "******" + mobile[-4:]


@pytest.mark.parametrize("mobile", ["", "98300", "5830012345", "98300123456", "+1 212 555 0123", "98300abcde", "9830012345;drop",
                                    "৯৮৩০০", "9830012345\n9830012346", "🦜" * 10])
def test_what_is_no_indian_mobile_is_refused(anyone, mobile):
    refused = anyone.post("/otp", {"mobile": mobile}, expect=422)
    assert refused.pointers() == ["/mobile"]
    assert mobile == "" or mobile not in refused.body.decode()


@pytest.mark.parametrize("body, pointer, code", [
    ({}, "/mobile", "required"), ({"mobile": 9830012345}, "/mobile", "type"), ({"mobile": ["9830012345"]}, "/mobile", "type"),
    ({"mobile": "9830012345", "language": "fr"}, "/language", None), ({"mobile": "9830012345", "admin": True}, "/admin", "unknown_key")])
def test_a_bad_request_is_told_where(anyone, body, pointer, code):
    refused = anyone.post("/otp", body, expect=422)
    assert pointer in refused.pointers(code)


def test_the_sms_speaks_the_language_that_was_asked_for(anyone):
    mobile = fresh_mobile()
    anyone.post("/otp", {"mobile": mobile, "language": "bn"}, expect=202)
    code = anyone.phone.code(mobile)
    text = anyone.phone.messages(mobile)[0]["text"]
    assert code in text and any("\u0980" <= c <= "\u09ff" for c in text)


def test_the_right_code_logs_in_once(anyone):
    mobile = fresh_mobile()
    otp_id = anyone.ask_otp(mobile)
    code = anyone.phone.code(mobile)
    assert guess(anyone, otp_id, code, expect=201).data["me"]["kind"] == "citizen"
    assert guess(anyone, otp_id, code, expect=401).code == "otp_spent"


def test_a_code_is_one_use_even_for_callers_at_the_same_instant(anyone):
    mobile = fresh_mobile()
    otp_id = anyone.ask_otp(mobile)
    code = anyone.phone.code(mobile)
    clients = [anyone.twin() for _ in range(8)]
    got = together(8, lambda i: guess(clients[i], otp_id, code).status)
    assert sorted(got) == [201] + [401] * 7


def test_six_guesses_spend_the_code(anyone):
    mobile = fresh_mobile()
    otp_id = anyone.ask_otp(mobile)
    code = anyone.phone.code(mobile)
    for _ in range(5):
        refused = guess(anyone, otp_id, wrong_code(code), expect=401)
        assert refused.code == "otp_wrong"
        assert refused.pointers() == ["/code"]
    assert guess(anyone, otp_id, code, expect=401).code == "otp_spent"


def test_guesses_in_parallel_get_no_more_tries(anyone):
    mobile = fresh_mobile()
    otp_id = anyone.ask_otp(mobile)
    code = anyone.phone.code(mobile)
    clients = [anyone.twin() for _ in range(16)]
    codes = together(16, lambda i: guess(clients[i], otp_id, f"{(int(code) + 1 + i) % 10**6:06d}", expect=401).code)
    assert codes.count("otp_wrong") <= 5
    assert guess(anyone, otp_id, code, expect=401).code == "otp_spent"


def test_a_code_is_bound_to_its_request(anyone):
    mine, other = fresh_mobile(), fresh_mobile()
    my_otp, my_code = anyone.ask_otp(mine), anyone.phone.code(mine)
    other_code = my_code
    while other_code == my_code:
        other_otp, other_code = anyone.ask_otp(other), anyone.phone.code(other)
    assert guess(anyone, my_otp, other_code, expect=401).code == "otp_wrong"
    assert guess(anyone, other_otp, my_code, expect=401).code == "otp_wrong"
    assert guess(anyone, my_otp, my_code, expect=201).data["me"]["mobile"].endswith(mine[-4:])


def test_an_unknown_request_is_like_a_spent_one(anyone):
    assert guess(anyone, "AAAAAAAAAAAAAAAAAAAAAA", "123456", expect=401).code == "otp_spent"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "' or 1=1", "১২৩৪৫", "🦜🦜🦜🦜🦜🦜"])
def test_what_is_no_code_is_refused_without_an_answer_about_it(anyone, code):
    refused = guess(anyone, "AAAAAAAAAAAAAAAAAAAAAA", code, expect=(401, 422))
    if refused.status == 422:
        assert refused.pointers() == ["/code"]


def test_a_known_mobile_gets_the_same_answer_as_an_unknown_one(anyone):
    known = anyone.login().mobile
    answers = [anyone.post("/otp", {"mobile": m}, expect=202) for m in (known, fresh_mobile())]
    assert len({tuple(sorted(a.data)) for a in answers}) == 1
    assert len({len(a.body) for a in answers}) == 1
    varying = {"date", "x-request-id"}
    assert len({tuple(sorted((k.lower(), v) for k, v in a.headers.items() if k.lower() not in varying)) for a in answers}) == 1


def test_a_fourth_code_in_ten_minutes_is_refused(anyone):
    mobile, other = fresh_mobile(), fresh_mobile()
    for write in (mobile, "+91" + mobile, "0" + mobile):
        anyone.ask_otp(write)
    refused = anyone.post("/otp", {"mobile": mobile}, expect=429)
    assert refused.code == "otp_limit"
    assert 1 <= int(refused.headers["Retry-After"]) <= 600
    anyone.ask_otp(other)


def test_callers_at_the_same_instant_do_not_get_past_the_limit(anyone):
    mobile = fresh_mobile()
    clients = [anyone.twin() for _ in range(12)]
    got = together(12, lambda i: clients[i].post("/otp", {"mobile": mobile}).status)
    assert sorted(got) == [202] * 3 + [429] * 9


def test_an_idempotency_key_is_ignored_where_a_secret_is_made(anyone):
    mobile = fresh_mobile()
    first = anyone.ask_otp(mobile, key="the-same-key")
    assert anyone.ask_otp(mobile, key="the-same-key") != first


def test_neither_code_nor_mobile_is_in_the_logs(anyone, stack):
    mobile = fresh_mobile()
    otp_id = anyone.ask_otp(mobile)
    code = anyone.phone.code(mobile)
    guess(anyone, otp_id, code, expect=201)
    for unit in ("fcgi", "notify"):
        for line in log_lines(stack, unit):
            assert mobile not in str(line)
            assert not any(str(v) == code for k, v in line.items() if k != "request_id")
