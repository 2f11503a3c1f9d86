"""Which route is open to whom: every row of the table of routes, asked by everybody there is.

THE TABLE here says it again on purpose: a `who` that is changed in routes.c, or a route that nobody has thought about, fails."""
import hashlib
import secrets
import subprocess

import pytest

from client import Client
from numbers_ekmc import number

ROLES = "citizen lme gro eo desk controlling commissioner mayor admin".split()
CITIZEN, LME, GRO, EO, DESK, CONTROLLING, COMMISSIONER, MAYOR, ADMIN = ({r} for r in ROLES)
IDLE = {"idle"}     # an employee without any duty
ANYONE = None
STAFF = set(ROLES) - CITIZEN | IDLE
ALL = STAFF | CITIZEN
READERS = CITIZEN | LME | GRO | EO | DESK | CONTROLLING | COMMISSIONER | MAYOR
KEEPERS = CONTROLLING | ADMIN
JOINERS = CITIZEN | GRO | DESK
PEERS = LME | GRO | EO | CONTROLLING
WORKERS = PEERS | COMMISSIONER | MAYOR

TABLE = {
    "GET /api/v1/status/{number}": ANYONE,
    "GET /api/v1/catalogue": ANYONE,
    "GET /api/v1/wards": ANYONE,
    "GET /api/v1/wards/locate": ANYONE,
    "POST /api/v1/otp": ANYONE,
    "POST /api/v1/sessions": ANYONE,
    "GET /api/v1/sessions": ALL,
    "DELETE /api/v1/sessions": ALL,
    "DELETE /api/v1/sessions/current": ALL,
    "DELETE /api/v1/sessions/{id}": ALL,
    "GET /api/v1/me": ALL,
    "POST /api/v1/me/password": STAFF,
    "POST /api/v1/me/totp": STAFF,
    "POST /api/v1/me/totp/confirm": STAFF,
    "POST /api/v1/me/totp/remove": STAFF,
    "GET /api/v1/users": KEEPERS,
    "POST /api/v1/users": KEEPERS,
    "GET /api/v1/users/{user}": KEEPERS,
    "PATCH /api/v1/users/{user}": KEEPERS,
    "POST /api/v1/users/{user}/password": KEEPERS,
    "DELETE /api/v1/users/{user}/totp": KEEPERS,
    "GET /api/v1/users/{user}/sessions": KEEPERS,
    "DELETE /api/v1/users/{user}/sessions": KEEPERS,
    "POST /api/v1/complaints": CITIZEN,
    "GET /api/v1/complaints": CITIZEN | WORKERS | DESK,
    "POST /api/v1/complaints/search": WORKERS | DESK,
    "GET /api/v1/complaints/{number}": READERS,
    "GET /api/v1/complaints/{number}/timeline": READERS,
    "POST /api/v1/complaints/{number}/actions": READERS,
    "POST /api/v1/complaints/similar": JOINERS,
    "POST /api/v1/uploads": ALL,
    "GET /api/v1/complaints/{number}/attachments/{id}": READERS,
    "POST /api/v1/links": ANYONE,
    "POST /api/v1/links/actions": ANYONE,
    "GET /api/v1/templates": ADMIN,
    "GET /api/v1/templates/{code}/{language}": ADMIN,
    "PUT /api/v1/templates/{code}/{language}": ADMIN,
    "POST /api/v1/templates/preview": ADMIN,
    "GET /api/v1/roster": KEEPERS,
    "POST /api/v1/roster": KEEPERS,
    "GET /api/v1/departments": KEEPERS,
    "POST /api/v1/departments": ADMIN,
    "POST /api/v1/departments/{code}": ADMIN,
    "GET /api/v1/categories": KEEPERS,
    "POST /api/v1/categories": KEEPERS,
    "POST /api/v1/categories/{code}": KEEPERS,
    "GET /api/v1/subcategories": KEEPERS,
    "POST /api/v1/subcategories": KEEPERS,
    "POST /api/v1/subcategories/{code}": KEEPERS,
    "GET /api/v1/holidays": STAFF,
    "PUT /api/v1/holidays/{day}": ADMIN,
    "DELETE /api/v1/holidays/{day}": ADMIN,
    "GET /api/v1/settings": ADMIN,
    "PUT /api/v1/settings/{name}": ADMIN,
    "GET /api/v1/changes": ADMIN,
    "GET /api/v1/audit/access": COMMISSIONER | ADMIN,
    "GET /api/v1/complaints/{number}/access": CITIZEN,
    "GET /api/v1/inbox": WORKERS,
    "POST /api/v1/inbox/actions": WORKERS | DESK,
    "GET /api/v1/employees": PEERS,
    "GET /healthz": ANYONE,
    "GET /readyz": ANYONE,
    "GET /metrics": ANYONE,
}
# what is not there, so that whoever may ask hears 404 and changes nothing
PARAMETERS = {"{number}": number("2611", 9999997), "{id}": "0" * 16, "{user}": "nobody.of.this.name",
              "{code}": "NONE", "{language}": "en", "{day}": "1999-01-01", "{name}": "no_such_setting"}
