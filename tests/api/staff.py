"""Employees in the tests: logging in, second factors, and people made for one test."""
import base64
import hashlib
import hmac
import itertools
import random
import struct
import time

from client import Client

PASSWORD = "four words beside the river"
STEP_S = 30
_serial = itertools.count(random.SystemRandom().randrange(10**6))


def fresh_user(what="test"):
    return f"{what}.{next(_serial)}"


def login(caller, user, password, code=None, cookie=False, expect=201):
    """A client that is logged in; the refusal when that is what is expected."""
    body = {"user": user, "password": password, **({"code": code} if code else {}), **({"cookie": True} if cookie else {})}
    made = caller.post("/sessions", body, expect=expect)
    if made.status != 201:
        return made
    client = caller.anonymous()
    client.token, client.session, client.user, client.password = made.data.get("token"), made, user, password
    return client


def demo(stack, phone, role):
    """The demonstration's person of this role."""
    found = next(x for x in stack.demo["logins"] if x["role"] == role)
    return login(Client(stack.base_url, phone), found["user"], found["password"])


class People:
    """Makes employees: by the API, with duties written where the roster's import would write them; afterwards they have none, so
    that nobody else's complaints and messages come to them."""

    def __init__(self, admin, database):
        self.admin, self.database, self._users = admin, database, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for user in self._users:
            self.database("DELETE FROM roster WHERE staff_id = (SELECT id FROM staff WHERE user_name = %s)", (user,))
        self.database("UPDATE directory_version SET version = version + 1")

    def account(self, by=None, **fields):
        """(user, first password)"""
        body = {"user": fresh_user(), "name_en": "Rina Sen", "name_bn": "রিনা সেন", **fields}
        made = (by or self.admin).post("/users", body, expect=201)
        return made.data["user"]["user"], made.data["password"]

    def id(self, user):
        return self.database("SELECT id FROM staff WHERE user_name = %s", (user,))[0][0]

    def duty(self, user, role, department=None, level=None, borough=None):
        self._users.append(user)
        self.database("INSERT INTO roster (staff_id, role, department_code, eo_level, borough_no) VALUES (%s, %s, %s, %s, %s)",
                      (self.id(user), role, department, level, borough))

    def hire(self, *duties, **fields):
        """Somebody with these duties who is logged in and has a password of their own."""
        user, first = self.account(**fields)
        for duty in duties:
            self.duty(user, *duty)
        client = login(self.admin.anonymous(), user, first)
        client.post("/me/password", {"current": first, "new": PASSWORD}, expect=204)
        client.password = PASSWORD
        return client


# -- the app on their telephone

def code(secret, at=None, step=0):
    """RFC 6238, by hand: liboath is what is tested."""
    key = base64.b32decode(secret)
    moment = int((time.time() if at is None else at) // STEP_S) + step
    digest = hmac.new(key, struct.pack(">Q", moment), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7fffffff) % 10**6:06d}"


def steady(seconds=8):
    """Waits until the present step lasts that long: the codes of this test must not grow old in its middle."""
    left = STEP_S - time.time() % STEP_S
    if left < seconds:
        time.sleep(left + 0.05)


def wrong(right):
    return right[:5] + ("1" if right[5] == "0" else "0")


def with_totp(client):
    """Sets up a second factor, with the code of the step before: those of this one and the next are free."""
    steady()
    secret = client.post("/me/totp", {"password": client.password}, expect=201).data["secret"]
    client.post("/me/totp/confirm", {"code": code(secret, step=-1)}, expect=204)
    return secret
