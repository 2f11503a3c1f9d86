"""The public status page's call: what it tells, and above all what it does not."""
from urllib.parse import quote

import pytest

from client import Client
from numbers_ekmc import BENGALI, DEVANAGARI, mistyped, number, valid_number

OLD = "2023WSU004512"


def test_a_fresh_complaint_is_shown_at_once(anyone, citizen):
    made = citizen.lodge().data
    seen = anyone.status(made["number"], expect=200).data
    for key in ("number", "state", "level", "ward", "borough", "lodged_at", "due_at"):
        assert seen[key] == made[key], key
    assert (seen["system"], seen["resolved_at"], seen["department"]["code"], seen["subcategory"]["code"]) == (
        "ekmc2", None, "DRN", "DRN-01")
    assert seen["department"]["en"] == "Sewerage & Drainage"
    assert len(seen["timeline"]) == 1
    step = seen["timeline"][0]
    assert (step["state"], step["at"]) == (made["state"], made["lodged_at"])


def test_nothing_personal_is_shown(anyone, citizen):
    secrets = {"description": "Qzjx secret words ঝিকমিকে", "landmark": "Qzjx landmark", "name": "Qzjx Name"}
    n = citizen.lodge(ward=None, location={"lat": 22.5194123, "lon": 88.3656321}, **secrets).data["number"]
    citizen.post(f"/complaints/{n}/actions", {"action": "withdraw", "version": 1, "note": "Qzjx note"}, expect=200)
    for _ in range(2):  # from the database and from the cache
        answer = anyone.status(n, expect=200)
        text = answer.body.decode() + str(dict(answer.headers))
        for secret in ("Qzjx", citizen.mobile, citizen.mobile[-4:] + '"', "22.519", "88.365", "ঝিকমিকে"):
            assert secret not in text
        assert answer.data["remark"] is None


def test_the_answer_does_not_depend_on_who_asks(anyone, citizen):
    n = citizen.lodge().data["number"]
    bodies = {anyone.status(n, expect=200).body, citizen.status(n, expect=200).body,
              anyone.status(n, expect=200, headers={"Accept-Language": "bn"}).body,
              anyone.status(n, expect=200, headers={"Authorization": "Bearer nonsense"}).body}
    assert len(bodies) == 1


@pytest.mark.parametrize("write", [
    lambda n: n, lambda n: f"{n[:4]} {n[4:8]} {n[8:]}", lambda n: f"{n[:4]}-{n[4:8]}-{n[8:]}", lambda n: n.translate(BENGALI),
    lambda n: n.translate(DEVANAGARI), lambda n: f" {n} ", lambda n: n[:6] + n[6:].translate(BENGALI)],
    ids=["plain", "spaces", "hyphens", "bengali", "devanagari", "padded", "mixed"])
def test_a_number_is_taken_as_people_type_it(anyone, citizen, write):
    made = citizen.lodge().data["number"]
    assert anyone.status(write(made), expect=200).data["number"] == made


def test_every_single_typing_error_is_noticed(anyone, citizen):
    made = citizen.lodge().data["number"]
    for i in range(4, 12):
        wrong = made[:i] + str((int(made[i]) + 5) % 10) + made[i + 1:]
        refused = anyone.status(wrong, expect=422)
        assert (refused.code, refused.pointers("mistyped")) == ("mistyped", ["/number"])
    swapped = next((made[:i] + made[i + 1] + made[i] + made[i + 2:] for i in range(4, 11) if made[i] != made[i + 1]))
    assert anyone.status(swapped, expect=422).code == "mistyped"


def test_a_well_formed_number_that_was_never_given_is_not_found(anyone):
    assert anyone.status(number("2611", 9876543), expect=404).code == "not_found"


@pytest.mark.parametrize("text", ["abc", "1", "26110000001", "2611000000160", "٢٦١١٠٠٠٠٠٠١٦", "26110000001x", "🦜", "2611.0000.0016",
                                  "<script>alert(1)</script>", "%00", "' OR '1'='1", "-1", "2611 0000 0016; DROP", "9" * 500])
