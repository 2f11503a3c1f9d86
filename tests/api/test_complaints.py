"""My complaints: the list and its cursor, one, its timeline, taking one back; and nobody else's."""
import pytest

from client import fresh_key
from numbers_ekmc import BENGALI, mistyped, number


def same_refusal(a, b):
    """Two problems that tell their reader the same: all but the request's id."""
    def told(answer):
        return {k: v for k, v in answer.data.items() if k != "request_id"}
    return a.status == b.status and told(a) == told(b)


def test_a_fresh_citizen_has_none(fresh_citizen):
    assert fresh_citizen.get("/complaints", expect=200).data == {"items": [], "next": None}


def test_the_list_is_newest_first_and_pages_fit_together(fresh_citizen):
    numbers = [fresh_citizen.lodge().data["number"] for _ in range(7)]
    assert [c["number"] for c in fresh_citizen.mine(limit=3)] == numbers[::-1]
    page = fresh_citizen.get("/complaints", params={"limit": 7}, expect=200).data
    assert [c["number"] for c in page["items"]] == numbers[::-1]


def test_the_cursor_is_stable_while_others_are_lodged(fresh_citizen):
    numbers = [fresh_citizen.lodge().data["number"] for _ in range(6)]
    seen, cursor = [], None
    for _ in range(3):
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = fresh_citizen.get("/complaints", params=params, expect=200).data
        seen += [c["number"] for c in page["items"]]
        cursor = page["next"]
        fresh_citizen.lodge()
    assert seen == numbers[::-1]


def test_filters_choose(fresh_citizen):
    drain = fresh_citizen.lodge(ward=63).data["number"]
    light = fresh_citizen.lodge(subcategory="LGT-01", ward=10).data["number"]
    fresh_citizen.withdraw(light)
    for params, expected in [({"ward": 10}, [light]), ({"subcategory": "DRN-01"}, [drain]), ({"state": "WITHDRAWN"}, [light]),
                             ({"ward": 63, "subcategory": "DRN-01"}, [drain]), ({"ward": 63, "state": "WITHDRAWN"}, []),
                             ({"ward": 11}, [])]:
        assert [c["number"] for c in fresh_citizen.mine(**params)] == expected, params


@pytest.mark.parametrize("params, pointer", [
    ({"limit": 0}, "/limit"), ({"limit": 101}, "/limit"), ({"limit": "many"}, "/limit"), ({"limit": "10 "}, "/limit"),
    ({"limit": 10**30}, "/limit"), ({"ward": 145}, "/ward"), ({"ward": "x"}, "/ward"), ({"state": "LOST"}, "/state"), ({"state": "assigned"}, "/state"),
    ({"cursor": "x"}, "/cursor"), ({"cursor": "A" * 400}, "/cursor"), ({"cursor": "' OR 1=1"}, "/cursor"), ({"order": "ward"}, "/order"),
    ({"limit": [1, 2]}, "/limit")], ids=str)
def test_a_bad_filter_is_named(citizen, params, pointer):
    assert pointer in citizen.get("/complaints", params=params, expect=422).pointers()


def test_a_subcategory_that_is_none_finds_nothing(citizen):
    citizen.lodge()
    assert citizen.get("/complaints", params={"subcategory": "ZZZ-01"}, expect=200).data["items"] == []


def test_a_cursor_cannot_be_forged_or_taken_to_somebody_else(anyone, fresh_citizen):
    for _ in range(3):
        fresh_citizen.lodge()
    cursor = fresh_citizen.get("/complaints", params={"limit": 1}, expect=200).data["next"]
    middle = len(cursor) // 2
    forged = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1:]
    assert fresh_citizen.get("/complaints", params={"limit": 1, "cursor": forged}, expect=422).pointers() == ["/cursor"]
    other = anyone.login()
    answer = other.get("/complaints", params={"cursor": cursor}, expect=(200, 422))
    assert answer.status == 422 or answer.data["items"] == []


def test_one_is_found_as_people_write_its_number(citizen):
    made = citizen.lodge().data
    for written in (made["number"], made["display"].replace(" ", "%20"), made["display"].replace(" ", "-")):
        assert citizen.get(f"/complaints/{written}", expect=200).data["number"] == made["number"]


def test_private_answers_have_a_tag_too(citizen):
    path = f"/complaints/{citizen.lodge().data['number']}"
    first = citizen.get(path, expect=200)
    citizen.get(path, headers={"If-None-Match": first.headers["ETag"]}, expect=304)
    citizen.get(path, headers={"If-None-Match": 'W/"other"'}, expect=200)


def test_a_tag_opens_nothing_for_those_who_may_not_look(anyone, citizen):
    path = f"/complaints/{citizen.lodge().data['number']}"
    tag = citizen.get(path, expect=200).headers["ETag"]
    anyone.get(path, headers={"If-None-Match": tag}, expect=401)
    anyone.login().get(path, headers={"If-None-Match": tag}, expect=404)


