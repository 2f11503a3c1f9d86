/* Closed days are signed once, by whichever clock comes first. On the real procedures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "audited.h"

#define OTHER_KEY "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void
test_audit__a_day_is_signed_when_it_is_over_by_a_margin(void **state)
{
	int n = -1;

	(void)state;
	assert_int_equal(count("audit_day"), 2);
	assert_int_equal(count("audit_day WHERE day = '2026-11-23' AND heads = 3 AND events = 4 AND key_id = 7"), 1);
	assert_int_equal(count("audit_day WHERE day = '2026-11-24' AND heads = 2 AND events = 3"), 1);
	assert_int_equal(
		count("audit_head h JOIN complaint_event e ON e.complaint_id = h.complaint_id AND e.seq = h.event_count AND "
		      "e.hash = h.event_head JOIN complaint c ON c.id = h.complaint_id AND c.number = h.number"),
		5);
	assert_int_equal(audit_sign_due(one.db, one.a, seal, WEDNESDAY + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n, 0);
	assert_int_equal(audit_sign_due(one.db, one.a, seal, THURSDAY + AUDIT_MARGIN_MS - 1, &n), E_OK);
	assert_int_equal(n, 0);
	assert_int_equal(audit_sign_due(one.db, one.a, seal, THURSDAY + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n, 1);
	assert_int_equal(count("audit_day d JOIN audit_day y ON y.day = d.day - INTERVAL 1 DAY AND y.tag = d.previous"), 2);
}

static void
test_audit__missed_days_are_made_up_and_empty_ones_are_signed_too(void **state)
{
	int n = -1;

	(void)state;
	assert_int_equal(audit_sign_due(one.db, one.a, seal, THURSDAY + 50 * AUDIT_DAY_MS + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n, AUDIT_DAYS_MOST);
	assert_int_equal(audit_sign_due(one.db, one.a, seal, THURSDAY + 50 * AUDIT_DAY_MS + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n, 51 - AUDIT_DAYS_MOST);
	assert_int_equal(count("audit_day"), 53);
	assert_int_equal(count("audit_day WHERE heads = 0 AND events = 0"), 50);
	check_with(seal, NULL, CLOCK_NONE);
	assert_int_equal(n_found, 0);
}

static void
test_audit__where_nothing_has_happened_nothing_is_signed(void **state)
{
	int n = -1;

	(void)state;
	tamper("DELETE FROM audit_day; DELETE FROM audit_head; DELETE FROM complaint_event; DELETE FROM complaint");
	assert_int_equal(audit_sign_due(one.db, one.a, seal, THURSDAY, &n), E_OK);
	assert_int_equal(n, 0);
	check_with(seal, NULL, CLOCK_NONE);
	assert_int_equal(n_found, 0);
}

struct clock_of {
	pthread_t thread;
	pthread_barrier_t *meet;
	int n;
};

static void *
sign_along(void *arg)
{
	struct clock_of *t = arg;
	struct hand h = hand_new();
	int64_t version;

	assert_int_equal(directory_version(h.db, h.a, &version), E_OK); /* connected before the start */
	(void)pthread_barrier_wait(t->meet);
	assert_int_equal(audit_sign_due(h.db, h.a, seal, THURSDAY + AUDIT_MARGIN_MS, &t->n), E_OK);
	hand_free(&h);
	return NULL;
}

