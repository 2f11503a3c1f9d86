"""The simulated eKMC1.0: the old portal's status search in three variants, with faults on demand.

Searches: GET /a/search?cno=N&lang=en, POST /b/search (complaintNo=N&act=PUBLIC_VIEW), GET /json/complaint/N.
`/` is the "old page" for people. Control calls (README.md): GET and POST /_control, POST /_control/reset,
POST /_control/complaint. A fault hits searches only; the old page and the control calls always answer.
"""
import collections
import dataclasses
import random
import threading

import ekmc1_data
import ekmc1_pages
import simlib
from simlib import Reply

HUGE_BYTES = 10 << 20
LAST_KEPT = 20


@dataclasses.dataclass
class Fault:
    """What searches get instead of a plain answer. `left`: for so many searches, None: until told otherwise."""
    mode: str = "ok"
    delay_ms: int = 1000
    left: int = None
    variant: str = None
    location: str = None


# each makes a Reply of the right one and of the search's running number
def _error(right, n):
    return ekmc1_pages.tomcat(500, "Internal Server Error")


def _cut(right, n):
    return dataclasses.replace(right, cut=True)


def _garbage(right, n):
    return Reply(random.Random(n).randbytes(4096))


def _huge(right, n):
    return dataclasses.replace(right, stream=_much(right.body))


def _empty(right, n):
    return Reply(b"", right.kind)


def _wrongtype(right, n):
    if "json" in right.kind:
        return Reply(b"<html><body><h3>Session expired, please login again</h3></body></html>")
    return Reply(b'{"success": true, "data": {"notice": "moved to the new app"}}', "application/json")


SPOIL = {"500": _error, "cut": _cut, "garbage": _garbage, "huge": _huge, "empty": _empty, "wrongtype": _wrongtype}
MODES = ("ok", "slow", "hang", "redirect", "other", *SPOIL)


