"""eKMC1.0 is ill in every way it can be: what was known is shown as stale, the rest is refused honestly, nobody else suffers."""
import signal
import threading
import time

import pytest

from portal import Portal
from test_legacy import old
from watch import answers as status_of
from watch import together, wait_until

MODES = {"slow": {"delay_ms": 9000}, "hang": {}, "500": {}, "cut": {}, "garbage": {}, "huge": {}, "redirect": {}, "empty": {}, "wrongtype": {},
         "other": {}}
EXPECTED = pytest.mark.log_errors("legacy", "ekmc1", "breaker", "curl", "upstream", "http")
pytestmark = EXPECTED


@pytest.fixture
def portal(stack):
    """Well at first; afterwards the bridge is a new process, so that no breaker remembers."""
    p = Portal(stack.sim("ekmc1"))
    p.reset()
    yield p
    p.reset()
    stack.reload("legacy")


@pytest.fixture(scope="module")
def known(stack, phone):
    """A number for each mode that was asked for while all was well, longer ago than an answer counts as fresh."""
    from client import Client
    p = Portal(stack.sim("ekmc1"))
    p.reset()
    # of the portal's own sixty, because a reset forgets those that were added
    numbers = dict(zip(MODES, ["2023WSU004512", "2024DRN009999", "2020PRK000100", "2022BLD000666", "2022BLD000667", "2023SWM000101",
                               "2023SWM000102", "2023SWM000103", "2023SWM000104", "2022BLD000668"]))
    client = Client(stack.base_url, phone)
    truth = {n: old(client, n, expect=200).data for n in numbers.values()}
    time.sleep(2.5)
    return {mode: truth[n] for mode, n in numbers.items()}


@pytest.mark.parametrize("mode", MODES)
def test_what_was_known_is_shown_as_stale(anyone, portal, known, mode):
    portal.mode(mode, **MODES[mode])
    answer = old(anyone, known[mode]["number"], expect=200)
    assert answer.seconds < 4
    seen = answer.data
    assert seen["stale"] is True and 2 <= seen["age_s"] < 600
    for key in set(seen) - {"stale", "age_s"}:
        assert seen[key] == known[mode][key], key
    assert portal.seen()["elsewhere"]["followed"] == 0


@pytest.mark.parametrize("mode", MODES)
def test_what_was_never_asked_is_refused_with_a_way_out(anyone, portal, mode):
    n = portal.add()
    portal.mode(mode, **MODES[mode])
    answer = old(anyone, n, expect=503)
    assert answer.code == "legacy_down"
    assert 1 <= int(answer.headers["Retry-After"]) <= 120
    assert answer.headers["Link"] == f'<{portal.url}/>; rel="related"'
    assert answer.seconds < 4
    assert portal.seen()["elsewhere"]["followed"] == 0


@pytest.mark.parametrize("mode", ["500", "cut", "garbage", "empty"])
def test_one_bad_answer_is_not_remembered(anyone, portal, mode):
    n = portal.add(status="ASSIGNED")
    portal.mode(mode, for_requests=1)
    old(anyone, n, expect=(200, 503))
    assert old(anyone, n, expect=200).data["state"] == "ASSIGNED"


def test_a_slow_but_timely_answer_is_an_answer(anyone, portal):
    n = portal.add(status="ASSIGNED")
    portal.mode("slow", delay_ms=1200)
    seen = old(anyone, n, expect=200).data
    assert seen["stale"] is False and seen["state"] == "ASSIGNED"


def test_the_breaker_opens_spares_the_old_system_and_closes_again(anyone, portal):
    numbers = iter([portal.add() for _ in range(90)])
    portal.mode("500")
    for _ in range(6):
        old(anyone, next(numbers), expect=503)
    before = portal.seen()["requests"]
    for _ in range(20):
        refused = old(anyone, next(numbers), expect=503)
        assert refused.code == "legacy_down" and refused.seconds < 0.5
    assert portal.seen()["requests"] - before <= 1, "an open breaker lets requests through"
    # half open: of many who ask, one is the probe
    time.sleep(7)
    before = portal.seen()["requests"]
    clients = [anyone.twin() for _ in range(20)]
    together(20, lambda i: old(clients[i], next(numbers), expect=503))
    assert portal.seen()["requests"] - before <= 2
    portal.mode("ok")
    last = next(numbers)
    wait_until(lambda: old(anyone, last, expect=(200, 503)).status == 200, 12, "the breaker's closing")
    assert old(anyone, next(numbers), expect=200).data["stale"] is False


def test_not_found_is_an_answer_and_opens_no_breaker(anyone, portal):
    for serial in range(8):
        assert old(anyone, f"2021ROD99{serial:04d}", expect=404).code == "not_found"
    assert old(anyone, portal.add(), expect=200).data["stale"] is False


def test_the_api_does_not_notice_64_lookups_that_hang(anyone, citizen, portal):
    numbers = [portal.add() for _ in range(64)]
    made = citizen.lodge().data["number"]

    def seconds(n):
        return sorted(anyone.status(made, expect=200).seconds for _ in range(n))

    normal = seconds(100)
    portal.mode("hang")
    clients = [anyone.twin() for _ in numbers]
    waiting = threading.Thread(target=lambda: results.extend(together(64, lambda i: old(clients[i], numbers[i], expect=503))))
    results = []
    waiting.start()
    try:
        wait_until(lambda: portal.seen()["waiting"] > 0, 2, "the first look-up that hangs")
        busy = seconds(100)
        citizen.lodge()
        assert waiting.is_alive(), "the look-ups were over before the API was measured"
    finally:
        waiting.join()
    # a rough check that nothing queues behind them; make bench measures the throughput
    assert busy[95] < max(10 * normal[95], 0.1), (normal[95], busy[95])
    assert len(results) == 64 and max(r.seconds for r in results) < 6


def test_the_bridge_dies_and_only_old_numbers_notice(stack, anyone, citizen, portal):
    stack.kill("legacy", signal.SIGKILL)
    citizen.lodge()
    assert anyone.get("/wards", expect=200)
    n = portal.add()
    wait_until(lambda: old(anyone, n, expect=(200, 503)).status == 200, 15, "the bridge's return")


def test_the_bridge_is_stopped_and_the_refusal_still_shows_the_old_page(stack, anyone, portal):
    n = portal.add()
    stack.stop("legacy")
    try:
        refused = old(anyone, n, expect=503)
        assert refused.code in ("unavailable", "legacy_down")
        assert 'rel="related"' in refused.headers["Link"]
    finally:
        stack.start("legacy")
    wait_until(lambda: old(anyone, n, expect=(200, 503)).status == 200, 15)


@pytest.mark.log_errors("redis", "cache")
def test_old_numbers_are_answered_without_redis(stack, anyone, portal):
    stack.stop("redis")
    try:
        for _ in range(3):
            assert old(anyone, "2023WSU004512", expect=200).data["state"] == "IN_PROGRESS"
    finally:
        stack.start("redis")


def test_what_was_stored_before_a_restart_of_the_bridge_is_still_known(stack, anyone, portal):
    n = portal.add(status="CLOSED", closed="2022-05-05T10:00:00")
    old(anyone, n, expect=200)
    stack.reload("legacy")
    portal.mode("hang")
    assert old(anyone, n, expect=200).data["state"] == "CLOSED"
    assert status_of(stack.base_url + "/readyz") == 200
