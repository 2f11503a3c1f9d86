/* Who read whose personal data: one row in five minutes, found by complaint and by employee, gone after a year. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/access.h"
#include "lodging.h"

#define SLOT_MS INT64_C(300000)

static const struct actor gro = { .kind = ACTOR_STAFF, .id = 3, .roles = GRO | DESK };
static const struct actor lme = { .kind = ACTOR_STAFF, .id = 1, .roles = LME };

/* Not at the end of five minutes: two readings of a test are to be in the same. */
static int
setup(void **state)
{
	(void)state;
	seeded_reset();
	arena_reset(one.a);
	while (clock_now_ms() % SLOT_MS > SLOT_MS - 2000)
		private_sleep_ms(100);
	return 0;
}

static void
read_by(const struct actor *who, int64_t complaint, enum access_what what)
{
	assert_int_equal(access_record(one.db, one.a, who, complaint, what, "request-1"), E_OK);
}

static size_t
listed(const struct access_filter *f, const struct access **list)
{
	size_t n = 0;

	assert_int_equal(access_list(one.db, one.a, f, list, &n), E_OK);
	return n;
}

static void
test_access__the_same_reading_leaves_one_row_in_five_minutes(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		read_by(&gro, 7, ACCESS_COMPLAINT);
		read_by(&gro, 7, ACCESS_ATTACHMENT);
		read_by(&gro, 8, ACCESS_COMPLAINT);
		read_by(&lme, 7, ACCESS_COMPLAINT);
	}
	assert_int_equal(count("access_log"), 4);
	assert_int_equal(
		count("access_log WHERE staff_id = 3 AND roles = 'GRO,DESK' AND complaint_id = 7 AND request_id = 'request-1'"), 2);
	assert_int_equal(count("access_log WHERE staff_id = 1 AND roles = 'LME' AND what = 'complaint'"), 1);
	assert_true(private_sql(&maria, "UPDATE access_log SET slot = slot - 1"));
	read_by(&gro, 7, ACCESS_COMPLAINT);
	assert_int_equal(count("access_log"), 5);
}

static void
test_access__only_staff_are_recorded(void **state)
{
	const struct actor others[] = { { .kind = ACTOR_CITIZEN, .id = 3, .roles = CITIZEN }, { .kind = ACTOR_NOBODY } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		read_by(&others[i], 7, ACCESS_COMPLAINT);
	assert_int_equal(count("access_log"), 0);
}

static void
test_access__searches_for_a_mobile_are_kept_apart_by_whom_they_sought(void **state)
{
	static const char *const mobiles[] = { "9830012345", "9830012346", "9830012345" };
	char query[160] = "access_log WHERE complaint_id = 0 AND what = 'search' AND subject = x'";
	uint8_t index[SEAL_HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mobiles); i++) {
		seal_index(seal, span_of(mobiles[i]), index);
		assert_int_equal(access_record_mobile(one.db, one.a, &gro, index, ACCESS_SEARCH, "request-2"), E_OK);
	}
	assert_int_equal(count("access_log"), 2);
	for (size_t i = 0, n = strlen(query); i < sizeof(index); i++, n += 2)
		(void)snprintf(query + n, sizeof(query) - n, "%02x%s", index[i], i + 1 == sizeof(index) ? "'" : "");
	assert_int_equal(count(query), 1);
}

static void
test_access__somebody_at_the_shell_is_recorded_every_time(void **state)
{
	const struct access_filter f = {
		.complaint_id = 7, .to_ms = INT64_C(253402300799000), .before_id = INT64_MAX, .limit = 10
	};
	const struct access *list;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(access_record_operator(one.db, one.a, "ravi as root", 7, i == 0 ? NULL : "মামলা ৭", "e"), E_OK);
	assert_int_equal(listed(&f, &list), 2);
	assert_true(span_eq(list[0].operator, SPAN("ravi as root")) && list[0].user.p == NULL && list[0].roles.n == 0);
	assert_true(span_eq(list[0].reason, SPAN("মামলা ৭")) && list[1].reason.p == NULL && span_eq(list[0].what, SPAN("export")));
}

