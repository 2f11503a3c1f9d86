"""Two departments of the tests' own, whose officers and complaints are known to the last: what an inbox must hold is worked out here
once more, from the design's words and not from the program's.

TIX: two LMEs, a GRO for all and one for boroughs 1 and 2, EO 1, controlling officer, no EO 2.
TIY: an LME, EO 2, controlling officer; no GRO and no EO 1."""
import dataclasses
import datetime
import itertools

import pymysql

from numbers_ekmc import number

OPEN = ("UNASSIGNED", "ASSIGNED", "IN_PROGRESS", "REASSIGN_REQUESTED", "AWAITING_CITIZEN", "ESCALATED")
CLOSED = ("RESOLVED", "REJECTED", "CLOSED", "WITHDRAWN")
HOUR = datetime.timedelta(hours=1)
# user: [(role, department, level, borough)]
PEOPLE = {
    "lme1.tix": [("LME", "TIX", None, None)],
    "lme2.tix": [("LME", "TIX", None, 3)],
    "gro.tix": [("GRO", "TIX", None, None)],
    "gro.b12.tix": [("GRO", "TIX", None, 1), ("GRO", "TIX", None, 2)],
    "eo1.tix": [("EO", "TIX", 1, None)],
    "co.tix": [("CONTROLLING", "TIX", None, None)],
    "lme.tiy": [("LME", "TIY", None, None)],
    "eo2.tiy": [("EO", "TIY", 2, None)],
    "co.tiy": [("CONTROLLING", "TIY", None, None)],
    # LME of one department and GRO of the other's borough 2; somebody at the desk who is an LME too
    "both.tix": [("LME", "TIX", None, None), ("GRO", "TIY", None, 2)],
    "desk.tix": [("DESK", None, None, None)],
    "desklme.tix": [("DESK", None, None, None), ("LME", "TIX", None, None)],
    "mayor.tix": [("MAYOR", None, None, None)],
}
TABS = {
    "mine": {"LME", "GRO", "EO", "CONTROLLING"},
    "department": {"GRO", "EO", "CONTROLLING", "COMMISSIONER", "MAYOR"},
    "overdue": {"LME", "GRO", "EO", "CONTROLLING", "COMMISSIONER", "MAYOR"},
    "requests": {"LME", "GRO", "EO", "CONTROLLING", "COMMISSIONER", "MAYOR"},
    "escalated": {"GRO", "EO", "CONTROLLING", "COMMISSIONER", "MAYOR"},
}


@dataclasses.dataclass
class Row:
    number: str
    id: int
    state: str
    department: str
    subcategory: str
    ward: int
    level: int
    holder: str
    last_holder: str
    waiting_from: str
    waiting_since: datetime.datetime
    priority: bool
    channel: str
    lodged: datetime.datetime
    due: datetime.datetime

    @property
    def borough(self):
        return {1: 1, 2: 1, 10: 2, 12: 2, 29: 3, 63: 7}[self.ward]

    @property
    def category(self):
        return self.department + "-A"

    def late(self, now):
        return self.state in OPEN and self.due < (self.waiting_since if self.state == "AWAITING_CITIZEN" else now)


