/* Inboxes and the register on the real schema: whose work a row is, the order over departments, and what a page costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/work.h"
#include "lodging.h"

#define NOW_MS MONDAY_MS

/* Officers of seeded.h: 1 and 2 are LMEs. */
static const struct duty drn[] = { { GRO, "DRN", 0, 0 } }, both[] = { { GRO, "DRN", 0, 0 }, { GRO, "PRK", 0, 0 } },
			 lme[] = { { LME, "DRN", 0, 0 } };
static struct scope scope;
static struct actor actor;

static int
setup(void **state)
{
	(void)state;
	seeded_reset();
	arena_reset(one.a);
	return 0;
}

/* Rows of the form that `values` selects: id, state, waiting_from, level, priority, department, ward, holder, minutes until due. */
static void
rows(const char *values)
{
	char text[4096];

	(void)snprintf(
		text, sizeof(text),
		"INSERT INTO complaint (id, number, state, waiting_from, waiting_since, level, priority, channel, department_code,"
		" category_code, subcategory_code, ward_no, borough_no, description, language, holder_id, lodged_at, due_at, "
		"changed_at,"
		" event_count, event_head) SELECT id, CONCAT('2611', LPAD(id, 7, '0'), '0'), state, waiting_from,"
		" IF(waiting_from IS NULL, NULL, '2026-11-23 04:00:00'), level, priority, 'WEB', department, CONCAT(department, "
		"'-A'),"
		" CONCAT(department, '-01'), ward, 1 + (ward - 1) DIV 9, '', 'en', holder, TIMESTAMP('2026-11-01') + INTERVAL id "
		"SECOND,"
		" TIMESTAMP('2026-11-23 04:30:00.123') + INTERVAL due MINUTE, '2026-11-23', 1, '' FROM (%s) v",
		values);
	assert_true(private_sql(&maria, text));
}

static void
act_as(int64_t id, const struct duty *duties, size_t n)
{
	actor = (struct actor){ .kind = ACTOR_STAFF, .id = id, .duties = duties, .n_duties = n };
	for (size_t i = 0; i < n; i++)
		actor.roles |= duties[i].role;
	assert_int_equal(scope_worked(one.a, directory, &actor, &scope), E_OK);
}

static struct work_filter
filter_of(int limit)
{
	return (struct work_filter){ WORK_FILTER_INIT, .now_ms = NOW_MS, .limit = limit };
}

/* The ids of all pages, "3 1 2 "; each page but the last is full. */
static const char *
inbox_ids(enum tab tab, int limit)
{
	const struct work_filter f = filter_of(limit);
	struct work_place after = INBOX_FIRST;
	struct work_page page = { .more = true };
	const char *found = "";

	while (page.more) {
		assert_int_equal(inbox_page(one.db, one.a, &scope, tab, &f, &after, LANG_EN, &page), E_OK);
		assert_true(!page.more || page.n == (size_t)limit);
		for (size_t i = 0; i < page.n; i++)
			found = arena_printf(one.a, "%s%lld ", found, (long long)page.items[i].complaint.id);
		after = page.next;
	}
	return found;
}

static const char *
register_ids(const struct work_filter *f)
{
	struct work_place after = REGISTER_FIRST;
	struct work_page page = { .more = true };
	const char *found = "";

	while (page.more) {
		assert_int_equal(register_page(one.db, one.a, &scope, &actor, f, NULL, &after, LANG_EN, &page), E_OK);
		for (size_t i = 0; i < page.n; i++)
			found = arena_printf(one.a, "%s%lld ", found, (long long)page.items[i].complaint.id);
		after = page.next;
	}
	return found;
}

/* ---- whose work a row is */

