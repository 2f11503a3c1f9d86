/* Signing closed days, and finding what was tampered with. On the real procedures, with the rights of whoever owns the database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/audit.h"
#include "lodging.h"

#define MONDAY_DAY_MS INT64_C(1795372200000) /* 2026-11-23T00:00 in Kolkata */
#define THURSDAY_MS   (MONDAY_DAY_MS + 3 * AUDIT_DAY_MS + HOUR_MS)

static struct actor citizen;
static uint8_t token[SEAL_HASH_BYTES];
static int keys;

static int
setup(void **state)
{
	(void)state;
	seeded_reset();
	arena_reset(one.a);
	citizen = (struct actor){ .kind = ACTOR_CITIZEN, .id = citizen_new(&one, "9830012345", "hi"), .roles = CITIZEN };
	session_for(&one, ACTOR_CITIZEN, citizen.id, token);
	return 0;
}

/* A complaint lodged on Monday. */
static int64_t
lodged(char number[static NUMBER_DIGITS + 1])
{
	char key[24];
	struct lodging in;
	struct lodged out;

	(void)snprintf(key, sizeof(key), "lodge-%d", ++keys);
	in = lodging_of(directory, "DRN-01", token, key);
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, &out), E_OK);
	memcpy(number, out.number.p, NUMBER_DIGITS + 1);
	return private_number(&maria, "SELECT MAX(id) FROM complaint");
}

static void
test_audit__days_are_signed_when_they_are_over(void **state)
{
	char number[NUMBER_DIGITS + 1];
	int n = -1;

	(void)state;
	assert_int_equal(audit_sign_due(one.db, one.a, seal, THURSDAY_MS, &n), E_OK);
	assert_int_equal(n, 0); /* nothing has happened ever */
	(void)lodged(number);
	(void)lodged(number);
	assert_int_equal(audit_sign_due(one.db, one.a, seal, MONDAY_DAY_MS + AUDIT_DAY_MS + AUDIT_MARGIN_MS - 1, &n), E_OK);
	assert_int_equal(n, 0);
	assert_int_equal(audit_sign_due(one.db, one.a, seal, MONDAY_DAY_MS + AUDIT_DAY_MS + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n, 1);
	assert_int_equal(audit_sign_due(one.db, one.a, seal, MONDAY_DAY_MS + AUDIT_DAY_MS + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n, 0);
	assert_int_equal(count("audit_day WHERE day = '2026-11-23' AND heads = 2 AND events = 2 AND key_id = 7"), 1);
	assert_int_equal(count("audit_head h JOIN complaint c ON c.id = h.complaint_id WHERE h.number = c.number"
			       " AND h.event_count = c.event_count AND h.event_head = c.event_head"),
			 2);
	assert_int_equal(audit_sign_due(one.db, one.a, seal, THURSDAY_MS, &n), E_OK);
	assert_int_equal(n, 2); /* empty days are signed too: a missing one would be seen */
	assert_int_equal(count("audit_day d JOIN audit_day y ON y.day = d.day - INTERVAL 1 DAY AND y.tag = d.previous"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_audit__days_are_signed_when_they_are_over, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