static void
test_access__a_list_is_of_a_complaint_or_of_an_employee(void **state)
{
	const int64_t now = clock_now_ms();
	const struct {
		struct access_filter filter;
		size_t n;
	} cases[] = {
		{ { .complaint_id = 7, .from_ms = 0, .to_ms = now + HOUR_MS, .before_id = INT64_MAX, .limit = 10 }, 2 },
		{ { .complaint_id = 7, .staff_id = 3, .from_ms = 0, .to_ms = now + HOUR_MS, .before_id = INT64_MAX, .limit = 10 },
		  1 },
		{ { .complaint_id = 7, .staff_id = 2, .from_ms = 0, .to_ms = now + HOUR_MS, .before_id = INT64_MAX, .limit = 10 },
		  0 },
		{ { .staff_id = 3, .from_ms = 0, .to_ms = now + HOUR_MS, .before_id = INT64_MAX, .limit = 10 }, 2 },
		{ { .staff_id = 3, .from_ms = 0, .to_ms = now + HOUR_MS, .before_id = INT64_MAX, .limit = 1 }, 1 },
		{ { .staff_id = 3, .from_ms = 0, .to_ms = now - HOUR_MS, .before_id = INT64_MAX, .limit = 10 }, 0 },
		{ { .staff_id = 3, .from_ms = now + HOUR_MS, .to_ms = now + 2 * HOUR_MS, .before_id = INT64_MAX, .limit = 10 }, 0 },
		{ { .complaint_id = 7, .from_ms = 0, .to_ms = now + HOUR_MS, .before_id = 1, .limit = 10 }, 0 },
	};
	const struct access *list;

	(void)state;
	read_by(&gro, 7, ACCESS_COMPLAINT);
	read_by(&lme, 7, ACCESS_COMPLAINT);
	read_by(&gro, 8, ACCESS_COMPLAINT);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(listed(&cases[i].filter, &list), cases[i].n);
	assert_int_equal(listed(&cases[0].filter, &list), 2);
	assert_true(span_eq(list[0].user, SPAN("lme1")) && span_eq(list[1].user, SPAN("gro"))); /* newest first */
	assert_true(list[0].number.p == NULL);                                                  /* there is no complaint 7 */
}

static void
test_access__names_become_ids(void **state)
{
	int64_t id = 0;

	(void)state;
	assert_int_equal(access_staff(one.db, one.a, SPAN("GRO"), &id), E_OK);
	assert_int_equal(id, 3);
	assert_int_equal(access_staff(one.db, one.a, SPAN("অমল"), &id), E_NOT_FOUND);
	assert_int_equal(access_complaint(one.db, one.a, "261100000016", &id), E_NOT_FOUND);
}

/* With the triggers in place, as the clock runs it: a year is kept, what is older goes, a thousand at once. */
static void
test_access__the_purge_takes_what_is_older_than_a_year_and_no_more(void **state)
{
	int64_t now = clock_now_ms(), n = 0;

	(void)state;
	read_by(&gro, 7, ACCESS_COMPLAINT);
	assert_true(private_sql(
		&maria, "INSERT INTO access_log (at, slot, staff_id, roles, complaint_id, what, request_id)"
			" SELECT UTC_TIMESTAMP(3) - INTERVAL 367 DAY, seq, 3, 'GRO', 7, 'complaint', 'old' FROM seq_1_to_1500"));
	assert_true(seeded_apply("sql/procedures/audit.sql"));
	assert_false(private_sql(&maria, "DELETE FROM access_log WHERE request_id = 'request-1'"));
	assert_false(private_sql(&maria, "UPDATE access_log SET staff_id = 4"));
	assert_int_equal(access_purge(one.db, one.a, now, &n), E_OK);
	assert_int_equal(n, 1000);
	assert_int_equal(access_purge(one.db, one.a, now, &n), E_OK);
	assert_int_equal(n, 500);
	assert_int_equal(access_purge(one.db, one.a, now, &n), E_OK);
	assert_int_equal(n, 0);
	assert_int_equal(count("access_log"), 1);
	assert_true(private_sql(&maria, seeded_free_sql));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_access__the_same_reading_leaves_one_row_in_five_minutes, setup),
		cmocka_unit_test_setup(test_access__only_staff_are_recorded, setup),
		cmocka_unit_test_setup(test_access__searches_for_a_mobile_are_kept_apart_by_whom_they_sought, setup),
		cmocka_unit_test_setup(test_access__somebody_at_the_shell_is_recorded_every_time, setup),
		cmocka_unit_test_setup(test_access__a_list_is_of_a_complaint_or_of_an_employee, setup),
		cmocka_unit_test_setup(test_access__names_become_ids, setup),
		cmocka_unit_test_setup(test_access__the_purge_takes_what_is_older_than_a_year_and_no_more, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
