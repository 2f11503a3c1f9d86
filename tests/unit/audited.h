/* What the tests of the audit share: timelines over three days of which two are signed, and a look at them. After cmocka.h. */
#ifndef EKMC_TESTS_AUDITED_H
#define EKMC_TESTS_AUDITED_H

#include "domain/audit_verify.h"
#include "lodging.h"

#define MONDAY    INT64_C(1795372200000) /* 2026-11-23T00:00 in Kolkata */
#define TUESDAY   (MONDAY + AUDIT_DAY_MS)
#define WEDNESDAY (MONDAY + 2 * AUDIT_DAY_MS)
#define THURSDAY  (MONDAY + 3 * AUDIT_DAY_MS)
#define FAULTS    20

/* What an attacker who knows the source would write: the whole chain once more. */
static const char rechain_sql[] =
	"CREATE OR REPLACE PROCEDURE rechain(IN p BIGINT UNSIGNED) BEGIN"
	" DECLARE n INT DEFAULT (SELECT MAX(seq) FROM complaint_event WHERE complaint_id = p);"
	" DECLARE i INT DEFAULT 1; DECLARE h BINARY(32) DEFAULT REPEAT('\\0', 32);"
	" WHILE i <= n DO"
	"  SELECT event_hash(h, complaint_id, seq, at, action, from_state, to_state, level, actor_kind, actor_id, office, note, "
	"internal,"
	"   detail) INTO h FROM complaint_event WHERE complaint_id = p AND seq = i;"
	"  UPDATE complaint_event SET hash = h WHERE complaint_id = p AND seq = i; SET i = i + 1;"
	" END WHILE;"
	" UPDATE complaint SET event_count = n, event_head = h WHERE id = p; END;"
	/* an event as the rules would have written it */
	"CREATE OR REPLACE PROCEDURE happen(IN p BIGINT UNSIGNED, IN p_at DATETIME(3)) BEGIN"
	" DECLARE n INT; DECLARE h BINARY(32); DECLARE s VARCHAR(20);"
	" SELECT event_count + 1, event_head, state INTO n, h, s FROM complaint WHERE id = p;"
	" CALL event_append(h, p, n, p_at, 'note', s, s, 0, 'staff', 3, 'GRO', CONCAT('নোট ', n), n % 2, '{\"n\": 1}', h);"
	" UPDATE complaint SET event_count = n, event_head = h, changed_at = p_at, version = version + 1 WHERE id = p; END;"
	"CREATE OR REPLACE PROCEDURE happen_many(IN p BIGINT UNSIGNED, IN p_first BIGINT UNSIGNED, IN p_n INT) BEGIN"
	" DECLARE i BIGINT UNSIGNED DEFAULT p_first; DECLARE h BINARY(32);"
	" WHILE i < p_first + p_n DO"
	"  CALL event_append(REPEAT('\\0', 32), i, 1, '2026-11-23 05:00:00', 'lodge', NULL, 'UNASSIGNED', 0, 'citizen', 1, 'GRO', "
	"NULL, 0,"
	"   NULL, h);"
	"  INSERT INTO complaint (id, number, state, channel, department_code, category_code, subcategory_code, ward_no, "
	"borough_no,"
	"    description, language, lodged_at, due_at, changed_at, event_count, event_head)"
	"   SELECT i, LPAD(i, 12, '9'), state, channel, department_code, category_code, subcategory_code, ward_no, borough_no, "
	"description,"
	"    language, lodged_at, due_at, changed_at, 1, h FROM complaint WHERE id = p;"
	"  SET i = i + 1; END WHILE; END;";

static struct actor citizen;
static uint8_t token[SEAL_HASH_BYTES];
static int keys;
static struct {
	int64_t id;
	char number[NUMBER_DIGITS + 1];
} abc[3];
static struct audit_fault found[FAULTS];
static size_t n_found;

static UNUSED void
lodge(int i)
{
	char key[24];
	struct lodging in;
	struct lodged out;

	(void)snprintf(key, sizeof(key), "lodge-%d", ++keys);
	in = lodging_of(directory, "DRN-01", token, key);
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, &out), E_OK);
	memcpy(abc[i].number, out.number.p, NUMBER_DIGITS + 1);
	abc[i].id = private_number(&maria, "SELECT MAX(id) FROM complaint");
}

/* With @a, @b and @c for the ids. */
static UNUSED void
tamper(const char *sql)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), "SET @a = %lld, @b = %lld, @c = %lld; %s", (long long)abc[0].id, (long long)abc[1].id,
		       (long long)abc[2].id, sql);
	assert_true(private_sql(&maria, text));
}

/* Three complaints of Monday; A has two events on Monday, two on Tuesday and one on Wednesday, B one on Monday and one on Tuesday,
 * C one on Monday. Monday and Tuesday are signed. */
static UNUSED int
setup(void **state)
{
	int n = 0;

	(void)state;
	seeded_reset();
	arena_reset(one.a);
	citizen = (struct actor){ .kind = ACTOR_CITIZEN, .id = citizen_new(&one, "9830012345", "hi"), .roles = CITIZEN };
	session_for(&one, ACTOR_CITIZEN, citizen.id, token);
	for (int i = 0; i < 3; i++)
		lodge(i);
	assert_true(private_sql(&maria, rechain_sql));
	tamper("CALL happen(@a, '2026-11-23 18:29:59.999'); CALL happen(@a, '2026-11-23 18:30:00'); CALL happen(@a, '2026-11-24 "
	       "06:00');"
	       "CALL happen(@a, '2026-11-25 06:00'); CALL happen(@b, '2026-11-24 07:00');");
	assert_int_equal(audit_sign_due(one.db, one.a, seal, WEDNESDAY + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n, 2);
	return 0;
}

static UNUSED void
keep(const struct audit_fault *f, void *arg)
{
	(void)arg;
	assert_true(n_found < FAULTS);
	found[n_found++] = *f;
}

static UNUSED struct audit_check
check_with(const struct seal *with, const char *number, int64_t from_ms)
{
	struct audit_check c = { .db = one.db,
				 .seal = with,
				 .scope = { .from_ms = from_ms, .number = number, .now_ms = THURSDAY + HOUR_MS },
				 .found = keep };

	n_found = 0;
	assert_int_equal(audit_verify(&c), E_OK);
	assert_int_equal(c.sum.faults, n_found);
	return c;
}

#endif
