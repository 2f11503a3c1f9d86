"""A department of a test's own, with what can be complained of in it, and lists of its officers."""
import csv
import io
import itertools
import random
import string

from client import Client, fresh_key

COLUMNS = ["user", "role", "department", "level", "boroughs", "wards", "subcategories", "en", "bn", "mobile"]
NAMES = {"en": "Test", "bn": "পরীক্ষা", "hi": "परीक्षण"}
_serial = itertools.count(random.SystemRandom().randrange(26**3))


def fresh_code():
    n = next(_serial)
    return "Z" + "".join(string.ascii_uppercase[n // 26**i % 26] for i in range(4))


def fresh_mobile():
    return f"9{random.SystemRandom().randrange(10**9):09d}"


def staff_login(stack, phone, user, password, **more):
    client = Client(stack.base_url, phone)
    client.token = client.post("/sessions", {"user": user, "password": password}, expect=201, **more).data["token"]
    client.user = user
    return client


def demo_login(stack, phone, role):
    found = next(x for x in stack.demo["logins"] if x["role"] == role)
    return staff_login(stack, phone, found["user"], found["password"])


def text(rows, columns=COLUMNS):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read(body):
    return list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"))))


class Department:
    """`send` brings a list in, `look` only asks what it would do; both give the report."""

    def __init__(self, admin, database):
        self.admin, self.database, self.code = admin, database, fresh_code()
        self.category, self.subcategory = f"{self.code}-A", f"{self.code}-01"
        admin.post("/departments", {"code": self.code, **NAMES}, expect=201)
        admin.post("/categories", {"code": self.category, "department": self.code, **NAMES}, expect=201)
        admin.post("/subcategories", {"code": self.subcategory, "category": self.category, "sla_hours": 24, **NAMES}, expect=201)

    def user(self, what="lme"):
        return f"{what}.{self.code.lower()}.{random.SystemRandom().randrange(10**6)}"

    def row(self, role="lme", **fields):
        return {"user": self.user(role), "role": role, "department": self.code, "level": "1" if role == "eo" else "",
                "en": "Rina Sen", "bn": "রিনা সেন", "mobile": fresh_mobile(), **fields}

    def post(self, rows, by=None, expect=200, key=None, headers=None, **params):
        raw = rows if isinstance(rows, (bytes, str)) else text(rows)
        raw = raw.encode() if isinstance(raw, str) else raw
        return (by or self.admin).post("/roster", raw=raw, params={"department": self.code, **params}, expect=expect,
                                       key=key or fresh_key(), headers={"Content-Type": "text/csv; charset=utf-8", **(headers or {})})

    def send(self, rows, **more):
        return self.post(rows, **more).data

    def look(self, rows, **more):
        return self.post(rows, dry_run=1, **more).data

    def csv(self, by=None, **params):
        answer = (by or self.admin).get("/roster", params={"department": self.code, **params}, headers={"Accept": "text/csv"}, expect=200)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        return answer.data

    def let_in(self, user, password, hash_of):
        """Gives an officer of a list the password that somebody of the demonstration has."""
        self.database("UPDATE staff SET must_change = FALSE, password_hash = (SELECT h FROM (SELECT password_hash AS h FROM staff"
                      " WHERE user_name = %s) x) WHERE user_name = %s", (hash_of, user))
        return staff_login_like(self.admin, user, password)

    def controlling(self, stack):
        """The department's controlling officer, logged in."""
        boss = self.row("controlling")
        self.send([boss, *read(self.csv())], confirm_leaving=1)
        found = next(x for x in stack.demo["logins"] if x["role"] == "controlling")
        return self.let_in(boss["user"], found["password"], found["user"])


def staff_login_like(client, user, password):
    other = client.anonymous()
    other.token = other.post("/sessions", {"user": user, "password": password}, expect=201).data["token"]
    other.user = user
    return other


def kinds(report):
    """(what, key) of each item."""
    return [(i["what"], i["key"]) for i in report["items"]]