/* The stored column against parties.c, for every state, what it waited from, and level. */
static void
test_inbox__a_row_is_the_work_of_its_holder(void **state)
{
	static const struct sql find = { "SELECT holder_office, urgency FROM complaint", "", "si", false };
	static const char *const offices[OFFICE__COUNT] = { "LME", "GRO", "EO1", "EO2" };
	static const struct duty duties[OFFICE__COUNT] = {
		{ LME, "DRN", 0, 0 }, { GRO, "DRN", 0, 0 }, { EO, "DRN", 1, 0 }, { EO, "DRN", 2, 0 }
	};
	static const struct post posts[] = { { GRO, 0, { "DRN", 3 }, 0 }, { EO, 1, { "DRN", 3 }, 0 }, { EO, 2, { "DRN", 3 }, 0 } };
	const struct directory all_there = { .posts = posts, .n_posts = ARRAY_LEN(posts) };

	(void)state;
	for (int i = 0; i < STATE__COUNT * AWAITING_CITIZEN * 3 * 2; i++) {
		const int level = i % 3, flagged = i / 3 % 2, from = i / 6 % AWAITING_CITIZEN, now = i / 6 / AWAITING_CITIZEN;
		const struct complaint c = { .department = SPAN("DRN"),
					     .borough = 1,
					     .holder_id = 1,
					     .state = (enum state)now,
					     .waiting_from = (enum state)(from == AWAITING_CITIZEN - 1 ? ESCALATED : from),
					     .level = level };
		const bool open = state_in(c.state, OPEN_STATES);
		const enum state had = c.state == AWAITING_CITIZEN ? c.waiting_from : c.state;
		const struct db_value *v;
		struct db_rows found;
		char text[512];

		/* an escalated one has a level */
		if (had == ESCALATED && level == 0)
			continue;
		seeded_reset();
		(void)snprintf(
			text, sizeof(text),
			"SELECT 1 AS id, '%s' AS state, IF('%s' = 'AWAITING_CITIZEN', '%s', NULL) AS waiting_from, %d AS level,"
			" %d AS priority, 'DRN' AS department, 1 AS ward, 1 AS holder, 0 AS due",
			state_name(c.state), state_name(c.state), state_name(c.waiting_from), level, flagged);
		rows(text);
		found = seeded_rows(&one, &find, DB_NO_ARGS);
		v = db_row(&found, 0);
		assert_true(v[0].null == !open && v[1].null == !open);
		if (open)
			assert_int_equal(v[1].i, !flagged);
		for (int o = 0; o < OFFICE__COUNT; o++) {
			const struct actor who = {
				.kind = ACTOR_STAFF, .id = o == OFFICE_LME ? 1 : 2, .duties = &duties[o], .n_duties = 1
			};
			const bool holds = (parties_of(&all_there, &c, &who, false) & P_HOLDER) != 0;

			assert_true(holds == (open && span_eq(v[0].s, span_of(offices[o]))));
		}
		arena_reset(one.a);
	}
}

/* ---- order */

static void
test_inbox__departments_are_merged_in_one_order(void **state)
{
	(void)state;
	/* due falls with the id; every fourth is flagged; closed ones between */
	rows("SELECT seq AS id, IF(seq % 5 = 0, 'CLOSED', 'UNASSIGNED') AS state, NULL AS waiting_from, 0 AS level, seq % 4 = 1 AS "
	     "priority,"
	     " IF(seq % 2, 'DRN', 'PRK') AS department, 1 AS ward, NULL AS holder, -seq AS due FROM seq_1_to_14");
	act_as(3, both, 2);
	for (int limit = 1; limit <= 13; limit++)
		assert_string_equal(inbox_ids(TAB_DEPARTMENT, limit), "13 9 1 14 12 11 8 7 6 4 3 2 ");
	act_as(3, drn, 1);
	assert_string_equal(inbox_ids(TAB_DEPARTMENT, 2), "13 9 1 11 7 3 ");
}

