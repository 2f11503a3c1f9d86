"""Lives of complaints, each event with exactly the messages that were expected."""
import time

from client import Client, fresh_key

WARD = 93       # of borough 10, whose LME of the demonstration can log in
# the mobiles of sql/seed/staff.csv
LME, COLLEAGUE, GRO, EO1, EO2 = "7000000087", "7000000086", "7000000073", "7000000074", "7000000075"


def officers(stack, phone):
    """The demonstration's people, logged in, by role."""
    found = {}
    for login in stack.demo["logins"]:
        one = found[login["role"]] = Client(stack.base_url, phone)
        one.token = one.post("/sessions", {"user": login["user"], "password": login["password"]}, expect=201).data["token"]
    return found


class Life:
    """A complaint whose every event is followed by exactly the messages that were expected."""

    def __init__(self, citizen, staff, language, **fields):
        self.citizen, self.staff, self.phone, self.language = citizen, staff, citizen.phone, language
        self.lodged = citizen.lodge(**{"subcategory": "DRN-02", "ward": WARD, "language": language, **fields}).data
        self.number, self.version, self.seen = self.lodged["number"], 1, 0

    def act(self, who, action, expect=200, **fields):
        body = {"action": action, "version": self.version, **fields}
        answer = who.post(f"/complaints/{self.number}/actions", body, expect=expect, key=fresh_key())
        if expect == 200:
            self.version = answer.data["version"]
        return answer

    def messages(self):
        return self.phone.http.get(self.phone.url, params={"number": self.number}, timeout=10).json()["messages"]

    def told(self, *expected, seconds=10):
        """Exactly these have come since the last time: ("citizen" | mobile, template). Gives the messages."""
        wanted = sorted((self.citizen.mobile if to == "citizen" else to, template, self.language if to == "citizen" else "bn")
                        for to, template in expected)
        until = time.monotonic() + seconds
        while len(self.messages()) < self.seen + len(wanted) and time.monotonic() < until:
            time.sleep(0.03)
        if not wanted:
            time.sleep(0.5)     # what should not come has time to
        new = self.messages()[self.seen:]
        assert sorted((m["to"][-10:], m["template"], m["lang"]) for m in new) == wanted
        self.seen += len(new)
        for m in new:
            assert "{" not in m["text"] and m["number"] == self.number and 1 <= m["parts"] <= 2
        return new