class Offices:
    def __init__(self, connect):
        self.connect = connect
        self.rows = []
        self.away = set()       # who is not in the roster just now

    def run(self, *statements):
        connection = pymysql.connect(**{"charset": "utf8mb4", "autocommit": True, **self.connect})
        try:
            with connection.cursor() as cursor:
                for sql, args in statements:
                    cursor.execute(sql, args)
                    while cursor.nextset():
                        pass
                return cursor.fetchall()
        finally:
            connection.close()

    def found(self):
        """Inactive, so that no catalogue shows them and nothing is lodged there."""
        made = []
        for code in ("TIX", "TIY"):
            made += [("INSERT INTO department VALUES (%s, 'Test', 'Test', 'Test', 900, FALSE, 1)", (code,)),
                     ("INSERT INTO category VALUES (CONCAT(%s, '-A'), %s, 'Test', 'Test', 'Test', 900, FALSE, 1)", (code, code))]
            made += [("INSERT INTO subcategory VALUES (%s, CONCAT(%s, '-A'), %s, 'Test', 'Test', 'Test', 48, FALSE, FALSE, 900, FALSE, 1)",
                      (f"{code}-0{i}", code, code)) for i in (1, 2)]
        for user, duties in PEOPLE.items():
            made.append(("INSERT INTO staff (user_name, name_en, name_bn, must_change, active) VALUES (%s, %s, %s, FALSE, TRUE)",
                         (user, f"Name of {user}", f"{user}-এর নাম")))
            made += [("INSERT INTO roster (staff_id, role, department_code, eo_level, borough_no) SELECT id, %s, %s, %s, %s FROM staff"
                      " WHERE user_name = %s", (role, department, level, borough, user)) for role, department, level, borough in duties]
        self.run(*made, *self.changed())

    @staticmethod
    def changed():
        return [("UPDATE directory_version SET version = version + 1, changed_at = UTC_TIMESTAMP(3)", ())]

    def leave(self):
        """What was done stays: timelines are not cut. Nobody of ours works here any more."""
        self.run(("UPDATE staff SET active = FALSE WHERE user_name IN %s", (tuple(PEOPLE),)), *self.changed())

    def send_away(self, *users):
        self.away |= set(users)
        self.run(("UPDATE staff SET active = FALSE WHERE user_name IN %s", (users,)), *self.changed())

    def call_back(self):
        self.run(("UPDATE staff SET active = TRUE WHERE user_name IN %s", (tuple(PEOPLE),)), *self.changed())
        self.away = set()

    # -- complaints

    def add(self, state="ASSIGNED", department="TIX", ward=1, subcategory=1, level=0, holder=None, last_holder=None, waiting_from=None,
            priority=False, channel="WEB", age_h=24, due_h=24, citizen=None):
        """One complaint with its first event, as the procedure of lodging writes it; `due_h`: hours from now, before it when negative."""
        now = datetime.datetime.utcnow().replace(microsecond=0)
        waiting = now - 2 * HOUR if state == "AWAITING_CITIZEN" else None
        start = int(self.run(("UPDATE id_block SET next_id = LAST_INSERT_ID(next_id) + 1 WHERE name = 'complaint'", ()),
                             ("SELECT LAST_INSERT_ID()", ()))[0][0])
        lodged = now - age_h * HOUR
        month = (lodged + datetime.timedelta(hours=5, minutes=30)).strftime("%y%m")
        row = Row(number(month, start % 10**7), start, state, department, f"{department}-0{subcategory}", ward, level, holder, last_holder,
                  waiting_from, waiting, priority, channel, lodged, now + due_h * HOUR)
        done = now if state in ("RESOLVED", "REJECTED") else None
        self.run(
            ("CALL event_append(REPEAT('\\0', 32), %s, 1, %s, 'lodge', NULL, %s, %s, 'citizen', %s, 'GRO', NULL, FALSE, NULL, @head)",
             (row.id, now, state, level, citizen)),
            ("INSERT INTO complaint (id, number, state, level, priority, channel, citizen_id, department_code, category_code, subcategory_code,"
             " ward_no, borough_no, description, language, holder_id, last_holder_id, waiting_from, waiting_since, lodged_at, due_at,"
             " resolved_at, changed_at, event_count, event_head)"
             " SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'made for a test', 'en',"
             " (SELECT id FROM staff WHERE user_name = %s), (SELECT id FROM staff WHERE user_name = %s), %s, %s, %s, %s, %s, %s, 1, @head",
             (row.id, row.number, state, level, priority, channel, citizen, department, row.category, row.subcategory, ward, row.borough,
              holder, last_holder, waiting_from, waiting, row.lodged, row.due, done, now)))
        self.rows.append(row)
        return row

    def fill(self):
        """Every state, office, borough and lateness, in both departments."""
        wards = itertools.cycle((1, 10, 29, 63, 12, 2))
        subcategories, channels = itertools.cycle((1, 2)), itertools.cycle(("WEB", "APP", "CALL_CENTRE"))
        lmes = {"TIX": itertools.cycle(("lme1.tix", "lme2.tix", "both.tix")), "TIY": itertools.cycle(("lme.tiy",))}
        stories = [(s, None, 0) for s in ("UNASSIGNED", "ASSIGNED", "ASSIGNED", "IN_PROGRESS", "REASSIGN_REQUESTED")]
        stories += [("ASSIGNED", None, 1), ("ESCALATED", None, 1), ("ESCALATED", None, 2)]
        stories += [("AWAITING_CITIZEN", f, 1 if f == "ESCALATED" else 0) for f in OPEN if f != "AWAITING_CITIZEN"]
        for department, (state, waiting_from, level), due in itertools.product(("TIX", "TIY"), stories, (-30, -1, 40)):
            had = state if waiting_from is None else waiting_from
            named = had in ("ASSIGNED", "IN_PROGRESS", "REASSIGN_REQUESTED")
            self.add(state, department, next(wards), next(subcategories), level, next(lmes[department]) if named else None,
                     waiting_from=waiting_from, priority=len(self.rows) % 11 == 3, channel=next(channels), age_h=10 + 13 * len(self.rows) % 400,
                     due_h=due + len(self.rows) % 3)
        for state, department in itertools.product(CLOSED, ("TIX", "TIY")):
            self.add(state, department, next(wards), next(subcategories), last_holder=next(lmes[department]), age_h=700, due_h=-500)
        self.add("ESCALATED", "TIX", 29, level=1, last_holder="lme1.tix")

    # -- the rules

    def post(self, role, department, borough, level=None):
        return any(u not in self.away and r == role and d == department and v == level and b in (None, borough)
                   for u, duties in PEOPLE.items() for r, d, v, b in duties)

    def holds(self, user, row):
        """HOLDER of design section 4."""
        state = row.waiting_from if row.state == "AWAITING_CITIZEN" else row.state
        if state in ("ASSIGNED", "IN_PROGRESS"):
            return row.holder == user
        if state not in OPEN:
            return False
        for role, department, level, borough in PEOPLE[user]:
            if department != row.department or borough not in (None, row.borough):
                continue
            if state == "ESCALATED":
                having = next((v for v in range(row.level, 3) if self.post("EO", department, row.borough, v)), "CONTROLLING")
                if (role == "EO" and level == having) or (role == "CONTROLLING" and having == "CONTROLLING"):
                    return True
            elif role == "GRO" or (role == "CONTROLLING" and not self.post("GRO", department, row.borough)):
                return True
        return False

    @staticmethod
    def officer(user, row, roles=("GRO", "EO", "CONTROLLING", "COMMISSIONER", "MAYOR")):
        return any(role in roles and d in (None, row.department) and b in (None, row.borough) for role, d, _, b in PEOPLE[user])

    def in_tab(self, user, tab, row, now):
        if row.state not in OPEN:
            return False
        if tab == "mine":
            return self.holds(user, row)
        own = row.holder == user and any(role == "LME" for role, *_ in PEOPLE[user])
        if tab == "department":
            return self.officer(user, row)
        if tab == "overdue":
            return row.late(now) and (own or self.officer(user, row))
        if tab == "requests":
            return row.state == "REASSIGN_REQUESTED" and (own or self.officer(user, row))
        return row.state == "ESCALATED" and (self.holds(user, row) or self.officer(user, row, ("GRO", "CONTROLLING", "COMMISSIONER", "MAYOR")))

    def seen(self, user, row):
        """The object rule."""
        roles = {role for role, *_ in PEOPLE[user]}
        return "DESK" in roles or self.officer(user, row) or ("LME" in roles and user in (row.holder, row.last_holder))

    @staticmethod
    def tabs(user):
        roles = {role for role, *_ in PEOPLE[user]}
        return [tab for tab, whose in TABS.items() if roles & whose]