@pytest.mark.parametrize("tail", ["", "/timeline", "/actions"])
def test_somebody_elses_complaint_is_answered_like_one_that_does_not_exist(anyone, citizen, tail):
    theirs = citizen.lodge().data["number"]
    unknown = number("2611", 9999999)
    stranger = anyone.login()

    def look(n):
        if tail == "/actions":
            return stranger.post(f"/complaints/{n}/actions", {"action": "withdraw", "version": 1}, key=fresh_key(), expect=404)
        return stranger.get(f"/complaints/{n}{tail}", expect=404)

    assert same_refusal(look(theirs), look(unknown))
    assert citizen.get(f"/complaints/{theirs}", expect=200).data["version"] == 1


def test_a_mistyped_number_is_not_a_missing_one(citizen):
    refused = citizen.get(f"/complaints/{mistyped(citizen.lodge().data['number'])}", expect=422)
    assert (refused.code, refused.pointers("mistyped")) == ("mistyped", ["/number"])
    assert citizen.get("/complaints/abc", expect=422).pointers() == ["/number"]


def test_the_timeline_begins_with_the_lodging(citizen):
    made = citizen.lodge().data
    first, *more = citizen.get(f"/complaints/{made['number']}/timeline", expect=200).data["items"]
    assert (first["seq"], first["action"], first["from"], first["state"], first["by"]) == (1, "lodge", None, made["state"], "citizen")
    assert first["at"] == made["lodged_at"]
    assert more == []


def test_taking_it_back_is_final_and_stands_on_the_timeline(citizen):
    n = citizen.lodge().data["number"]
    item = citizen.post(f"/complaints/{n}/actions", {"action": "withdraw", "version": 1, "note": "মেরামত হয়ে গেছে"}, expect=200,
                        key=fresh_key()).data
    assert (item["state"], item["version"]) == ("WITHDRAWN", 2)
    events = citizen.get(f"/complaints/{n}/timeline", expect=200).data["items"]
    assert [e["seq"] for e in events] == [1, 2]
    assert (events[1]["action"], events[1]["from"], events[1]["state"]) == ("withdraw", events[0]["state"], "WITHDRAWN")
    assert events[1]["note"] == "মেরামত হয়ে গেছে"
    one = citizen.get(f"/complaints/{n}", expect=200).data
    assert one["state"] == "WITHDRAWN" and all(o["action"] != "withdraw" for o in one["allowed_actions"])


def test_an_illegal_move_names_state_and_action(citizen):
    n = citizen.lodge().data["number"]
    citizen.withdraw(n)
    refused = citizen.withdraw(n, version=2, expect=409, key=fresh_key(), headers={"Accept-Language": "en"})
    assert refused.code == "illegal_move"
    assert (refused.data["action"], refused.data["state"], refused.data["last_action"], refused.data["by"]) == ("withdraw", "WITHDRAWN", "withdraw", "citizen")


def test_an_old_version_is_refused_and_changes_nothing(citizen):
    n = citizen.lodge().data["number"]
    refused = citizen.withdraw(n, version=2, expect=409, key=fresh_key())
    assert refused.code == "changed_meanwhile"
    assert citizen.get(f"/complaints/{n}", expect=200).data["version"] == 1


def test_of_two_at_once_one_wins(citizen):
    from watch import together
    n = citizen.lodge().data["number"]
    clients = [citizen.twin() for _ in range(8)]
    answers = together(8, lambda i: clients[i].withdraw(n, expect=(200, 409), key=fresh_key()))
    assert sorted(a.status for a in answers) == [200] + [409] * 7
    assert len(citizen.get(f"/complaints/{n}/timeline", expect=200).data["items"]) == 2


@pytest.mark.parametrize("body, pointer", [({}, "/action"), ({"action": "withdraw"}, "/version"), ({"version": 1}, "/action"),
    ({"action": "explode", "version": 1}, "/action"), ({"action": "withdraw", "version": 0}, "/version"),
    ({"action": "withdraw", "version": "1"}, "/version"), ({"action": "withdraw", "version": 1, "force": True}, "/force"),
    ({"action": "withdraw", "version": 1, "note": "x" * 5000}, "/note"), ({"action": 1, "version": 1}, "/action")], ids=str)
def test_a_bad_action_is_named(citizen, body, pointer):
    n = citizen.lodge().data["number"]
    assert pointer in citizen.post(f"/complaints/{n}/actions", body, expect=422).pointers()


@pytest.mark.parametrize("action", ["assign", "resolve", "escalate", "merge"])
def test_an_officers_move_is_not_the_citizens(citizen, action):
    n = citizen.lodge().data["number"]
    refused = citizen.post(f"/complaints/{n}/actions", {"action": action, "version": 1}, expect=(403, 409, 422))
    assert citizen.get(f"/complaints/{n}", expect=200).data["version"] == 1
    assert refused.code in ("forbidden", "illegal_move", "invalid")


def test_bengali_digits_find_it_too(citizen):
    from urllib.parse import quote
    n = citizen.lodge().data["number"]
    assert citizen.get("/complaints/" + quote(n.translate(BENGALI)), expect=200).data["number"] == n
