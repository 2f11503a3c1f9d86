/* Leases on a MariaDB of the test's own: one holder at a time, and none for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/lease.h"
#include "seeded.h"

#define LONG_MS  20000
#define SHORT_MS 150

static struct hand two;

static int
group_up(void **state)
{
	if (seeded_up(state) != 0)
		return -1;
	two = hand_new();
	return 0;
}

static int
group_down(void **state)
{
	hand_free(&two);
	return seeded_down(state);
}

/* One job, due now, nobody's. */
static void
fresh(void)
{
	assert_true(private_sql(&maria, "DELETE FROM lease"));
	assert_int_equal(lease_make(one.db, "job"), E_OK);
	assert_int_equal(lease_make(two.db, "job"), E_OK);
	assert_int_equal(count("lease"), 1);
}

static enum status
take(struct hand *h, int64_t length_ms, struct lease *out)
{
	return lease_take(h->db, h->a, "job", length_ms, false, out);
}

static void
test_lease__has_one_holder_until_it_is_given_back(void **state UNUSED)
{
	struct lease a, b;

	fresh();
	assert_int_equal(take(&one, LONG_MS, &a), E_OK);
	assert_int_equal(a.generation, 1);
	assert_int_equal(take(&two, LONG_MS, &b), E_STALE);
	assert_int_equal(lease_take(two.db, two.a, "job", LONG_MS, true, &b), E_STALE);
	assert_int_equal(lease_end(one.db, &a, 0, CLOCK_NONE), E_OK);
	assert_int_equal(take(&two, LONG_MS, &b), E_OK);
	assert_int_equal(b.generation, 2);
	assert_int_equal(lease_take(one.db, one.a, "no such job", LONG_MS, true, &a), E_STALE);
}

static void
test_lease__is_not_due_before_its_time_but_for_who_asks_early(void **state UNUSED)
{
	struct lease a, b;

	fresh();
	assert_int_equal(take(&one, LONG_MS, &a), E_OK);
	assert_int_equal(lease_end(one.db, &a, LONG_MS, CLOCK_NONE), E_OK);
	assert_int_equal(take(&two, LONG_MS, &b), E_STALE);
	assert_int_equal(lease_take(two.db, two.a, "job", LONG_MS, true, &b), E_OK);
	assert_int_equal(lease_end(two.db, &b, SHORT_MS, CLOCK_NONE), E_OK);
	private_sleep_ms(SHORT_MS + 20);
	assert_int_equal(take(&one, LONG_MS, &a), E_OK);
}

static void
test_lease__lapses_and_fences_off_the_first(void **state UNUSED)
{
	struct lease a, b;

	fresh();
	assert_int_equal(take(&one, SHORT_MS, &a), E_OK);
	private_sleep_ms(SHORT_MS + 20);
	assert_int_equal(take(&two, LONG_MS, &b), E_OK);
	assert_int_equal(lease_keep(one.db, &a), E_STALE);
	assert_int_equal(lease_end(one.db, &a, 0, MONDAY_MS), E_STALE);
	assert_int_equal(private_number(&maria, "SELECT COUNT(*) FROM lease WHERE owner IS NOT NULL AND done_for IS NULL"), 1);
	assert_int_equal(lease_keep(two.db, &b), E_OK);
	assert_int_equal(lease_end(two.db, &b, 0, CLOCK_NONE), E_OK);
}

static void
test_lease__that_is_kept_does_not_lapse(void **state UNUSED)
{
	struct lease a, b;

	fresh();
	assert_int_equal(take(&one, SHORT_MS, &a), E_OK);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(lease_keep(one.db, &a), E_OK);
		assert_int_equal(take(&two, LONG_MS, &b), E_STALE);
		private_sleep_ms(SHORT_MS / 10);
	}
	/* one that lapsed and was nobody else's in between is still ours */
	private_sleep_ms(SHORT_MS + 20);
	assert_int_equal(lease_keep(one.db, &a), E_OK);
	assert_int_equal(take(&two, LONG_MS, &b), E_STALE);
}

static void
test_lease__remembers_how_far_the_work_has_come(void **state UNUSED)
{
	struct lease a;

	fresh();
	assert_int_equal(take(&one, LONG_MS, &a), E_OK);
	assert_true(a.done_for_ms == CLOCK_NONE);
	assert_int_equal(lease_end(one.db, &a, 0, MONDAY_MS), E_OK);
	assert_int_equal(take(&one, LONG_MS, &a), E_OK);
	assert_true(a.done_for_ms == MONDAY_MS);
	assert_int_equal(lease_end(one.db, &a, 0, CLOCK_NONE), E_OK);
	assert_int_equal(take(&one, LONG_MS, &a), E_OK);
	assert_true(a.done_for_ms == MONDAY_MS);
}