def test_what_is_no_number_at_all_is_refused(anyone, text):
    refused = anyone.status(text, expect=(422, 404))
    if refused.status == 404:   # it looks like one of eKMC1.0, or the slash in it makes another address
        assert refused.code == ("no_route" if "/" in text else "other_system")
    else:
        assert (refused.code, refused.pointers()) == ("invalid", ["/number"])
    assert "<script>" not in refused.body.decode()


@pytest.mark.parametrize("old", [OLD, number("2407", 12), number("2001", 4711)])
def test_a_number_of_the_old_system_leads_there(anyone, old):
    refused = anyone.status(old, expect=(404, 422))
    if old == OLD and refused.status == 422:
        assert refused.code == "invalid"     # not twelve digits: the page tries both
        return
    assert refused.status == 404
    if old[:4] == "2407":
        # July 2024 belongs to both systems: the go-live was in its middle
        assert refused.code in ("other_system", "not_found")
        return
    assert refused.code == "other_system"
    assert refused.headers["Link"] == f'</api/v1/legacy/status/{old}>; rel="alternate"'


def test_a_known_copy_is_not_sent_again(anyone, citizen):
    n = citizen.lodge().data["number"]
    first = anyone.status(n, expect=200)
    tag = first.headers["ETag"]
    for value in (tag, f'"x", {tag}', "*", tag[2:]):
        again = anyone.status(n, headers={"If-None-Match": value}, expect=304)
        assert again.headers["ETag"] == tag
    for value in ('W/"other"', "", "garbage", '"', "W/", tag[:-1]):
        anyone.status(n, headers={"If-None-Match": value}, expect=200)


def test_a_change_changes_the_tag(anyone, citizen):
    n = citizen.lodge().data["number"]
    tag = anyone.status(n, expect=200).headers["ETag"]
    citizen.withdraw(n)
    after = anyone.status(n, headers={"If-None-Match": tag}, expect=200)
    assert after.data["state"] == "WITHDRAWN" and after.headers["ETag"] != tag
    assert [s["state"] for s in after.data["timeline"]][-1] == "WITHDRAWN"


def test_browsers_and_proxies_must_ask_again(anyone, citizen):
    rules = anyone.status(citizen.lodge().data["number"], expect=200).headers["Cache-Control"]
    assert "no-cache" in rules or "no-store" in rules or "max-age=0" in rules or "max-age=1," in rules + ","


def test_refusals_of_the_page_are_in_the_readers_language(anyone):
    texts = {language: anyone.status(number("2611", 9876543), expect=404, headers={"Accept-Language": language})
             for language in ("en", "bn", "hi")}
    assert {a.headers["Content-Language"] for a in texts.values()} == {"en", "bn", "hi"}
    assert any("\u0980" <= c <= "\u09ff" for c in texts["bn"].data["detail"])
    assert any("\u0900" <= c <= "\u097f" for c in texts["hi"].data["detail"])


def test_states_have_their_name_in_three_languages(anyone, citizen):
    name = anyone.status(citizen.lodge().data["number"], expect=200).data["state_name"]
    assert any("\u0980" <= c <= "\u09ff" for c in name["bn"]) and any("\u0900" <= c <= "\u097f" for c in name["hi"])


def test_the_seeded_complaints_show_every_state(anyone, stack, database):
    rows = database("SELECT state, MIN(number) FROM complaint GROUP BY state")
    seen = set()
    for _, n in rows:
        n = n.decode() if isinstance(n, bytes) else str(n)
        assert valid_number(n), n
        answer = Client(stack.base_url).status(n)
        if answer.status == 200:
            seen.add(answer.data["state"])
            assert mistyped(n) != n
    assert len(seen) >= 8, f"the demo data should show every state, there are {sorted(seen)}"