# where the session is looked up together with the work, only a body that fits gets that far
BODIES = {"POST /api/v1/complaints": {"subcategory": "DRN-01", "description": "asked by everybody", "ward": 63}}


@pytest.fixture(scope="module")
def sessions(stack):
    """sessions(role): a caller with a session of their own, fresh each time: some of the routes end it."""
    import pymysql
    connection = pymysql.connect(**stack.db())
    cursor = connection.cursor()

    def insert(text, *args):
        cursor.execute(text, args)
        return cursor.lastrowid
    ids = {}
    mark = secrets.token_hex(4)
    for role in sorted(STAFF):
        ids[role] = insert("INSERT INTO staff (user_name, name_en, name_bn, must_change) VALUES (%s, 'R', 'র', 0)", f"{role}.{mark}")
        if role != "idle":
            insert("INSERT INTO roster (staff_id, role, department_code, eo_level) VALUES (%s, %s, 'DRN', %s)", ids[role], role.upper(),
                   1 if role == "eo" else None)
    ids["citizen"] = insert("INSERT INTO citizen (mobile_index, mobile_sealed, created_at) SELECT %s, mobile_sealed, UTC_TIMESTAMP(3)"
                            " FROM staff WHERE mobile_sealed IS NOT NULL LIMIT 1", secrets.token_bytes(32))

    def make(role):
        token = secrets.token_urlsafe(32)
        column = "citizen_id" if role == "citizen" else "staff_id"
        insert(f"INSERT INTO session (token_hash, {column}, created_at, expires_at)"
               " VALUES (%s, %s, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 1 HOUR)", hashlib.sha256(token.encode()).digest(), ids[role])
        return Client(stack.base_url, token=token)
    yield make
    # from now on nobody's complaints and messages come to them
    cursor.execute(f"DELETE FROM roster WHERE staff_id IN ({', '.join(str(ids[role]) for role in STAFF)})")
    cursor.execute("UPDATE directory_version SET version = version + 1")
    connection.close()


def ask(caller, route):
    method, path = route.split()
    for name, value in PARAMETERS.items():
        path = path.replace(name, value)
    assert "{" not in path, f"{route}: give its parameter a value in PARAMETERS"
    return caller.call(method, path, BODIES.get(route, {}) if method in ("POST", "PUT", "PATCH") else None)


def test_the_table_has_every_route(stack):
    printed = subprocess.run([stack.layout.build / "ekmc-fcgi", "--routes"], capture_output=True, text=True, check=True, timeout=20).stdout
    assert set(printed.splitlines()) == set(TABLE)


@pytest.mark.parametrize("route", TABLE)
def test_a_stranger_gets_in_where_nobody_need_be_known(anyone, route):
    answer = ask(anyone, route)
    assert (answer.status == 401) == (TABLE[route] is not ANYONE), answer
    assert answer.status != 403
    if answer.status == 401:
        assert answer.code == "unauthenticated"


@pytest.mark.parametrize("route", TABLE)
def test_a_route_is_open_to_those_of_the_table_and_nobody_else(sessions, route):
    wrong = []
    for role in (*ROLES, "idle"):
        answer = ask(sessions(role), route)
        assert answer.status != 401, (role, answer)
        refused = answer.status == 403 and answer.code == "forbidden"
        allowed = TABLE[route] is ANYONE or role in TABLE[route]
        if refused == allowed:
            wrong.append(f"{role}: {answer.status}, {'is' if allowed else 'is not'} in the table")
    assert not wrong, wrong