def _much(body):
    """The right answer first, then rows without end, so that reading on is the only way to know better."""
    yield body
    row = b"<tr bgcolor=#EEEEEE><td class=lbl>Note&nbsp;:<td class=val>" + b"seen " * 12 + b"</tr>\n"
    block = row * (65536 // len(row))
    for _ in range(HUGE_BYTES // len(block) + 1):
        yield block


class Ekmc1:
    """The portal: complaints, the fault in force and what was seen. All state is under `self._lock`."""
    banner = "Apache-Coyote/1.1"

    def __init__(self):
        self._lock = threading.Lock()
        self._gate = simlib.Gate()
        # the place a redirect leads to, on a port of its own: whoever follows is counted
        self._elsewhere = simlib.Server(Elsewhere(self))
        self._clear()

    def _clear(self):
        self._fault = Fault()
        self._complaints = ekmc1_data.complaints()
        self._seen = 0
        self._by_variant = collections.Counter()
        self._by_number = collections.Counter()
        self._followed = 0
        self._peak = 0
        self._last = collections.deque(maxlen=LAST_KEPT)
        # those who hang now stay counted through a reset: they leave by themselves
        self._waiting = getattr(self, "_waiting", 0)

    def answer(self, request):
        path = request.path
        if path.startswith("/_control"):
            return self._control(request)
        for variant in ekmc1_pages.VARIANTS.values():
            if variant.takes(path):
                return self._search(variant, request)
        if path == "/":
            return ekmc1_pages.start_page()
        if path in ("/a/", "/b/"):
            return ekmc1_pages.VARIANTS[path.strip("/")].form()
        return ekmc1_pages.tomcat(404, "Not Found")

    # -- searches --------------------------------------------------------------------------------------------------

    def _search(self, variant, request):
        asked = variant.asked(request)
        with self._lock:
            nth = self._note(variant, request, asked)
            fault = self._take_fault(variant)
            ticket = self._gate.ticket()
        if fault.mode in ("slow", "hang") and not self._held(fault, ticket, request.conn):
            return None
        if fault.mode == "redirect":
            url = fault.location or f"http://127.0.0.1:{self._elsewhere.port}/elsewhere"
            return Reply(b"", status=302, headers={"Location": url})
        right = asked if isinstance(asked, Reply) else self._right(variant, asked, fault.mode == "other")
        spoil = SPOIL.get(fault.mode)
        return spoil(right, nth) if spoil else right

    def _note(self, variant, request, asked):
        self._seen += 1
        self._by_variant[variant.name] += 1
        if isinstance(asked, str):
            self._by_number[asked] += 1
        self._last.append({
            "variant": variant.name, "method": request.method, "target": request.target,
            "body": request.body.decode("latin-1"), "number": asked if isinstance(asked, str) else None,
            "user_agent": request.headers.get("User-Agent"),
        })
        return self._seen

    def _take_fault(self, variant):
        fault = self._fault
        if fault.variant not in (None, variant.name):
            return Fault()
        if fault.left is None:
            return fault
        fault.left -= 1
        if fault.left <= 0:
            self._fault = Fault()
        return fault

    def _held(self, fault, ticket, conn):
        """Waits as the fault says; False when the client left meanwhile."""
        with self._lock:
            self._waiting += 1
            self._peak = max(self._peak, self._waiting)
        if fault.mode == "hang":
            stayed = self._gate.wait(ticket, conn)
        else:
            stayed = not simlib.client_left(conn, fault.delay_ms / 1000)
        with self._lock:
            self._waiting -= 1
        return stayed

    def _right(self, variant, number, other):
        with self._lock:
            known = self._complaints
        if other:
            key = ekmc1_data.normal(number)
            number = next(n for n in known if n != key)
        return ekmc1_pages.search(variant, number, known)

    # -- control ---------------------------------------------------------------------------------------------------

    def _control(self, request):
        call = (request.method, request.path.rstrip("/"))
        with self._lock:
            if call == ("GET", "/_control"):
                return simlib.json_reply(self._state())
            if call == ("POST", "/_control"):
                self._fault = _fault_of(request.json())
            elif call == ("POST", "/_control/reset"):
                self._clear()
            elif call == ("POST", "/_control/complaint"):
                c = ekmc1_data.changed(self._complaints, request.json())
                # a new mapping: a search that is being answered keeps the one it has
                self._complaints = {**self._complaints, c.number: c}
                return simlib.json_reply({**dataclasses.asdict(c), "lodged": c.lodged.isoformat(),
                                          "closed": c.closed.isoformat() if c.closed else None})
            else:
                return simlib.json_reply({"error": "no such control call"}, 404)
            # hanging searches go on with the right answer, whatever the new mode is
            self._gate.open()
            return simlib.json_reply(self._state())

    def _state(self):
        fault = self._fault
        return {
            "mode": fault.mode, "delay_ms": fault.delay_ms, "for_requests": fault.left, "variant": fault.variant,
            "requests": self._seen, "by_variant": dict(self._by_variant), "by_number": dict(self._by_number),
            "waiting": self._waiting, "peak_waiting": self._peak,
            "elsewhere": {"port": self._elsewhere.port, "followed": self._followed},
            "complaints": len(self._complaints), "last": list(self._last),
        }

    def followed(self):
        """Somebody followed a redirect."""
        with self._lock:
            self._followed += 1


class Elsewhere:
    """Where mode `redirect` leads: answers like variant a would, so that only a client that refuses does right."""
    banner = "elsewhere"

    def __init__(self, portal):
        self._portal = portal

    def answer(self, request):
        self._portal.followed()
        c = ekmc1_data.NAMED[0]
        return ekmc1_pages.VARIANTS["a"].found(c)


def _fault_of(order):
    """The Fault of a control call. Errors: ValueError, saying what is allowed."""
    unknown = set(order) - {"mode", "delay_ms", "for_requests", "variant", "location"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    mode, n, delay = order.get("mode", "ok"), order.get("for_requests"), order.get("delay_ms", 1000)
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}")
    if order.get("variant") not in (None, *ekmc1_pages.VARIANTS):
        raise ValueError("variant must be a, b, json or null")
    if n is not None and (type(n) is not int or n < 1):
        raise ValueError("for_requests must be a positive number or null")
    if type(delay) is not int or not 0 <= delay <= 600_000:
        raise ValueError("delay_ms must be 0 to 600000")
    return Fault(mode, delay, n, order.get("variant"), order.get("location"))


if __name__ == "__main__":
    ARGS = simlib.parser(__doc__).parse_args()
    simlib.run(Ekmc1, ARGS)