static void
test_inbox__equal_promises_are_told_apart_by_id(void **state)
{
	(void)state;
	rows("SELECT seq AS id, 'UNASSIGNED' AS state, NULL AS waiting_from, 0 AS level, 0 AS priority,"
	     " IF(seq % 3, 'DRN', 'PRK') AS department, 1 AS ward, NULL AS holder, 5 AS due FROM seq_1_to_9");
	act_as(3, both, 2);
	for (int limit = 1; limit <= 9; limit++)
		assert_string_equal(inbox_ids(TAB_DEPARTMENT, limit), "1 2 3 4 5 6 7 8 9 ");
}

static void
test_inbox__while_the_citizen_is_asked_nothing_becomes_late(void **state)
{
	const struct duty all[] = { { LME, "DRN", 0, 0 }, { GRO, "DRN", 0, 0 } };
	int64_t counts[TAB__COUNT];

	(void)state;
	/* asked half an hour ago: 1 was late then, 2 would be now, 3 is */
	rows("SELECT 1 AS id, 'AWAITING_CITIZEN' AS state, 'ASSIGNED' AS waiting_from, 0 AS level, 0 AS priority, 'DRN' AS "
	     "department,"
	     " 1 AS ward, 1 AS holder, -40 AS due UNION ALL SELECT 2, 'AWAITING_CITIZEN', 'ASSIGNED', 0, 0, 'DRN', 1, 1, -20"
	     " UNION ALL SELECT 3, 'ASSIGNED', NULL, 0, 0, 'DRN', 1, 1, -20 UNION ALL SELECT 4, 'ASSIGNED', NULL, 0, 0, 'DRN', 1, "
	     "1, 1");
	for (size_t n = 1; n <= 2; n++) { /* an LME; one who is the GRO too finds each once */
		act_as(1, all, n);
		assert_string_equal(inbox_ids(TAB_OVERDUE, 1), "1 3 ");
		assert_string_equal(inbox_ids(TAB_MINE, 3), "1 2 3 4 ");
		assert_int_equal(inbox_counts(one.db, one.a, &scope, NOW_MS, counts), E_OK);
		assert_int_equal(counts[TAB_OVERDUE], 2);
		assert_int_equal(counts[TAB_MINE], 4);
	}
}

static void
test_register__asks_on_behind_what_is_not_for_these_eyes(void **state)
{
	struct work_filter f = filter_of(2);

	(void)state;
	/* 900 numbers that begin alike, newest first all of another department; only the oldest three are ours */
	rows("SELECT seq AS id, 'CLOSED' AS state, NULL AS waiting_from, 0 AS level, 0 AS priority, IF(seq < 1004, 'DRN', 'PRK') "
	     "AS department,"
	     " 1 AS ward, NULL AS holder, 0 AS due FROM seq_1001_to_1900");
	act_as(3, drn, 1);
	f.digits = "26110001";
	assert_string_equal(register_ids(&f), "1003 1002 1001 ");
	f.digits = "26110000";
	assert_string_equal(register_ids(&f), "");
	f.digits = "2611000100";
	assert_string_equal(register_ids(&f), "1003 1002 1001 ");
	f.digits = NULL;
	assert_string_equal(register_ids(&f), "1003 1002 1001 ");
	f.limit = 1;
	assert_string_equal(register_ids(&f), "1003 1002 1001 ");
	f.digits = "261100010010";
	assert_string_equal(register_ids(&f), "1001 ");
}

