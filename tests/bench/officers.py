"""Lists of officers as large as a whole corporation has, through nginx, by an administrator."""
import hashlib
import http.client
import json
import secrets
import time

from wrk import Unmeasured

DEPARTMENT = "BENCH"
HEADER = "user,role,department,level,boroughs,wards,subcategories,en,bn,mobile\n"
TIMEOUT_S = 30


def rows(n, first_mobile=7100000000):
    """`n` officers with two wards each."""
    return HEADER + "".join(f"lme.bench.{i:05d},lme,{DEPARTMENT},,,{1 + i % 144} {1 + (i + 7) % 144},,Officer Number {i},আধিকারিক নম্বর {i},"
                            f"{first_mobile + i}\n" for i in range(n))


class Officers:
    """An administrator, and a department that nobody else uses."""

    def __init__(self, ground):
        self.port = ground.stack.port
        self.token = secrets.token_urlsafe(32)
        ground.people.sql(f"SET time_zone='+00:00'; INSERT INTO session (token_hash, staff_id, created_at, expires_at)"
                        f" SELECT x'{hashlib.sha256(self.token.encode()).hexdigest()}', id, NOW(3), NOW(3) + INTERVAL 1 DAY FROM staff WHERE user_name='admin';")
        names = {"en": "Bench", "bn": "বেঞ্চ", "hi": "बेंच"}
        self._call("/api/v1/departments", json.dumps({"code": DEPARTMENT, **names}), "application/json", 201)

    def _call(self, path, body, kind, wanted=200):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", path, body.encode(), {"Content-Type": kind, "Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status != wanted:
            raise Unmeasured(f"{path.partition('?')[0]}: {answer.status} {data[:200]!r}")
        return json.loads(data)

    def send(self, text, counts, **more):
        """Seconds until the list was in, which must have done what `counts` says."""
        query = "&".join([f"department={DEPARTMENT}", *(f"{k}={v}" for k, v in more.items())])
        begun = time.monotonic()
        report = self._call(f"/api/v1/roster?{query}", text, "text/csv")
        seconds = time.monotonic() - begun
        if any(report["counts"][k] != v for k, v in counts.items()):
            raise Unmeasured(f"the list did {report['counts']}, not {counts}")
        return seconds
