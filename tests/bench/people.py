"""Who calls in a measurement, and what they lodge: citizens with sessions, put into the database as logging in would."""
import hashlib
import json
import secrets
import time

import mariadb
from wrk import Unmeasured

CITIZENS = 50
CASES = 200
SEALED_MORE_BYTES = 41      # fcgi/core/seal.h: key id, nonce, tag
DESCRIPTION = ("The sewer at the corner has overflowed since the morning and the lane cannot be walked on. "
               "সকাল থেকে নর্দমার জল রাস্তায় উঠে এসেছে।")
LANDMARK = "opposite the tea stall, {} lane"


class People:
    """50 citizens, and 200 cases that they lodge in turn, described once for our API and once for the bare client."""

    def __init__(self, stack, directory):
        self.stack = stack
        self.tokens = [secrets.token_urlsafe(32) for _ in range(CITIZENS)]
        self.http_cases = directory / "cases-http.txt"
        self.bare_cases = directory / "cases-bare.txt"
        self._log_in()
        self._write_cases()

    def sql(self, text):
        """The rows of the last statement, as lists of texts."""
        return [line.split("\t") for line in mariadb.sql(self.stack.layout, "USE ekmc; " + text).splitlines()[1:]]

    def count(self):
        return int(self.sql("SELECT COUNT(*) FROM complaint;")[0][0])

    def finish(self):
        """All work is done: the officer with the fewest open complaints is searched for, and every run shall begin alike."""
        self.sql("UPDATE complaint SET state='CLOSED', holder_id=NULL, version=version+1 WHERE state IN ('ASSIGNED','UNASSIGNED');")

    def _log_in(self):
        """Their mobiles are noise: nobody opens the seal, because nothing is sent to them in a measurement."""
        text = "SET time_zone='+00:00';"
        for token in self.tokens:
            text += (f"INSERT INTO citizen (mobile_index, mobile_sealed, language, created_at) VALUES (x'{secrets.token_hex(32)}',"
                     f" x'{secrets.token_hex(51)}', 'bn', NOW(3));"
                     f"INSERT INTO session (token_hash, citizen_id, created_at, expires_at) VALUES (x'{self._hash(token)}',"
                     f" LAST_INSERT_ID(), NOW(3), NOW(3) + INTERVAL 1 DAY);")
        self.sql(text)

    @staticmethod
    def _hash(token):
        return hashlib.sha256(token.encode()).hexdigest()

    def _write_cases(self):
        known = self.sql("SELECT c.department_code, c.code, s.code, s.sla_hours FROM subcategory s"
                         " JOIN category c ON c.code = s.category_code WHERE s.active ORDER BY s.code;")
        if not known:
            raise Unmeasured("no subcategory in the catalogue")
        http, bare = [], []
        for i in range(CASES):
            department, category, subcategory, hours = known[i * 7 % len(known)]
            token, ward, landmark = self.tokens[i % CITIZENS], i * 11 % 141 + 1, LANDMARK.format(i)
            body = {"subcategory": subcategory, "ward": ward, "description": DESCRIPTION, "landmark": landmark}
            http.append(f"{token}\t{json.dumps(body, ensure_ascii=False)}")
            bare.append("\t".join([self._hash(token), department, category, subcategory, str(ward), hours,
                                   str(len(landmark) + SEALED_MORE_BYTES), DESCRIPTION]))
        self.http_cases.write_text("\n".join(http) + "\n", encoding="utf-8")
        self.bare_cases.write_text("\n".join(bare) + "\n", encoding="utf-8")

    def take_ids(self, n):
        """The first of `n` complaint ids that nobody else will use."""
        return int(self.sql("START TRANSACTION; SELECT next_id FROM id_block WHERE name='complaint' FOR UPDATE;"
                            f" UPDATE id_block SET next_id = next_id + {n} WHERE name='complaint'; COMMIT;")[0][0])

    def newest_numbers(self, n):
        found = [row[0] for row in self.sql(f"SELECT number FROM complaint WHERE parent_id IS NULL ORDER BY id DESC LIMIT {n};")]
        if len(found) < n:
            raise Unmeasured(f"only {len(found)} complaints to ask for")
        return found

    @staticmethod
    def fresh_prefix():
        """Of idempotency keys."""
        return f"bench-{time.time_ns():x}-"