/* A department's years are searched in windows; what is one's own is not, and must wait for its place. */
static void
test_register__years_are_searched_from_the_newest_backwards(void **state)
{
	static const struct duty mine[] = { { LME, "DRN", 0, 0 }, { GRO, "PRK", 0, 0 } };
	struct work_filter f = filter_of(1);
	const char *all = "";

	(void)state;
	rows("SELECT seq AS id, IF(seq % 2, 'CLOSED', 'ASSIGNED') AS state, NULL AS waiting_from, 0 AS level, 0 AS priority,"
	     " IF(seq % 3, 'DRN', 'PRK') AS department, 1 AS ward, IF(seq % 2, NULL, 1) AS holder, 0 AS due FROM seq_1_to_60");
	assert_true(private_sql(&maria, "UPDATE complaint SET lodged_at = '2026-11-23 04:00:00' - INTERVAL id * 31 DAY,"
					" last_holder_id = IF(id % 5, NULL, 1)"));
	act_as(1, mine, 2);
	for (int id = 1; id <= 60; id++)
		if (id % 3 == 0 || id % 2 == 0 || id % 5 == 0)
			all = arena_printf(one.a, "%s%d ", all, id);
	for (f.limit = 1; f.limit <= 50; f.limit += 7)
		assert_string_equal(register_ids(&f), all);
	/* what is rare is found at the end of years, and what is not there is not */
	f.states = STATE_BIT(CLOSED);
	f.lodged_to_ms = NOW_MS - 57 * INT64_C(31) * 24 * HOUR_MS;
	assert_string_equal(register_ids(&f), "57 ");
	f.channel = "CMRO";
	assert_string_equal(register_ids(&f), "");
}

/* ---- what it costs */

static int64_t
rows_read(void)
{
	static const struct sql status = { "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS"
					   " WHERE VARIABLE_NAME IN ('HANDLER_READ_FIRST', 'HANDLER_READ_KEY', 'HANDLER_READ_NEXT',"
					   " 'HANDLER_READ_PREV', 'HANDLER_READ_LAST', 'HANDLER_ICP_ATTEMPTS')",
					   "", "i", false };
	const struct db_rows found = seeded_rows(&one, &status, DB_NO_ARGS);

	return db_row(&found, 0)[0].i;
}

