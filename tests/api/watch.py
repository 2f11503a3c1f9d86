"""Waiting for a stack, changing its settings for a while, and reading its logs for errors nobody expected."""
import contextlib
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

import requests

OURS = ("fcgi", "legacy", "notify", "clock")
BAD_LEVELS = ("error", "fatal", "critical")


def log_lines(stack, unit):
    """A unit's log lines, parsed. What is not a line of ours (a sanitizer's report, an abort) counts as an error."""
    found = []
    for line in stack.log_lines(unit):
        try:
            value = json.loads(line) if isinstance(line, str) else line
        except ValueError:
            value = None
        found.append(value if isinstance(value, dict) else {"level": "error", "event": "not a line of ours", "line": str(line)})
    return found


class LogWatch:
    def __init__(self, stack):
        self.stack = stack
        self._allowed = set()

    def position(self):
        return {unit: len(self.stack.log_lines(unit)) for unit in OURS}

    def allow(self, begun, patterns):
        """Error lines since `begun` that match one of the patterns are fine."""
        for unit in OURS:
            for i, line in enumerate(log_lines(self.stack, unit)):
                if i >= begun[unit] and any(p.search(json.dumps(line)) for p in patterns):
                    self._allowed.add((unit, i))

    def unexpected(self):
        return [f"{unit}: {json.dumps(line, ensure_ascii=False)}" for unit in OURS
                for i, line in enumerate(log_lines(self.stack, unit))
                if line.get("level") in BAD_LEVELS and (unit, i) not in self._allowed]


def wait_until(true, seconds, what="it"):
    """Waits until `true()` is; returns how long that took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - begun


def answers(url, **headers):
    """The status of a bare GET; 0 when nobody answers."""
    try:
        with requests.Session() as http:
            http.trust_env = False
            return http.get(url, headers=headers, timeout=3).status_code
    except requests.RequestException:
        return 0


def wait_ready(stack, seconds=60):
    """Until the probe says yes and MariaDB is asked and answers: /readyz only tells that it was reached once."""
    base = stack.base_url.rstrip("/")
    wait_until(lambda: answers(base + "/readyz") == 200, seconds, "/readyz")

    def asks_the_database():
        return answers(base + "/api/v1/me", Authorization=f"Bearer {secrets.token_urlsafe(32)}") == 401
    wait_until(lambda: asks_the_database() and asks_the_database(), seconds, "the database behind the API")


@contextlib.contextmanager
def settings(stack, unit, values, back):
    """Other settings for a while; `back` are the ones to return to."""
    stack.conf(unit, values)
    wait_ready(stack)
    try:
        yield
    finally:
        stack.conf(unit, back)
        wait_ready(stack)


def together(n, function):
    """Calls function(i) for i < n in n threads at once; returns the results in order."""
    with ThreadPoolExecutor(n) as pool:
        return [f.result() for f in [pool.submit(function, i) for i in range(n)]]
