"""The status cache: fast without MariaDB, true within a second, whatever happens to Redis."""
import signal
import threading
import time

import pytest
import redis as library

from watch import settings, wait_ready, wait_until


def state(client, number):
    return client.status(number, expect=200).data["state"]


def redis_up(redis):
    try:
        return redis.ping()
    except library.RedisError:
        return False


@pytest.mark.log_errors("db", "mysql", "lost", "outbox", "2006|2013|2002|2003")
def test_cached_numbers_are_answered_without_touching_mariadb(stack, anyone, citizen):
    numbers = [citizen.lodge().data["number"] for _ in range(5)]
    before = {n: anyone.status(n, expect=200).body for n in numbers}
    stack.kill("mariadb", signal.SIGSTOP)
    try:
        for n in numbers * 4:
            answer = anyone.status(n, expect=200)
            assert answer.body == before[n]
            assert answer.seconds < 0.5
        tag = answer.headers["ETag"]
        anyone.status(numbers[-1], headers={"If-None-Match": tag}, expect=304)
    finally:
        stack.kill("mariadb", signal.SIGCONT)
    wait_ready(stack)


@pytest.mark.log_errors("db", "mysql", "lost", "outbox", "2006|2013|2002|2003")
def test_cached_numbers_are_answered_while_mariadb_is_stopped(stack, anyone, citizen):
    cached, not_cached = citizen.lodge().data["number"], citizen.lodge().data["number"]
    wait_ready(stack)
    anyone.status(cached, expect=200)
    library.Redis(host="127.0.0.1", port=stack.redis_port).delete(f"ekmc:status:{not_cached}")
    stack.stop("mariadb")
    try:
        assert anyone.status(cached, expect=200).data["number"] == cached
        refused = anyone.status(not_cached, expect=503)
        assert refused.code == "unavailable"
        anyone.get("/healthz", expect=200)
    finally:
        stack.start("mariadb")
    wait_ready(stack)
    # a host that was down is left alone for a moment
    wait_until(lambda: anyone.status(not_cached, expect=(200, 503)).status == 200, 5, "the number that was not cached")


def test_a_change_is_seen_within_a_second(anyone, citizen):
    for _ in range(10):
        n = citizen.lodge().data["number"]
        before = state(anyone, n)
        citizen.withdraw(n)
        assert before != "WITHDRAWN"
        wait_until(lambda: state(anyone, n) == "WITHDRAWN", 1, f"the truth about {n}")


@pytest.mark.log_errors("redis", "cache")
def test_a_change_is_seen_within_a_second_though_redis_was_killed_in_between(stack, anyone, citizen, redis):
    n = citizen.lodge().data["number"]
    state(anyone, n)
    stack.kill("redis", signal.SIGKILL)
    citizen.withdraw(n)
    assert wait_until(lambda: state(anyone, n) == "WITHDRAWN", 1) < 1
    wait_until(lambda: redis_up(redis), 20, "redis")
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        assert state(anyone, n) == "WITHDRAWN"
        time.sleep(0.02)


@pytest.mark.log_errors("redis", "cache")
def test_a_change_is_seen_within_a_second_though_redis_was_restarted_before_it(stack, anyone, citizen, redis):
    n = citizen.lodge().data["number"]
    state(anyone, n)
    stack.stop("redis")
    stack.start("redis")
    wait_until(lambda: redis_up(redis), 20, "redis")
    state(anyone, n)
    citizen.withdraw(n)
    wait_until(lambda: state(anyone, n) == "WITHDRAWN", 1)


@pytest.mark.log_errors("redis", "cache")
def test_a_change_that_redis_missed_is_bounded_by_the_ttl(stack, anyone, citizen, redis):
    with settings(stack, "fcgi", {"status.ttl_s": 1}, {"status.ttl_s": 30}):
        n = citizen.lodge().data["number"]
        state(anyone, n)
        stack.kill("redis", signal.SIGSTOP)
        try:
            begun = time.monotonic()
            citizen.withdraw(n)
            assert time.monotonic() - begun < 3, "a hanging Redis holds up a change"
        finally:
            stack.kill("redis", signal.SIGCONT)
        wait_until(lambda: state(anyone, n) == "WITHDRAWN", 2, "the truth after the time to live")


def test_a_slow_reader_never_puts_an_older_version_over_a_newer_one(anyone, citizen, redis):
    """Readers miss the cache and fill it with version 1 while the change puts version 2: version 2 must stay."""
    readers = [anyone.twin() for _ in range(6)]
    for _ in range(15):
        n = citizen.lodge().data["number"]
        go, done = threading.Event(), threading.Event()
        seen = [[] for _ in readers]

        def read(i, number=n, go=go, done=done, seen=seen):
            go.wait()
            while not done.is_set():
                seen[i].append(state(readers[i], number))

        threads = [threading.Thread(target=read, args=(i,)) for i in range(len(readers))]
        for t in threads:
            t.start()
        redis.delete(f"ekmc:status:{n}")
        go.set()
        try:
            citizen.withdraw(n)
            wait_until(lambda number=n: state(anyone, number) == "WITHDRAWN", 1)
            time.sleep(0.05)
        finally:
            done.set()
            for t in threads:
                t.join()
        for _ in range(5):
            assert state(anyone, n) == "WITHDRAWN", f"{n}: an older version came back"
        # and nobody saw the truth and then the past again, but for requests that were under way
        for states in seen:
            first = states.index("WITHDRAWN") if "WITHDRAWN" in states else len(states)
            assert set(states[first:]) <= {"WITHDRAWN"}, f"{n}: went back to the past"


def test_losing_the_cached_copy_changes_nothing(anyone, citizen, redis):
    n = citizen.lodge().data["number"]
    first = anyone.status(n, expect=200)
    redis.delete(f"ekmc:status:{n}")
    again = anyone.status(n, expect=200)
    assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])


@pytest.mark.parametrize("junk", [b"", b"junk", b"{}", b"\x00" * 200, b"9" * 100000], ids=["empty", "junk", "object", "zeros", "long"])
def test_junk_in_the_cache_is_a_miss(anyone, citizen, redis, junk):
    n = citizen.lodge().data["number"]
    truth = anyone.status(n, expect=200).body
    redis.delete(f"ekmc:status:{n}")
    redis.set(f"ekmc:status:{n}", junk, ex=30)
    assert anyone.status(n, expect=200).body == truth


@pytest.mark.parametrize("kind", ["list", "hash"])
def test_a_key_of_another_kind_is_a_miss(anyone, citizen, redis, kind):
    n = citizen.lodge().data["number"]
    truth = anyone.status(n, expect=200).body
    key = f"ekmc:status:{n}"
    redis.delete(key)
    if kind == "list":
        redis.rpush(key, b"x")
    else:
        redis.hset(key, "x", b"y")
    assert anyone.status(n, expect=200).body == truth
