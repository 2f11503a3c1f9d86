"""The real stack that the API tests run on. One file alone: /usr/bin/python3 -m pytest tests/api/test_status.py"""
import pathlib
import re
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "stack")]

from client import Client, Phone  # noqa: E402  (the path comes first)
from watch import LogWatch, wait_ready  # noqa: E402

# limits have tests of their own; here they would only be in the way
SETTINGS = {
    "nginx.STATUS_PER_MINUTE": 100000,
    "nginx.API_PER_SECOND": 100000,
    "nginx.LOGINS_PER_MINUTE": 100000,
    "otp.address_hour": 1000000,
    "otp.total_day": 1000000,
    # an open complaint of eKMC1.0 is kept for minutes, which no test wants to wait for
    "legacy.open_ttl_s": 2,
    "clock.tick_s": 1,
}
# what breaks things runs after what only asks
LAST = ["test_bad_input", "test_status_cache", "test_clock", "test_chores", "test_chaos", "test_legacy_faults", "test_limits", "test_faults", "test_readme"]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LAST.index(item.module.__name__) if item.module.__name__ in LAST else -1)


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    from stack import Stack  # only those who need servers need it
    with Stack(tmp_path_factory.mktemp("stack"), settings=SETTINGS) as s:
        wait_ready(s)
        s.watch = LogWatch(s)
        yield s
        unexpected = s.watch.unexpected()
        assert not unexpected, "error lines that no test expected:\n" + "\n".join(unexpected)


@pytest.fixture(autouse=True)
def _log_allowance(request):
    """Lets the errors that a test provokes on purpose, and no others, stand in the logs."""
    marker = request.node.get_closest_marker("log_errors")
    if marker is None or "stack" not in request.fixturenames:
        yield
        return
    watch = request.getfixturevalue("stack").watch
    begun = watch.position()
    yield
    time.sleep(0.5)     # what was under way may still complain
    watch.allow(begun, [re.compile(p) for p in marker.args])


@pytest.fixture(scope="session")
def phone(stack):
    return Phone(stack.sim("sms") + "/sms")


@pytest.fixture
def anyone(stack, phone):
    """A caller without a login."""
    return Client(stack.base_url, phone)


@pytest.fixture(scope="session")
def _shared_citizen(stack, phone):
    return Client(stack.base_url, phone).login()


@pytest.fixture
def citizen(_shared_citizen):
    """A citizen who is logged in. Shared by all tests: do not log out, do not count its complaints."""
    return _shared_citizen.twin()


@pytest.fixture
def fresh_citizen(anyone):
    """A citizen of this test alone."""
    return anyone.login()


@pytest.fixture(scope="session")
def database(stack):
    """Asks the database as its administrator: database("SELECT …", args) → rows."""
    import pymysql

    def ask(sql, args=()):
        connection = pymysql.connect(**{"charset": "utf8mb4", "autocommit": True, **stack.db()})
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, args)
                return cursor.fetchall()
        finally:
            connection.close()
    return ask


@pytest.fixture
def redis(stack):
    import redis as library
    return library.Redis(host="127.0.0.1", port=stack.redis_port, socket_timeout=5)
