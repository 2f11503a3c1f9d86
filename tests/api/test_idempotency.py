"""Idempotency-Key: one intention is one complaint, however often and however parallel it is sent."""
import signal

import pytest

from client import fresh_key
from people import act, holder, officer
from watch import together, wait_ready


def body(**fields):
    return {"subcategory": "DRN-01", "description": "once", "ward": 63, **fields}


def test_a_hundred_at_once_are_one_complaint_and_a_hundred_equal_answers(fresh_citizen, database):
    count = "SELECT (SELECT COUNT(*) FROM complaint), (SELECT COUNT(*) FROM outbox)"
    fresh_citizen.lodge()
    before = database(count)[0]
    fresh_citizen.lodge()
    single = database(count)[0]
    key = fresh_key()
    clients = [fresh_citizen.twin() for _ in range(100)]

    def lodge(i):
        # still running is an honest answer, and says when to come again
        answer = clients[i].post("/complaints", body(), key=key, expect=(201, 409))
        while answer.status == 409:
            assert answer.code == "still_running"
            answer = clients[i].post("/complaints", body(), key=key, expect=(201, 409))
        return answer

    answers = together(100, lodge)
    assert len({a.body for a in answers}) == 1
    assert len({a.headers["Location"] for a in answers}) == 1
    after = database(count)[0]
    assert after[0] - single[0] == 1
    assert after[1] - single[1] == single[1] - before[1], "messages were queued more than once"
    assert len(fresh_citizen.mine()) == 3


def test_the_first_answer_comes_again_although_the_complaint_changed(citizen):
    key = fresh_key()
    first = citizen.post("/complaints", body(), key=key, expect=201)
    citizen.withdraw(first.data["number"])
    again = citizen.post("/complaints", body(), key=key, expect=201)
    assert (again.body, again.headers["Location"]) == (first.body, first.headers["Location"])
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]


def test_another_body_with_the_same_key_is_refused(citizen):
    key = fresh_key()
    citizen.post("/complaints", body(), key=key, expect=201)
    refused = citizen.post("/complaints", body(ward=64), key=key, expect=422)
    assert refused.code == "key_reused"


def test_the_key_of_somebody_else_is_another_key(anyone, citizen):
    key = fresh_key()
    mine = citizen.post("/complaints", body(), key=key, expect=201).data["number"]
    theirs = anyone.login().post("/complaints", body(), key=key, expect=201).data["number"]
    assert mine != theirs


def test_the_key_of_another_path_is_another_key(citizen):
    key = fresh_key()
    n = citizen.post("/complaints", body(), key=key, expect=201).data["number"]
    citizen.withdraw(n, key=key)


def test_an_action_comes_again_like_a_lodging(citizen):
    n = citizen.lodge().data["number"]
    key = fresh_key()
    first = citizen.withdraw(n, key=key)
    assert citizen.withdraw(n, key=key).body == first.body
    assert len(citizen.get(f"/complaints/{n}/timeline", expect=200).data["items"]) == 2


def send(who, number, key, expect, **body):
    return who.post(f"/complaints/{number}/actions", body, key=key, expect=expect)


def test_who_moved_it_out_of_their_own_sight_still_hears_how_it_went(stack, phone, database, citizen):
    """Visibility was asked before the key: the repetition of a transfer answered 404."""
    n, key = citizen.lodge(subcategory="DRN-02").data["number"], fresh_key()
    gro = officer(stack, phone, database, "gro.drn")
    move = {"action": "transfer", "version": 1, "subcategory": "LGT-02"}
    first = send(gro, n, key, 200, **move)
    gro.get(f"/complaints/{n}", expect=404)
    assert send(gro, n, key, 200, **move).body == first.body
    assert send(gro, n, key, 422, **{**move, "subcategory": "LGT-01"}).code == "key_reused"
    send(gro, n, fresh_key(), 404, **move)
    # the key is its sender's: to others, who see it or not, it is a key like any
    assert send(officer(stack, phone, database, "gro.lgt"), n, key, 409, **move).code == "changed_meanwhile"
    for stranger in ("gro.swm", "lme.drn.b08"):
        send(officer(stack, phone, database, stranger), n, key, 404, **move)
    assert len(citizen.get(f"/complaints/{n}/timeline", expect=200).data["items"]) == 2


def test_who_asked_to_be_relieved_and_was_still_hears_how_it_went(stack, phone, database, citizen):
    n, key = citizen.lodge(subcategory="DRN-02", ward=93).data["number"], fresh_key()
    lme, gro = holder(stack, phone, database, n), officer(stack, phone, database, "gro.drn")
    move = {"action": "request_reassign", "version": 1, "note": "Not my ward", "lme": "lme.drn.b09"}
    first = send(lme, n, key, 200, **move)
    act(gro, n, "assign", lme="lme.drn.b09")
    lme.get(f"/complaints/{n}", expect=404)
    assert send(lme, n, key, 200, **move).body == first.body
    assert send(lme, n, key, 422, **{**move, "note": "Not mine"}).code == "key_reused"
    send(officer(stack, phone, database, "lme.drn.b08"), n, key, 404, **move)
    colleague = send(officer(stack, phone, database, "lme.drn.b09"), n, key, 409, **move)
    assert colleague.code == "changed_meanwhile"


def test_a_refused_request_does_not_use_up_its_key(citizen):
    key = fresh_key()
    citizen.post("/complaints", body(ward=999), key=key, expect=422)
    answer = citizen.post("/complaints", body(), key=key, expect=(201, 422))
    assert answer.status == 201 or answer.code == "key_reused"


def test_without_a_key_two_requests_are_two_complaints(fresh_citizen):
    for _ in range(2):
        fresh_citizen.post("/complaints", body(), expect=201)
    assert len(fresh_citizen.mine()) == 2


@pytest.mark.parametrize("key", ["a", "x" * 64, "A.b:c-d_9"])
def test_keys_of_all_shapes_are_taken(fresh_citizen, key):
    first = fresh_citizen.post("/complaints", body(), key=key, expect=201)
    assert fresh_citizen.post("/complaints", body(), key=key, expect=201).body == first.body


def test_keys_differ_by_their_case(fresh_citizen):
    numbers = {fresh_citizen.post("/complaints", body(), key=key, expect=201).data["number"] for key in ("case-k", "CASE-K")}
    assert len(numbers) == 2


def test_the_key_does_not_outlive_the_login_that_sent_it(anyone, fresh_citizen):
    key = fresh_key()
    fresh_citizen.post("/complaints", body(), key=key, expect=201)
    fresh_citizen.delete("/sessions", expect=204)
    assert fresh_citizen.post("/complaints", body(), key=key, expect=401).code == "unauthenticated"


@pytest.mark.parametrize("how", ["reload", "kill"])
def test_the_first_answer_comes_again_from_a_new_worker(stack, citizen, how):
    key = fresh_key()
    first = citizen.post("/complaints", body(), key=key, expect=201)
    if how == "reload":
        stack.reload("fcgi")
    else:
        stack.kill("fcgi", signal.SIGKILL)
    wait_ready(stack)
    assert citizen.post("/complaints", body(), key=key, expect=201).body == first.body


def test_the_first_answer_comes_again_without_redis(stack, citizen):
    key = fresh_key()
    first = citizen.post("/complaints", body(), key=key, expect=201)
    stack.stop("redis")
    try:
        assert citizen.post("/complaints", body(), key=key, expect=201).body == first.body
    finally:
        stack.start("redis")