static void
test_audit__of_several_clocks_one_signs_each_day(void **state)
{
	struct clock_of t[4];
	pthread_barrier_t meet;
	int n = 0;

	(void)state;
	tamper("DELETE FROM audit_day; DELETE FROM audit_head");
	(void)pthread_barrier_init(&meet, NULL, ARRAY_LEN(t));
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		t[i] = (struct clock_of){ .meet = &meet };
		assert_int_equal(pthread_create(&t[i].thread, NULL, sign_along, &t[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		assert_int_equal(pthread_join(t[i].thread, NULL), 0);
		n += t[i].n;
	}
	(void)pthread_barrier_destroy(&meet);
	assert_int_equal(n, 3);
	assert_int_equal(count("audit_day"), 3);
	assert_int_equal(count("audit_head"), 6);
	check_with(seal, NULL, CLOCK_NONE);
	assert_int_equal(n_found, 0);
}

static void
test_audit__a_lost_answer_to_commit_is_no_second_signature(void **state)
{
	static const enum proxy_mode modes[] = { PROXY_CUT_AFTER, PROXY_CUT_BEFORE };
	struct proxy proxy;
	struct conf through;

	(void)state;
	assert_true(proxy_up(&proxy, &maria));
	through = private_conf(&maria, proxy.host);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct db *db = db_new(&through);
		bool done = false;

		tamper("DELETE FROM audit_day; DELETE FROM audit_head");
		proxy_arm(&proxy, modes[i], PROXY_QUERY, "COMMIT");
		assert_int_equal(audit_sign_day(db, seal, MONDAY, THURSDAY, &done), E_OK);
		assert_true(done);
		assert_int_equal(atomic_load(&proxy.fired), i + 1);
		assert_int_equal(count("audit_day"), 1);
		assert_int_equal(count("audit_head"), 3);
		db_free(db);
	}
	proxy_down(&proxy);
}

static void
test_audit__a_day_that_is_not_over_is_not_signed_by_hand(void **state)
{
	bool done = true;

	(void)state;
	assert_int_equal(audit_sign_day(one.db, seal, WEDNESDAY, THURSDAY + AUDIT_MARGIN_MS - 1, &done), E_INVALID);
	assert_int_equal(audit_sign_day(one.db, seal, WEDNESDAY + 1, THURSDAY + AUDIT_DAY_MS, &done), E_INVALID);
	assert_false(done);
	assert_int_equal(audit_sign_day(one.db, seal, MONDAY, THURSDAY, &done), E_OK);
	assert_false(done); /* it was signed before */
}

static void
test_audit__keys_can_be_rotated(void **state)
{
	struct seal *newer = seal_empty(), *other = seal_empty();
	int n = 0;

	(void)state;
	assert_true(seal_audit_keys(newer, "8:" OTHER_KEY ",7:" SEEDED_KEY) && seal_audit_keys(other, "7:" OTHER_KEY));
	assert_int_equal(audit_sign_due(one.db, one.a, newer, THURSDAY + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n, 1);
	assert_int_equal(count("audit_day WHERE day = '2026-11-25' AND key_id = 8"), 1);
	check_with(newer, NULL, CLOCK_NONE);
	assert_int_equal(n_found, 0);
	check_with(seal, NULL, CLOCK_NONE); /* who has only the old one cannot tell about the new day */
	assert_int_equal(n_found, 1);
	assert_int_equal(found[0].kind, FAULT_DAY_KEY);
	check_with(other, abc[2].number, CLOCK_NONE);
	assert_int_equal(n_found, 2);
	assert_int_equal(found[0].kind, FAULT_DAY_ALTERED);
	assert_int_equal(found[1].kind, FAULT_HEAD_ALTERED);
	seal_free(newer);
	seal_free(other);
}

static char logged[4][2048];
static int n_logged;

static void
keep_log(const char *line, size_t n, void *arg)
{
	(void)arg;
	if (n_logged < 4)
		(void)snprintf(logged[n_logged++], sizeof(logged[0]), "%.*s", (int)n, line);
}

/* Whoever deletes signatures has the clock sign again what they made of the timelines: the table is whole then, the log is not. */
static void
test_audit__a_day_that_was_signed_again_is_seen_in_the_log(void **state)
{
	struct audit_check c;
	int n = 0;

	(void)state;
	log_init("unit", LOG_INFO);
	log_sink(keep_log, NULL);
	n_logged = 0;
	tamper("DELETE FROM audit_day; DELETE FROM audit_head");
	assert_int_equal(audit_sign_due(one.db, one.a, seal, WEDNESDAY + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n_logged, 2);
	tamper("DELETE FROM audit_day; DELETE FROM audit_head; UPDATE complaint_event SET note = 'x' WHERE complaint_id = @a AND "
	       "seq = 4;"
	       "CALL rechain(@a)");
	assert_int_equal(audit_sign_due(one.db, one.a, seal, THURSDAY + HOUR_MS, &n), E_OK);
	c = check_with(seal, NULL, CLOCK_NONE);
	assert_int_equal(n_found, 0);
	assert_int_equal(c.sum.late, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(audit_verify_log(&c, one.a, span_of(logged[i])), E_OK);
	assert_int_equal(n_found, 2);
	assert_true(found[0].kind == FAULT_DAY_LOG && found[0].day_ms == MONDAY);
	assert_true(found[1].kind == FAULT_DAY_LOG && found[1].day_ms == TUESDAY);
	assert_int_equal(audit_verify_log(&c, one.a, span_of(logged[2])), E_OK); /* the new ones */
	tamper("DELETE FROM audit_day WHERE day = '2026-11-25'");
	assert_int_equal(audit_verify_log(&c, one.a, SPAN("{\"event\":\"audit_signed\",\"day\":\"x\"}")), E_OK);
	assert_int_equal(audit_verify_log(&c, one.a, SPAN("{\"event\":\"audit_signed\"")), E_OK);
	assert_int_equal(audit_verify_log(&c, one.a, SPAN("{\"event\":\"other\",\"day\":\"2026-11-23\",\"tag\":\"audit_signed\"}")),
			 E_OK);
	assert_int_equal(n_found, 2);
	log_init("unit", LOG_ERROR);
	log_sink(seeded_quiet, NULL);
}

static void
test_audit__what_is_append_only_cannot_be_changed_by_accident(void **state)
{
	static const char *const refused[] = {
		"UPDATE complaint_event SET note = 'x'",
		"DELETE FROM complaint_event",
		"REPLACE INTO audit_day SELECT * FROM audit_day",
		"UPDATE audit_day SET heads = 1",
		"DELETE FROM audit_day",
		"UPDATE audit_head SET event_count = 1",
		"DELETE FROM audit_head",
	};

	(void)state;
	assert_true(seeded_apply("sql/procedures/audit.sql"));
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_false(private_sql(&maria, refused[i]));
	assert_true(private_sql(&maria, seeded_free_sql));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_audit__a_day_is_signed_when_it_is_over_by_a_margin, setup),
		cmocka_unit_test_setup(test_audit__missed_days_are_made_up_and_empty_ones_are_signed_too, setup),
		cmocka_unit_test_setup(test_audit__where_nothing_has_happened_nothing_is_signed, setup),
		cmocka_unit_test_setup(test_audit__of_several_clocks_one_signs_each_day, setup),
		cmocka_unit_test_setup(test_audit__a_lost_answer_to_commit_is_no_second_signature, setup),
		cmocka_unit_test_setup(test_audit__a_day_that_is_not_over_is_not_signed_by_hand, setup),
		cmocka_unit_test_setup(test_audit__keys_can_be_rotated, setup),
		cmocka_unit_test_setup(test_audit__a_day_that_was_signed_again_is_seen_in_the_log, setup),
		cmocka_unit_test_setup(test_audit__what_is_append_only_cannot_be_changed_by_accident, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
