"""Two stacks that differ in one thing: how much has been lodged and closed since the go-live. What is open is the same in both."""
import hashlib
import secrets
import tempfile
from pathlib import Path

import demo
import mariadb
import wrk
from stack import Stack
from wrk import Unmeasured

CITIZENS = 50           # who ask
EACH = 40               # complaints of each of them, spread over all the time
CHUNK = 500_000
CONNECTIONS = 16
DEPARTMENTS = "SELECT code FROM department WHERE active ORDER BY code;"

# Numbers are unique and of the right months; only those that are asked for get their check digit. Nobody is told anything, no clock
# comes due: the work of other roles would fall into the runs.
FILL = """
SET SESSION unique_checks = 0, foreign_key_checks = 0;
CREATE TEMPORARY TABLE kind (k INT PRIMARY KEY) SELECT ROW_NUMBER() OVER (ORDER BY code) - 1 AS k, code, category_code, department_code FROM subcategory;
CREATE TEMPORARY TABLE lme (department_code VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin, k INT, staff_id BIGINT UNSIGNED, n INT, PRIMARY KEY (department_code, k))
  SELECT department_code, ROW_NUMBER() OVER (PARTITION BY department_code ORDER BY staff_id) - 1 AS k, staff_id, COUNT(*) OVER (PARTITION BY department_code) AS n
  FROM (SELECT DISTINCT department_code, staff_id FROM roster WHERE role = 'LME') r;
SET @kinds = (SELECT COUNT(*) FROM kind);
INSERT INTO complaint (id, number, state, channel, citizen_id, department_code, category_code, subcategory_code, ward_no, borough_no, description,
    language, holder_id, last_holder_id, level, priority, lodged_at, due_at, escalate_at, changed_at, event_count, event_head)
  SELECT {first} + s.seq, CONCAT(DATE_FORMAT(s.at + INTERVAL 330 MINUTE, '%y%m'), LPAD(MOD({first} + s.seq, 10000000), 7, '0'), '0'), s.state, 'WEB',
    IF(MOD(s.seq, {step}) = 0, {asking} + MOD(s.seq DIV {step}, {citizens}), {others} + MOD(s.seq * 7919, {many})),
    k.department_code, k.category_code, k.code, w.ward_no, w.borough_no, REPEAT('নর্দমার জল রাস্তায় ', 8), 'bn',
    IF(s.state IN ('ASSIGNED', 'IN_PROGRESS', 'REASSIGN_REQUESTED'), l.staff_id, NULL), IF(s.state IN ('CLOSED', 'WITHDRAWN'), l.staff_id, NULL),
    IF(s.state = 'ESCALATED', 1 + MOD(s.seq, 2), 0), MOD(s.seq, 200) = 7, s.at, s.at + INTERVAL 3 DAY, NULL, s.at, 1, REPEAT('h', 32)
  FROM (SELECT seq, '2026-11-20 12:00:00' - INTERVAL ROUND(({rows} - seq) * 60000000 / {rows}) SECOND AS at,
      IF(seq > {rows} - {open}, ELT(1 + MOD(seq, 10), 'UNASSIGNED', 'ASSIGNED', 'ASSIGNED', 'ASSIGNED', 'ASSIGNED', 'IN_PROGRESS', 'IN_PROGRESS',
        'REASSIGN_REQUESTED', 'ESCALATED', 'ESCALATED'), IF(MOD(seq, 20), 'CLOSED', 'WITHDRAWN')) AS state
    FROM seq_1_to_{rows} WHERE seq BETWEEN {low} AND {high}) s
  JOIN kind k ON k.k = MOD(s.seq * 31, @kinds)
  JOIN ward w ON w.ward_no = 1 + MOD(s.seq * 17, 144)
  LEFT JOIN lme l ON l.department_code = k.department_code AND l.k = MOD(s.seq, l.n);
"""