static void
test_lease__says_how_long_to_wait(void **state UNUSED)
{
	const struct lease_wait *waits;
	struct lease a;
	size_t n;

	fresh();
	assert_int_equal(lease_waits(one.db, one.a, &waits, &n), E_OK);
	assert_int_equal(n, 1);
	assert_true(span_eq(waits[0].name, SPAN("job")));
	assert_int_equal(waits[0].wait_ms, 0);
	assert_int_equal(take(&one, LONG_MS, &a), E_OK);
	assert_int_equal(lease_waits(one.db, one.a, &waits, &n), E_OK);
	assert_in_range(waits[0].wait_ms, LONG_MS - 5000, LONG_MS);
	assert_int_equal(lease_end(one.db, &a, LONG_MS / 2, CLOCK_NONE), E_OK);
	assert_int_equal(lease_waits(one.db, one.a, &waits, &n), E_OK);
	assert_in_range(waits[0].wait_ms, LONG_MS / 2 - 5000, LONG_MS / 2);
}

/* Its own database's clock, whatever this machine's says. */
static void
test_lease__goes_by_the_clock_of_the_database(void **state UNUSED)
{
	int64_t now_ms = 0;
	struct lease a;

	fresh();
	assert_int_equal(lease_now(one.db, one.a, &now_ms), E_OK);
	assert_in_range(now_ms, clock_now_ms() - 5000, clock_now_ms() + 5000);
	assert_true(private_sql(&maria, "UPDATE lease SET lease_until = UTC_TIMESTAMP(3) + INTERVAL 300000 MICROSECOND"));
	assert_int_equal(take(&one, LONG_MS, &a), E_STALE);
	private_sleep_ms(320);
	assert_int_equal(take(&one, LONG_MS, &a), E_OK);
}

static void *
race(void *arg)
{
	_Atomic int *taken = arg;
	struct hand h = hand_new();
	struct lease mine;
	intptr_t n = 0;

	for (int i = 0; i < 50; i++) {
		enum status st = take(&h, LONG_MS, &mine);

		if (st == E_STALE)
			continue;
		n += st == E_OK && atomic_fetch_add(taken, 1) == 0;
		private_sleep_ms(1);
		(void)atomic_fetch_sub(taken, 1);
		st = lease_end(h.db, &mine, 0, CLOCK_NONE);
		n += st == E_OK;
	}
	hand_free(&h);
	return (void *)n;
}

static void
test_lease__of_a_crowd_one_has_it(void **state UNUSED)
{
	pthread_t threads[THREADS];
	_Atomic int taken = 0;
	intptr_t good = 0;

	fresh();
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, race, &taken), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *n;

		assert_int_equal(pthread_join(threads[i], &n), 0);
		good += (intptr_t)n;
	}
	/* each claim was alone and was given back */
	assert_int_equal(good, 2 * private_number(&maria, "SELECT generation FROM lease"));
	assert_true(good > 0);
}

static void
test_lease__a_lost_answer_is_looked_up(void **state UNUSED)
{
	struct proxy p;
	struct conf through;
	struct lease a;
	struct db *db;

	fresh();
	assert_true(proxy_up(&p, &maria));
	through = private_conf(&maria, p.host);
	db = db_new(&through);
	assert_non_null(db);
	proxy_arm(&p, PROXY_CUT_AFTER, PROXY_EXECUTE, NULL);
	assert_int_equal(lease_take(db, one.a, "job", LONG_MS, false, &a), E_OK);
	assert_int_equal(atomic_load(&p.fired), 1);
	assert_int_equal(a.generation, 1);
	assert_int_equal(lease_end(db, &a, 0, CLOCK_NONE), E_OK);
	db_free(db);
	proxy_down(&p);
}

static void
test_lease__the_statements_fit_the_schema(void **state UNUSED)
{
	assert_int_equal(db_check(one.db, lease_sql, lease_sql_n), E_OK);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lease__has_one_holder_until_it_is_given_back),
		cmocka_unit_test(test_lease__is_not_due_before_its_time_but_for_who_asks_early),
		cmocka_unit_test(test_lease__lapses_and_fences_off_the_first),
		cmocka_unit_test(test_lease__that_is_kept_does_not_lapse),
		cmocka_unit_test(test_lease__remembers_how_far_the_work_has_come),
		cmocka_unit_test(test_lease__says_how_long_to_wait),
		cmocka_unit_test(test_lease__goes_by_the_clock_of_the_database),
		cmocka_unit_test(test_lease__of_a_crowd_one_has_it),
		cmocka_unit_test(test_lease__a_lost_answer_is_looked_up),
		cmocka_unit_test(test_lease__the_statements_fit_the_schema),
	};
	return cmocka_run_group_tests_name("lease", tests, group_up, group_down);
}