/* Pages to the same open ones among few and among many closed ones read the same. */
static void
test_inbox__closed_ones_cost_nothing(void **state)
{
	static const struct {
		const struct duty *duties;
		size_t n;
		int64_t id, most; /* read for a page of 10 and for the counts of 40 open ones */
	} cases[] = { { drn, 1, 3, 140 }, { both, 2, 3, 260 }, { lme, 1, 1, 260 } };
	int64_t cost[ARRAY_LEN(cases)][TAB__COUNT][2] = { { { 0 } } };

	(void)state;
	rows("SELECT seq AS id, IF(seq % 2, 'ASSIGNED', 'UNASSIGNED') AS state, NULL AS waiting_from, 0 AS level, seq % 9 = 1 AS "
	     "priority,"
	     " IF(seq % 3, 'DRN', 'PRK') AS department, 1 + seq % 144 AS ward, IF(seq % 2, 1, NULL) AS holder, CAST(seq AS SIGNED) "
	     "- 30 AS due "
	     "FROM seq_1_to_60");
	for (int more = 0; more < 2; more++) {
		rows(more == 0 ? "SELECT seq AS id, 'CLOSED' AS state, NULL AS waiting_from, 0 AS level, 0 AS priority, 'DRN' AS "
				 "department,"
				 " 1 AS ward, NULL AS holder, -seq AS due FROM seq_101_to_300"
			       : "SELECT seq AS id, 'RESOLVED' AS state, NULL AS waiting_from, 0 AS level, 0 AS priority,"
				 " IF(seq % 2, 'DRN', 'PRK') AS department, 1 AS ward, NULL AS holder, -seq AS due FROM "
				 "seq_301_to_6000");
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			act_as(cases[i].id, cases[i].duties, cases[i].n);
			for (int t = 0; t < TAB__COUNT; t++) {
				const struct work_filter f = filter_of(10);
				const struct work_place first = INBOX_FIRST;
				int64_t counts[TAB__COUNT], before = rows_read();
				struct work_page page;

				assert_int_equal(inbox_page(one.db, one.a, &scope, (enum tab)t, &f, &first, LANG_EN, &page), E_OK);
				assert_int_equal(inbox_counts(one.db, one.a, &scope, NOW_MS, counts), E_OK);
				cost[i][t][more] = rows_read() - before;
				assert_in_range(cost[i][t][more], 1, cases[i].most);
			}
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (int t = 0; t < TAB__COUNT; t++)
			assert_int_equal(cost[i][t][0], cost[i][t][1]);
}

/* Newest first is read from the end of a key: more of them do not make a page dearer. */
static void
test_register__a_page_costs_the_same_among_many(void **state)
{
	const struct work_filter f = filter_of(10);
	const struct work_place first = REGISTER_FIRST;
	struct work_page page;
	int64_t cost[2];

	(void)state;
	act_as(3, both, 2);
	for (int more = 0; more < 2; more++) {
		int64_t before;

		rows(more == 0 ? "SELECT seq AS id, 'CLOSED' AS state, NULL AS waiting_from, 0 AS level, 0 AS priority,"
				 " IF(seq % 2, 'DRN', 'PRK') AS department, 1 AS ward, NULL AS holder, 0 AS due FROM seq_1_to_100"
			       : "SELECT seq AS id, 'CLOSED' AS state, NULL AS waiting_from, 0 AS level, 0 AS priority,"
				 " IF(seq % 2, 'DRN', 'PRK') AS department, 1 AS ward, NULL AS holder, 0 AS due FROM "
				 "seq_101_to_5000");
		before = rows_read();
		assert_int_equal(register_page(one.db, one.a, &scope, &actor, &f, NULL, &first, LANG_EN, &page), E_OK);
		assert_int_equal(page.n, 10);
		cost[more] = rows_read() - before;
	}
	assert_int_equal(cost[0], cost[1]);
}

/* A condition that the key can answer is told from the key, also newest first: what does not match costs no row. */
static void
test_register__what_a_key_tells_costs_no_row(void **state)
{
	static const struct sql rows_fetched = { "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS"
						 " WHERE VARIABLE_NAME IN ('HANDLER_READ_NEXT', 'HANDLER_READ_PREV')",
						 "", "i", false };
	struct work_filter f = filter_of(10);
	int64_t before;

	(void)state;
	rows("SELECT seq AS id, 'CLOSED' AS state, NULL AS waiting_from, seq % 2 AS level, 0 AS priority, 'DRN' AS department, 1 "
	     "AS ward,"
	     " NULL AS holder, 0 AS due FROM seq_1_to_3000");
	assert_true(private_sql(&maria, "UPDATE complaint SET last_holder_id = 1"));
	f.level = 2;
	for (int as_lme = 0; as_lme < 2; as_lme++) {
		act_as(as_lme ? 1 : 3, as_lme ? lme : drn, 1);
		before = seeded_rows(&one, &rows_fetched, DB_NO_ARGS).v[0].i;
		assert_string_equal(register_ids(&f), "");
		assert_in_range(seeded_rows(&one, &rows_fetched, DB_NO_ARGS).v[0].i - before, 0, 50);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_inbox__a_row_is_the_work_of_its_holder, setup),
		cmocka_unit_test_setup(test_inbox__departments_are_merged_in_one_order, setup),
		cmocka_unit_test_setup(test_inbox__equal_promises_are_told_apart_by_id, setup),
		cmocka_unit_test_setup(test_inbox__while_the_citizen_is_asked_nothing_becomes_late, setup),
		cmocka_unit_test_setup(test_register__asks_on_behind_what_is_not_for_these_eyes, setup),
		cmocka_unit_test_setup(test_register__years_are_searched_from_the_newest_backwards, setup),
		cmocka_unit_test_setup(test_inbox__closed_ones_cost_nothing, setup),
		cmocka_unit_test_setup(test_register__a_page_costs_the_same_among_many, setup),
		cmocka_unit_test_setup(test_register__what_a_key_tells_costs_no_row, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