class Grown:
    """A stack with `rows` complaints, `open_rows` of them open."""

    def __init__(self, settings, rows, open_rows):
        self.rows, self.open_rows = rows, open_rows
        self.stack = Stack(settings={**settings, "mariadb.innodb-buffer-pool-size": "1G"})
        self._tmp = tempfile.TemporaryDirectory(prefix="ekmc-bench-")
        self.tokens = [secrets.token_urlsafe(32) for _ in range(CITIZENS)]

    def __enter__(self):
        try:
            self.stack.__enter__()
            for unit in ("notify", "clock"):
                if unit in self.stack.status():
                    self.stack.stop(unit)
            self._fill(*self._people())
            self._write()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stack.__exit__()
        self._tmp.cleanup()

    def sql(self, text):
        return [line.split("\t") for line in mariadb.sql(self.stack.layout, "SET time_zone='+00:00'; USE ekmc; " + text).splitlines()[1:]]

    def _people(self):
        """(first of those who ask, first of the others, how many others)"""
        many = max(1000, self.rows // 5)
        self.sql(f"INSERT INTO citizen (mobile_index, mobile_sealed, language, created_at) SELECT UNHEX(SHA2(CONCAT('bench', seq), 256)),"
                 f" REPEAT('x', 51), 'bn', NOW(3) FROM seq_1_to_{many + CITIZENS};")
        first = int(self.sql("SELECT id FROM citizen WHERE mobile_index = UNHEX(SHA2('bench1', 256));")[0][0])
        last = int(self.sql(f"SELECT id FROM citizen WHERE mobile_index = UNHEX(SHA2('bench{many + CITIZENS}', 256));")[0][0])
        if last - first != many + CITIZENS - 1:
            raise Unmeasured("the citizens' ids have gaps")
        seal = self._seal_of_a_mobile()
        self.sql("".join(f"UPDATE citizen SET mobile_sealed = x'{seal}' WHERE id = {first + i}; INSERT INTO session (token_hash, citizen_id,"
                         f" created_at, expires_at) VALUES (x'{_hash(t)}', {first + i}, NOW(3), NOW(3) + INTERVAL 1 DAY);"
                         for i, t in enumerate(self.tokens)))
        return first, first + CITIZENS, many

    def _seal_of_a_mobile(self):
        """Sealed as the stack seals: whoever looks a complaint up is shown the mobile it came from. The demonstration has citizens."""
        return self.sql("SELECT HEX(mobile_sealed) FROM citizen WHERE mobile_sealed NOT LIKE 'xxx%' ORDER BY id LIMIT 1;")[0][0]

    def _fill(self, asking, others, many):
        first = int(self.sql(f"START TRANSACTION; SELECT next_id FROM id_block WHERE name='complaint' FOR UPDATE;"
                             f" UPDATE id_block SET next_id = next_id + {self.rows + 1} WHERE name='complaint'; COMMIT;")[0][0])
        step = self.rows // (CITIZENS * EACH)
        for low in range(1, self.rows + 1, CHUNK):
            self.sql(FILL.format(first=first, rows=self.rows, open=self.open_rows, low=low, high=min(low + CHUNK - 1, self.rows), step=step,
                                 asking=asking, citizens=CITIZENS, others=others, many=many))
        self.asked = []
        fixes = ""
        for i, number in self.sql(f"SELECT MOD((id - {first}) DIV {step}, {CITIZENS}), number FROM complaint WHERE id > {first}"
                                  f" AND citizen_id BETWEEN {asking} AND {asking + CITIZENS - 1};"):
            right = number[:11] + demo.verhoeff(number[:11])
            fixes += f"UPDATE complaint SET number = '{right}' WHERE number = '{number}';"
            self.asked.append((right, self.tokens[int(i)]))
        self.sql(fixes + "ANALYZE TABLE complaint;")
        stored = int(self.sql(f"SELECT COUNT(*) FROM complaint WHERE id > {first};")[0][0])
        if stored != self.rows or len(self.asked) < CITIZENS * EACH:
            raise Unmeasured(f"{stored} of {self.rows} stored, {len(self.asked)} to ask for")

    def _officers(self):
        """user name → token, of those whose inboxes are asked for."""
        users = [row[0] for row in self.sql("SELECT DISTINCT s.user_name FROM staff s JOIN roster r ON r.staff_id = s.id"
                                            " WHERE r.role IN ('LME', 'GRO', 'EO', 'CONTROLLING', 'MAYOR') ORDER BY s.user_name;")]
        tokens = {u: secrets.token_urlsafe(32) for u in users}
        self.sql("".join(f"INSERT INTO session (token_hash, staff_id, created_at, expires_at) SELECT x'{_hash(t)}', id, NOW(3),"
                         f" NOW(3) + INTERVAL 1 DAY FROM staff WHERE user_name = '{u}';" for u, t in tokens.items()))
        return tokens

    def _write(self):
        officers = self._officers()
        inbox, everything = [], []
        for user, token in officers.items():
            for tab in ("mine", "overdue") if user.startswith("lme") else ("mine", "department", "overdue", "requests", "escalated"):
                (everything if user == "mayor" else inbox).append((tab, token))
        files = {
            "lookup": [f"/api/v1/complaints/{number}\t{token}" for number, token in self.asked],
            "list": [f"/api/v1/complaints?limit=20\t{token}" for token in self.tokens],
            "inbox": [f"/api/v1/inbox?limit=20&tab={tab}\t{token}" for tab, token in inbox],
            "inbox_all": [f"/api/v1/inbox?limit=20&tab={tab}\t{token}" for tab, token in everything if tab != "mine"],
            "register": [f"/api/v1/complaints?limit=20\t{token}" for user, token in officers.items() if user != "mayor"],
        }
        for name, lines in files.items():
            self._file(name).write_text("\n".join(lines) + "\n", encoding="ascii")

    def _file(self, name):
        return Path(self._tmp.name) / f"asks-{name}.txt"

    def ask(self, name, seconds):
        return wrk.run(self.stack.base_url, "asks.lua", [self._file(name)], CONNECTIONS, seconds)


def _hash(token):
    return hashlib.sha256(token.encode()).hexdigest()


class Growth:
    """Few and many rows, one stack each."""

    def __init__(self, settings, small, big):
        self.small, self.big = (Grown(settings, rows, small // 10) for rows in (small, big))

    def __enter__(self):
        try:
            self.small.__enter__()
            self.big.__enter__()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for grown in (self.big, self.small):
            grown.__exit__()
