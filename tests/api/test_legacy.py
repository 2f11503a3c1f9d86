"""Numbers of eKMC1.0 through the bridge while eKMC1.0 is well."""
import datetime
from urllib.parse import quote

import pytest

from numbers_ekmc import number
from portal import Portal
from watch import together

STATES = ["UNASSIGNED", "ASSIGNED", "IN_PROGRESS", "ESCALATED", "RESOLVED", "CLOSED", "REJECTED", "WITHDRAWN", "DUPLICATE"]
KOLKATA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


@pytest.fixture
def portal(stack):
    p = Portal(stack.sim("ekmc1"))
    p.reset()
    yield p
    p.reset()


def old(client, text, **more):
    return client.get("/legacy/status/" + quote(text, safe=""), **more)


def day(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(KOLKATA).date().isoformat()


def test_an_old_complaint_has_the_shape_of_a_new_one(anyone, portal):
    seen = old(anyone, "2023WSU004512", expect=200).data
    assert (seen["number"], seen["system"], seen["state"], seen["ward"], seen["borough"]) == ("2023WSU004512", "ekmc1", "IN_PROGRESS", 63, 7)
    assert seen["department"]["en"] == "Water Supply / জল সরবরাহ"
    assert day(seen["lodged_at"]) == "2023-08-14"
    assert (seen["resolved_at"], seen["stale"]) == (None, False)
    assert "Gang will attend – ‘urgent’ slip issued" in seen["remark"]


@pytest.mark.parametrize("n, state", [(f"2023SWM{101 + i:06d}", state) for i, state in enumerate(STATES)])
def test_every_word_of_the_old_system_is_understood(anyone, portal, n, state):
    seen = old(anyone, n, expect=200).data
    assert seen["state"] == state
    if state in ("RESOLVED", "CLOSED", "REJECTED"):
        assert seen["resolved_at"] is None or day(seen["resolved_at"]) > day(seen["lodged_at"])


def test_a_complaint_without_ward_and_remark_has_none(anyone, portal):
    seen = old(anyone, "2020PRK000100", expect=200).data
    assert (seen["ward"], seen["borough"]) == (None, None)
    assert not seen["remark"]


@pytest.mark.parametrize("profile", ["b", "json", "a"])
def test_another_layout_charset_and_wording_need_only_configuration(stack, anyone, portal, redis, profile):
    def forget():
        for key in redis.scan_iter("ekmc:legacy:*"):
            redis.delete(key)
    stack.settings["stack.legacy_profile"] = profile
    stack.conf("legacy", {})
    forget()
    try:
        for n, state in [(f"2023SWM{101 + i:06d}", state) for i, state in enumerate(STATES)]:
            assert old(anyone, n, expect=200).data["state"] == state
        seen = old(anyone, "2023WSU004512", expect=200).data
        assert day(seen["lodged_at"]) == "2023-08-14" and seen["ward"] == 63
        assert "‘urgent’" in seen["remark"]
        assert old(anyone, "2023WSU999999", expect=404).code == "not_found"
        assert portal.seen()["by_variant"].keys() == {profile}
    finally:
        stack.settings["stack.legacy_profile"] = "a"
        stack.conf("legacy", {})
        forget()


def test_what_the_old_system_does_not_know_is_not_found(anyone, portal):
    refused = old(anyone, "2023WSU999999", expect=404)
    assert refused.code == "not_found" and "Link" not in refused.headers


def test_a_new_number_leads_to_the_new_system(anyone, portal):
    n = number("2611", 1)
    before = portal.seen()["requests"]
    refused = old(anyone, n, expect=404)
    assert refused.code == "other_system"
    assert refused.headers["Link"] == f'</api/v1/status/{n}>; rel="alternate"'
    assert portal.seen()["requests"] == before, "eKMC1.0 was asked for a number that cannot be its own"


@pytest.mark.parametrize("text", ["x", "2023WSU00451", "2023WSU0045123", "2023WSU004512&lang=bn", "2023WSU004512#", "2023WSU004512\r\nX: y", "../a/", "%",
                                  "2023WSU004512;", "২০২৩WSU০০৪৫১২x", "<script>", "' OR '1'='1", "2023WSU004512\x00", "{number}", "🦜", "A" * 3000])
def test_what_fits_no_pattern_never_reaches_the_old_system(anyone, portal, text):
    before = portal.seen()["requests"]
    refused = old(anyone, text, expect=(400, 404, 422))
    if refused.status == 422:
        assert refused.code in ("invalid", "mistyped") and refused.pointers() == ["/number"]
    assert portal.seen()["requests"] == before


@pytest.mark.parametrize("n", ["2022BLD000666", "2022BLD000667", "2022BLD000668"])
def test_markup_in_a_remark_stays_text_and_plays_no_status(anyone, portal, n):
    answer = old(anyone, n, expect=200)
    assert (answer.data["number"], answer.data["state"]) == (n, "IN_PROGRESS")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if n == "2022BLD000666":
        assert answer.data["remark"] == "Owner wrote: <script>alert(1)</script> & left"


def test_control_characters_and_length_of_a_remark_are_bounded(anyone, portal):
    n = portal.add(remark="start \x07\x1b[31m\u202e " + "ক" * 50000)
    remark = old(anyone, n, expect=(200, 503)).data.get("remark") or ""
    assert not any(ord(c) < 32 and c not in "\n\t" for c in remark)
    assert len(remark) <= 4000


def test_an_unknown_word_for_a_state_invents_nothing(anyone, portal):
    n = portal.add(status="Gone to the moon")
    answer = old(anyone, n, expect=(200, 503))
    if answer.status == 200:
        assert answer.data["state"] not in ("RESOLVED", "CLOSED")


def test_the_old_answer_has_a_tag(anyone, portal):
    first = old(anyone, "2019WSU000001", expect=200)
    old(anyone, "2019WSU000001", headers={"If-None-Match": first.headers["ETag"]}, expect=304)


def test_a_closed_complaint_is_asked_for_once(anyone, portal):
    n = portal.add(status="CLOSED", closed="2022-05-05T10:00:00")
    for _ in range(5):
        assert old(anyone, n, expect=200).data["state"] == "CLOSED"
    assert portal.asked(n) == 1


def test_an_open_complaint_is_asked_for_again_after_a_while(anyone, portal):
    import time
    n = portal.add(status="ASSIGNED")
    assert old(anyone, n, expect=200).data["state"] == "ASSIGNED"
    assert old(anyone, n, expect=200).data["state"] == "ASSIGNED"
    assert portal.asked(n) == 1
    time.sleep(2.3)     # legacy.open_ttl_s of this stack
    portal._post("/complaint", number=n, status="RESOLVED", closed="2024-05-05T10:00:00")
    assert old(anyone, n, expect=200).data["state"] == "RESOLVED"


def test_fifty_who_ask_for_one_number_are_one_request(anyone, portal):
    n = portal.add()
    portal.mode("slow", delay_ms=700)
    clients = [anyone.twin() for _ in range(50)]
    answers = together(50, lambda i: old(clients[i], n, expect=200))
    assert portal.asked(n) == 1
    told = [{k: v for k, v in a.data.items() if k != "age_s"} for a in answers]
    assert all(t == told[0] for t in told)


def test_numbers_that_differ_do_not_wait_for_each_other(anyone, portal):
    import time
    numbers = [portal.add() for _ in range(20)]
    portal.mode("slow", delay_ms=700)
    clients = [anyone.twin() for _ in numbers]
    begun = time.monotonic()
    answers = together(20, lambda i: old(clients[i], numbers[i], expect=200))
    assert [a.data["number"] for a in answers] == numbers
    assert time.monotonic() - begun < 3
